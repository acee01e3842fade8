"""Clauses of rules as an answer-set program over generated traces.

An atom of the program is the atom of the clause.  A comparison becomes an atom ``c_k`` over its spans and events: by a
table of the values for which it is true, computed exactly, or, for times, by difference constraints of clingo-dl.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import Final, assert_never

from fluo_logic.consistency.vocabulary import (
    NO_HINTS,
    Hints,
    Vocabulary,
    evaluated,
    is_timed,
    key_of,
    literal_fields,
    unsupported,
    vocabulary_of,
)
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.logic import (
    ANONYMOUS,
    Aggregate,
    Arith,
    Atom,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Present,
    Program,
    Sort,
    Term,
    Var,
    literal_variables,
)
from fluo_logic.translate.asp import quote
from fluo_logic.translate.rename import rename

STEPS: Final = 100
"""Steps of time in the greatest common divisor of all durations: more than a chain of strict orders can use up."""
SECOND: Final = 10**9
MOST: Final = 2**31 - 1
GRINGO: Final = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
FLIPPED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}


@dataclass(slots=True)
class Encoding:
    """The text for the clauses of a program, its vocabulary, and the nanoseconds of a step of time."""

    vocabulary: Vocabulary
    step: int
    text: str = ""
    fields: list[tuple[str, str]] = field(default_factory=list)


def encode(program: Program, bound: int, hints: Hints = NO_HINTS) -> Encoding:
    """Return the clauses of a program over traces of at most ``bound`` spans; ``hints`` are further values of fields.

    Raises:
        UnsupportedError: a clause cannot be expressed over generated traces.
    """
    vocabulary = vocabulary_of(program, hints)
    durations = [duration for duration in vocabulary.durations if duration]
    step = math.gcd(*durations) // STEPS if durations else SECOND
    if step == 0 or (durations and max(durations) // step * (bound + 1) > MOST):
        message = "its durations are too far apart to be measured with one step"
        raise unsupported(message)
    return _Encoder(program, Encoding(vocabulary, step)).encoded()


class _Encoder:
    def __init__(self, program: Program, out: Encoding) -> None:
        self.program = program
        self.out = out
        self.lines: list[str] = []
        self.known: dict[str, str] = {}
        self.helpers = 0

    def encoded(self) -> Encoding:
        self.out.fields = list(self.out.vocabulary.values)
        for clause in self.program.clauses:
            body = [part for literal in clause.body for part in self.literal(literal)]
            self.lines.append(_rule(_atom(clause.head), body))
        for number, plan in enumerate(self.program.rules):
            self.lines.append(f"act({number}) :- {_atom(plan.when)}.")
            self.lines.extend(f"viol({number}) :- {_atom(one.failure)}." for one in plan.obligations)
            self.lines.append("#defined viol/1. #defined act/1.")
        defined = {clause.head.predicate for clause in self.program.clauses}
        self.lines.append(
            "#defined parent/2. #defined parent_ref/2. #defined event/3. #defined link/2. #defined val/3."
        )
        self.lines.extend(f"#defined p_{name}/0." for name in sorted(defined) if not name)
        self.out.text = "\n".join(self.lines) + "\n"
        return self.out

    def literal(self, literal: Literal) -> list[str]:
        match literal:
            case Atom():
                return [_atom(literal)]
            case Compare() | Present():
                return [self.comparison(literal)]
            case Not(literal=Atom() as inner):
                return [f"not {_atom(inner)}"]
            case Not(literal=Compare(left=Var() as left, op="==", right=Var() as right)):
                return [f"{left.name} != {right.name}"]
            case Not(literal=Compare() | Present() as inner):
                text = self.comparison(inner)
                if "(" not in text.partition(" ")[0]:
                    message = "it negates a comparison of counts"
                    raise unsupported(message)
                return [f"not {text}"]
            case Aggregate():
                return self.aggregate(literal)
            case Not():
                message = "a negation of what is no literal"
                raise TypeError(message)
            case _:
                assert_never(literal)

    # --- comparisons ----------------------------------------------------------------------------------------------

    def comparison(self, literal: Compare | Present) -> str:
        if isinstance(literal, Compare):
            if isinstance(literal.left, Var) and isinstance(literal.right, Var) and literal.op == "==":
                return f"{literal.left.name} = {literal.right.name}"
            if not literal_fields(literal):
                return f"{self.number(literal.left)} {_relation(literal.op)} {self.number(literal.right)}"
        variables = tuple(dict.fromkeys(literal_variables(literal)))
        if any(var.sort is Sort.NUMBER for var in variables):
            message = "it compares a count with an attribute"
            raise unsupported(message)
        plain = rename(literal, {var: Var(f"V{n}", var.sort) for n, var in enumerate(variables)})
        shape = repr(plain)
        if shape not in self.known:
            self.known[shape] = f"c_{len(self.known)}"
            self.define(self.known[shape], plain)
        return f"{self.known[shape]}({','.join(var.name for var in variables)})"

    def number(self, term: Term) -> str:
        match term:
            case Var():
                return term.name
            case Const(value=int() as number) if not isinstance(number, bool) and abs(number) <= MOST:
                return str(number)
            case Arith(op=op, left=left, right=right):
                return f"({self.number(left)}{op}{self.number(right)})"
            case _:
                message = "it compares a count with what is no integer"
                raise unsupported(message)

    def define(self, name: str, literal: Compare | Present) -> None:
        variables = tuple(dict.fromkeys(literal_variables(literal)))
        head = f"{name}({','.join(var.name for var in variables)})"
        if is_timed(literal):
            self.timed(head, literal, variables)
            return
        fields = literal_fields(literal)
        tables = [list(enumerate(self.out.vocabulary.values[key_of(one)])) for one in fields]
        ids = [self.field_id(one) for one in fields]
        for combination in product(*tables):
            if evaluated(literal, dict(zip(fields, (value for _, value in combination), strict=True))):
                self.lines.append(f"tab_{name}({','.join(str(number) for number, _ in combination)}).")
        self.lines.append(f"#defined tab_{name}/{len(fields)}.")
        values = [f"val({number},{one.of.name},N{n})" for n, (number, one) in enumerate(zip(ids, fields, strict=True))]
        columns = ",".join(f"N{n}" for n in range(len(fields)))
        self.lines.append(_rule(head, [*values, f"tab_{name}({columns})"]))

    def field_id(self, one: Field) -> int:
        return self.out.fields.index(key_of(one))

    def timed(self, head: str, literal: Compare | Present, variables: tuple[Var, ...]) -> None:
        spans = [f"used({var.name})" for var in variables]
        if isinstance(literal, Present):
            if literal.term.key != "span:start":
                message = "it asks whether a span has ended, and all that are generated have"
                raise unsupported(message)
            self.lines.append(_rule(head, spans))
            return
        sums: dict[str, int] = {}
        shift = self.linear(literal.left, 1, sums) + self.linear(literal.right, -1, sums)
        terms = sorted((weight, time) for time, weight in sums.items() if weight)
        op = literal.op
        if [weight for weight, _ in terms] != [-1, 1] or op not in GRINGO:
            message = "it compares times in a way that is no difference of two"
            raise unsupported(message)
        (_, later), (_, earlier) = terms
        if op in {">", ">="}:
            earlier, later, shift, op = later, earlier, -shift, FLIPPED[op]
        # What is compared: the earlier time, less the later, plus the shift, is at most nothing.
        steps, rest = divmod(-shift, self.out.step)
        if rest:
            message = "it compares with a duration that is no multiple of the step of time"
            raise unsupported(message)
        bodies = [self.at_most(earlier, later, steps - (op == "<"), spans)]
        if op == "==":
            bodies.append(self.at_most(later, earlier, -steps, spans))
        self.lines.append(_rule(head, [*spans, *bodies]))

    def at_most(self, earlier: str, later: str, steps: int, spans: list[str]) -> str:
        atom = f"le({earlier},{later},{steps})"
        self.lines.append(f"need({earlier},{later},{steps}) :- {', '.join(spans)}.")
        return atom

    def linear(self, term: Term, sign: int, sums: dict[str, int]) -> int:
        """Add a term to a linear form over times; return its constant part, in nanoseconds."""
        match term:
            case Const(value=int() as number):
                return sign * number
            case Field(of=of, space="intrinsic", key="span:start"):
                sums[f"s({of.name})"] = sums.get(f"s({of.name})", 0) + sign
                return 0
            case Field(of=of, space="intrinsic", key="span:end"):
                sums[f"e({of.name})"] = sums.get(f"e({of.name})", 0) + sign
                return 0
            case Field(of=of, space="intrinsic", key="span:duration"):
                sums[f"e({of.name})"] = sums.get(f"e({of.name})", 0) + sign
                sums[f"s({of.name})"] = sums.get(f"s({of.name})", 0) - sign
                return 0
            case Arith(op="+" | "-" as op, left=left, right=right):
                return self.linear(left, sign, sums) + self.linear(right, sign if op == "+" else -sign, sums)
            case _:
                message = "it computes with times and other values"
                raise unsupported(message)

    # --- aggregates -----------------------------------------------------------------------------------------------

    def aggregate(self, literal: Aggregate) -> list[str]:
        element, result = literal.element.name, literal.result.name
        weight, extra = element, ""
        if literal.target is not None:
            weight, extra = (
                "W_",
                f", val({self.field_id(literal.target)},{element},N_), text({self.field_id(literal.target)},N_,W_)",
            )
        if literal.window is None:
            return [f"{result} = #count{{ {weight} : {_atom(literal.over)}{extra} }}"]
        self.helpers += 1
        group = [arg.name for arg in literal.over.args if isinstance(arg, Var) and arg != literal.element]
        prefix = "".join(f"{name}," for name in group)
        steps = literal.window // self.out.step
        over = _atom(literal.over)
        first = _atom(
            Atom(
                literal.over.predicate,
                tuple(Var("Z_", Sort.SPAN) if arg == literal.element else arg for arg in literal.over.args),
            )
        )
        self.lines.append(
            f"need(s(Z_),s(S_),0) :- used(Z_), used(S_). need(s(S_),s(Z_),{steps - 1}) :- used(Z_), used(S_)."
        )
        inside = f"le(s(Z_),s({element}),0), le(s({element}),s(Z_),{steps - 1})"
        self.lines.append(
            f"win_{self.helpers}({prefix}Z_,M_) :- {first}, M_ = #count{{ {weight} : {over}, {inside}{extra} }}."
        )
        return [f"{result} = #max{{ 0; M_ : win_{self.helpers}({prefix}{ANONYMOUS},M_) }}"]


def _relation(op: str) -> str:
    if op not in GRINGO:
        message = f"it compares a count with `{op}`"
        raise unsupported(message)
    return GRINGO[op]


def _rule(head: str, body: list[str]) -> str:
    return f"{head} :- {', '.join(dict.fromkeys(body))}." if body else f"{head}."


def _atom(atom: Atom) -> str:
    name = atom.predicate if atom.predicate in EXTENSIONAL else f"p_{atom.predicate}"
    return f"{name}({','.join(_argument(arg) for arg in atom.args)})"


def _argument(arg: Var | Const) -> str:
    match arg:
        case Var(name=name):
            return name
        case Const(value=str() as text):
            return quote(text)
        case Const(value=int() as number):
            return str(number)
        case _:
            message = f"not an argument of an atom: {arg!r}"
            raise TypeError(message)
