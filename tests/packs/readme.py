"""The generated parts of the READMEs of rule packs: tables of rules, and the telemetry that they read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Path as Value
from fluo_logic.lang.syntax import PathKind, Pattern, Rule
from fluo_logic.lang.walk import nodes

RULES: Final = Path(__file__).parents[2] / "rules"
PACKS: Final = tuple(sorted(path.name for path in RULES.iterdir() if path.is_dir()))
CONVENTIONS: Final = (
    "client.", "cloud.", "db.", "deployment.", "error.", "gen_ai.", "http.", "messaging.", "network.", "rpc.",
    "server.", "service.", "session.", "url.", "user.",
)  # fmt: skip
"""Beginnings of the attributes that the semantic conventions of OpenTelemetry define."""
OWN: Final = {"gen_ai.usage.cost", "messaging.delivery_attempt", "messaging.message.duplicate", "rpc.stream"}
"""Attributes that begin so, and that the conventions do not define."""


def rules_of(pack: str) -> tuple[Rule, ...]:
    """Return the rules of a pack, in the order of its files."""
    return load_rules([RULES / pack]).rules


def with_part(text: str, name: str, lines: Sequence[str]) -> str:
    """Return a document with the lines between its marks ``<!-- name -->`` exchanged."""
    part = "\n".join(["<!-- " + name + " -->", *lines, "<!-- /" + name + " -->"])
    return re.sub(rf"<!-- {name} -->\n.*?<!-- /{name} -->", lambda _: part, text, flags=re.DOTALL)


def rule_table(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield the table of rules."""
    yield "| Rule | Says | Severity | Controls |"
    yield "|---|---|---|---|"
    for rule in rules:
        told = rule.metadata
        title = rule.title.replace("|", "\\|")
        yield f"| `{rule.id}` | {title} | {told.severity.value} | {', '.join(told.controls)} |"


def telemetry(rules: Sequence[Rule]) -> Iterator[str]:
    """Yield what spans and attributes the rules read."""
    spans, attributes = set[str](), set[str]()
    for rule in rules:
        roots = (rule.when, rule.metadata.display, *(obligation.condition for obligation in rule.obligations))
        found = [node for root in roots if root is not None for node in nodes(root)]
        spans |= {node.name for node in found if isinstance(node, Pattern) and node.name is not None}
        attributes |= {node.key for node in found if isinstance(node, Value) and node.kind is not PathKind.INTRINSIC}
        if rule.scope.key is not None:
            attributes.add(rule.scope.key.key)
    known = {key for key in attributes if key.startswith(CONVENTIONS)} - OWN
    for title, names in (
        ("Spans of your own", spans),
        ("Attributes of the semantic conventions", known),
        ("Attributes of your own", attributes - known),
    ):
        if names:
            yield f"* {title}: " + ", ".join(f"`{name}`" for name in sorted(names))


def pack_table() -> Iterator[str]:
    """Yield the table of packs."""
    yield "| Pack | Rules | Examples | About |"
    yield "|---|--:|--:|---|"
    total = [0, 0]
    for pack in PACKS:
        rules = rules_of(pack)
        examples = sum(len(rule.examples) for rule in rules)
        total = [total[0] + len(rules), total[1] + examples]
        title = (RULES / pack / "README.md").read_text(encoding="utf-8").splitlines()[0].removeprefix("# ")
        yield f"| [`pack:{pack}`]({pack}/README.md) | {len(rules)} | {examples} | {title} |"
    yield f"| | {total[0]} | {total[1]} | |"


def readme(pack: str) -> str:
    """Return the README of a pack as it should be."""
    text = (RULES / pack / "README.md").read_text(encoding="utf-8")
    rules = rules_of(pack)
    return with_part(with_part(text, "rules", [*rule_table(rules)]), "telemetry", [*telemetry(rules)])


def overview() -> str:
    """Return the README of all packs as it should be."""
    text = (RULES / "README.md").read_text(encoding="utf-8")
    return with_part(text, "packs", [*pack_table()])
