"""Scopes as users name them: in reports, on the command line, and in fingerprints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from fluo_logic.errors import ConfigError
from fluo_logic.explain.proof import SpanRef
from fluo_logic.facts.store import FactStore, Ground
from fluo_logic.logic import RulePlan


def names_of(plan: RulePlan, scopes: Sequence[Ground], store: FactStore) -> dict[Ground, str]:
    """Return the names of the scopes of a rule; raises ConfigError where there is none."""
    if not scopes:
        message = f"rule {plan.rule} has no scope in this data: {scope_noun(plan)}"
        raise ConfigError(code="C201", message=message, hint="look at the report of `fluo check` for what was read")
    return {scope: next(iter(scope_json(plan, scope, store).values()), "") for scope in scopes}


def find_scope(plan: RulePlan, names: Mapping[Ground, str], wanted: str) -> Ground:
    """Return the scope that is named, for traces also by the beginning of the id.

    Raises:
        ConfigError: no scope, or more than one, has that name.
    """
    found = [scope for scope in names if names[scope] == wanted]
    if not found and plan.scope_kind == "per trace":
        found = [scope for scope in names if names[scope].startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(names[scope] for scope in found[:3])
        message = f"{len(found)} scopes begin with {wanted}: {listed}{', …' if len(found) > len(found[:3]) else ''}"
        raise ConfigError(code="C202", message=message, hint="give more of the id")
    example = ", ".join(sorted(names.values())[:3])
    message = f"no scope of rule {plan.rule} is {wanted}"
    raise ConfigError(code="C203", message=message, hint=f"its scopes are {scope_noun(plan)}, such as {example}")


def scope_noun(plan: RulePlan) -> str:
    """Return what the scopes of a rule are, in words."""
    match plan.scope_kind:
        case "per trace":
            return "traces, by id"
        case "across traces":
            return "one, all traces together"
        case _:
            return f"the values of {plan.scope_key.key if plan.scope_key else 'a key'}"


def scope_json(plan: RulePlan, scope: Ground, store: FactStore) -> dict[str, str]:
    """Return a scope as reports write it: ``{"trace_id": …}``, ``{key: …}`` or ``{}``."""
    match plan.scope_kind:
        case "per trace":
            return {"trace_id": store.trace_ids[scope]} if isinstance(scope, int) else {}
        case "across traces":
            return {}
        case _:
            return {plan.scope_key.key if plan.scope_key else "": str(scope)}


def fingerprint(rule: str, number: int, scope: Mapping[str, str], witness: Mapping[str, SpanRef]) -> str:
    """Return 16 hexadecimal digits that only the rule, its obligation, the scope and the witnesses decide."""
    parts = [rule, str(number), *(f"{key}={value}" for key, value in sorted(scope.items()))]
    parts.extend(f"${name}={span.trace_id}:{span.span_id}" for name, span in sorted(witness.items()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
