"""Answer-set programs that any clingo can run, without Python beside it: what ``fluo compile --to asp`` writes.

The program shows ``failure(Rule, Number, Scope, Spans)`` for every obligation that is not met: the id of the rule, the
number of its ``always`` or ``never`` block from 1, the id of the trace or the value of the scope's key (empty for all
traces together), and a tuple of the ids of the spans that the variables of ``when`` stand for, in their order there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fluo_logic.errors import UnsupportedError, Where
from fluo_logic.logic import Atom, Origin, Program, RulePlan, Sort, Var
from fluo_logic.translate.asp import AspProgram, quote, to_asp

GIVEN: Final = (
    *("span/3", "parent/2", "parent_ref/2", "event/3", "link/2", "text/4"),
    *("at/3", "at/4", "same/3", "order/5", "until/4", "bucket/3", "trace_id/2", "span_id/2"),
)
"""What only facts define, and perhaps none does."""
HEAD: Final = """\
% Rules of fluo.  `fluo facts RULES --traces INPUT --to asp` writes the facts that this program needs, of these RULES.
% Shown: failure(rule, number of the always or never block, scope, spans of the variables of when).
"""


def standalone_asp(program: Program) -> str:
    """Return the text of a program, in stratum order, that needs nothing but facts.

    Raises:
        UnsupportedError: a clause needs values that only Python computes (code U101).
    """
    asp = to_asp(program)
    _refuse_python(asp)
    lines = [line for line in asp.text.splitlines() if not line.startswith(("#show", "#program"))]
    shown = [line for plan in program.rules for line in _shown(plan)]
    tests = [f"test_{number}/1" for number in range(len(asp.tests))]
    given = [f"#defined {signature}." for signature in (*GIVEN, *tests)]
    return "\n".join([HEAD, *lines, "", *given, "", "#show.", *shown, ""])


def _refuse_python(asp: AspProgram) -> None:
    for literal, _ in asp.callbacks:
        raise _unsupported(literal.origin, "this comparison is evaluated by Python while clingo grounds the program")
    for computed in asp.computed:
        reason = f"`{computed.aggregate.function}` is evaluated by Python, as clingo's integers have 32 bits"
        raise _unsupported(computed.aggregate.origin, reason)


def _unsupported(origin: Origin | None, reason: str) -> UnsupportedError:
    where, named = None, ""
    if origin is not None:
        where = Where(origin.file, origin.line, origin.column, len(origin.text), _source(origin))
        named = f" the clause of rule {origin.rule} that stands for `{origin.text}`"
    message = f"a program for clingo alone cannot express{named or ' a clause'}: {reason}"
    return UnsupportedError("U101", message, where=where, hint="`fluo check` solves it; `--to ir` writes every rule")


def _source(origin: Origin) -> str:
    return " " * (origin.column - 1) + origin.text


def _shown(plan: RulePlan) -> Iterator[str]:
    for number, obligation in enumerate(plan.obligations, 1):
        yield _failure(plan, number, obligation.failure)


def _failure(plan: RulePlan, number: int, failure: Atom) -> str:
    scope, *spans = failure.args
    body = [f"{failure.predicate}({','.join(_argument(arg) for arg in failure.args)})"]
    scope_text = _argument(scope)
    if isinstance(scope, Var) and scope.sort is Sort.TRACE:
        body.append(f"trace_id({scope.name},Scope)")
        scope_text = "Scope"
    names = []
    for place, span in enumerate(spans, 1):
        names.append(f"Span_{place}")
        body.append(f"span_id({_argument(span)},Span_{place})")
    witness = f"({','.join(names)}{',' if len(names) == 1 else ''})"
    return f"#show failure({quote(plan.rule)},{number},{scope_text},{witness}) : {', '.join(body)}."


def _argument(arg: object) -> str:
    return arg.name if isinstance(arg, Var) else quote("")
