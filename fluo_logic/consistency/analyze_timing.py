"""Timing conflicts: a beginning of a trace that violates nothing yet, and that no continuation lets satisfy both rules.

Beginnings are generated in which a rule with a deadline still fails.  For each, three questions: can later spans
satisfy the one rule, can they satisfy the other, and can they satisfy both.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from fluo_logic.consistency.encode_solve import Demand, Solver, UndecidedError
from fluo_logic.consistency.vocabulary import OTHER_NAME
from fluo_logic.errors import UnsupportedError
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


def timing_conflict(waiting: Rule, other: Rule, seconds: float) -> tuple[Span, ...] | None:
    """Return a smallest beginning on which ``waiting`` still fails and the rules can only be satisfied one by one."""
    if not _has_deadline(waiting):
        return None
    program = run_passes(lower(Ruleset((waiting, other))))
    deadline = time.monotonic() + seconds
    try:
        for size in range(1, MOST + 1):
            for spans, text in Solver(program, size, seconds, _NO_OTHER).beginnings(size, TRIED):
                if time.monotonic() > deadline:
                    return None
                later = Solver(program, size + MORE, seconds, text)
                if later.find([Demand(0, violated=False), Demand(1, violated=False)]) is not None:
                    continue
                if all(later.find([Demand(rule, violated=False)]) is not None for rule in (0, 1)):
                    return spans
    except (UnsupportedError, UndecidedError):
        return None
    return None


def _has_deadline(rule: Rule) -> bool:
    found: Sequence[object] = [node for one in rule.obligations for node in nodes(one.condition)]
    return any(isinstance(node, Relation) and node.within is not None for node in found)
