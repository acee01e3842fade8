"""Timing conflicts: a beginning of a trace that violates nothing yet, and that no continuation lets satisfy both rules.

Beginnings are generated in which a rule with a deadline still fails.  All of one size go into one program with the
spans that may follow.  For each: can later spans satisfy both rules, and if not, the one, and the other?
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Final

from fluo_logic.consistency.analyze_told import hints_of
from fluo_logic.consistency.encode_solve import CHOSEN, Beginning, Demand, Solver, UndecidedError
from fluo_logic.consistency.vocabulary import OTHER_NAME
from fluo_logic.facts.model import Span
from fluo_logic.lang.syntax import Relation, Rule, Ruleset
from fluo_logic.lang.walk import nodes
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

MOST: Final = 3
"""How many spans a beginning has at most."""
MORE: Final = 3
"""How many spans a continuation has at most."""
TRIED: Final = 60
"""How many beginnings of each size are tried."""
_NO_OTHER: Final = f':- span(_,_,"{OTHER_NAME}").\n'
"""A span of a name that no rule has is in no smallest beginning."""


def has_deadline(rule: Rule) -> bool:
    """Return whether an obligation of a rule may be met later, and only for some time."""
    return any(
        isinstance(node, Relation) and node.within is not None
        for one in rule.obligations
        for node in nodes(one.condition)
    )


def timing_conflict(waiting: Rule, other: Rule, seconds: float) -> tuple[Span, ...] | None:
    """Return a smallest beginning on which ``waiting`` still fails and the rules can only be satisfied one by one.

    Args:
        waiting: a rule with a deadline.
        other: the rule that may be in its way.
        seconds: how long the whole search may take.

    Raises:
        UnsupportedError: the two cannot be expressed together over generated traces.
        UndecidedError: the search was not over in time.
    """
    program, hints = run_passes(lower(Ruleset((waiting, other)))), hints_of((waiting, other))
    deadline = time.monotonic() + seconds
    for size in range(1, MOST + 1):
        found = [*Solver(program, size, seconds, _NO_OTHER, hints).beginnings(size, TRIED)]
        if not found:
            continue
        later = Solver(program, size + MORE, seconds, _continued(found, size), hints)
        for number, beginning in enumerate(found):
            if time.monotonic() > deadline:
                raise UndecidedError
            picked = later.literal("pick", number)
            extra = [] if picked is None else [picked]
            both = [Demand(0, violated=False), Demand(1, violated=False)]
            if not later.holds(both, extra) and all(later.holds([one], extra) for one in both):
                return beginning.spans
    return None


def _continued(found: Sequence[Beginning], size: int) -> str:
    """Return constraints by which a trace begins as the one that is picked, and goes on after all of its times."""
    lines = [f"{{ pick(0..{len(found) - 1}) }}."]
    for number, beginning in enumerate(found):
        lines += _as(number, beginning, size)
    for name, (arity, place) in CHOSEN.items():
        places = [f"A{one}" for one in range(arity)]
        lines.append(f"#defined {name}/{arity}. #defined {name}_as/{arity + 1}.")
        lines.append(_closed(name, places, places[place], size))
    # An event is a pair of its span and its number.
    lines.append(_closed("own", ["A0", "(S,A1)", "A2"], "S", size))
    return "\n".join(lines) + "\n"


def _closed(name: str, places: Sequence[str], slot: str, size: int) -> str:
    given = ",".join(places)
    return f":- pick(I), {name}({given}), {slot} <= {size}, not {name}_as(I,{given})."


def _as(number: int, beginning: Beginning, size: int) -> Iterator[str]:
    for atom in sorted(beginning.chosen):
        name, _, arguments = atom.partition("(")
        yield f":- pick({number}), not {atom}. {name}_as({number},{arguments}."
    last = 0
    for slot in range(1, size + 1):
        for end in ("s", "e"):
            at = beginning.times.get(f"{end}({slot})", 0)
            last = max(last, at)
            yield (
                f"&diff{{ {end}({slot}) - 0 }} <= {at} :- pick({number}). "
                f"&diff{{ 0 - {end}({slot}) }} <= {-at} :- pick({number})."
            )
    yield f"&diff{{ 0 - s(S) }} <= {-last - 1} :- used(S), S > {size}, pick({number})."
