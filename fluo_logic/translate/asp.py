"""Translation to answer-set programs in the input language of gringo.

clingo's integers have 32 bits and it has no floats, so no value of a span is ever a term here.  What a comparison needs
reaches the program as one of these facts, computed exactly by `fluo_logic.solve.asp_facts`:

======================  ============================================================================================
``test_k(S)``           span (or event) ``S`` passes comparison ``k``, whose other side is a constant or the same span
``at(F,S,R)``           the time ``F`` of span ``S`` has rank ``R`` among all times
``at(F,D,S,R)``         so has that time plus ``D`` nanoseconds, where ``R`` is the rank of the last time not after it
``same(F,S,V)``         values of fields with equal ``V`` are equal
``order(F,S,B,N,T)``    ``B`` tells whether the value is a number, ``N`` and ``T`` are its ranks as number and as text
``until(F,D,S,U)``      times of a rank below ``U`` lie before the time plus ``D`` nanoseconds
``bucket(D,S,B)``       the start of ``S`` lies in the ``B``-th interval of ``D`` nanoseconds
======================  ============================================================================================

A comparison that has no such form calls back: ``@holds(k,…)`` is evaluated exactly in Python while grounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar, assert_never

from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Clause,
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
from fluo_logic.translate.names import Names, NameTable, widened
from fluo_logic.translate.passes import strata
from fluo_logic.translate.rename import rename
from fluo_logic.values import ORDER_OPERATORS, Mode

Key = TypeVar("Key")
CLINGO_MAX: Final = 2**31 - 1
TIMES: Final = frozenset({"span:start", "span:end"})
COUNTS: Final = frozenset({"count", "count distinct"})
ENTITIES: Final = frozenset({Sort.SPAN, Sort.EVENT})


@dataclass(frozen=True, slots=True)
class Test:
    """A comparison that one span or event decides; ``names`` are the span names it can matter for, None for all."""

    literal: Compare | Present
    variable: Var
    names: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Computed:
    """An aggregate that the solver evaluates once ``stratum`` is ground, as facts ``name(group…, number of value)``."""

    name: str
    aggregate: Aggregate
    stratum: int


@dataclass(slots=True)
class AspProgram:
    """The text of a program, and the facts it is to be given; facts of spans are needed for the given names only."""

    text: str = ""
    facts: set[str] = field(default_factory=set)
    texts: dict[tuple[str, str], Names] = field(default_factory=dict)
    tests: list[Test] = field(default_factory=list)
    times: dict[str, Names] = field(default_factory=dict)
    shifts: dict[tuple[str, int], Names] = field(default_factory=dict)
    same: dict[tuple[str, str], Names] = field(default_factory=dict)
    order: dict[tuple[str, str], Names] = field(default_factory=dict)
    buckets: dict[int, Names] = field(default_factory=dict)
    callbacks: list[tuple[Compare, tuple[Var, ...]]] = field(default_factory=list)
    predicates: dict[str, tuple[Sort, ...]] = field(default_factory=dict)
    computed: list[Computed] = field(default_factory=list)
    strata: int = 0


def to_asp(program: Program) -> AspProgram:
    """Return the answer-set program for a program in stratum order."""
    return _Translator(program).translate()


def quote(text: str) -> str:
    """Return a gringo string for any text; NUL, which gringo cannot hold, travels as ESC 0 and ESC as ESC 1."""
    if "\x00" in text or "\x1b" in text:
        text = text.replace("\x1b", "\x1b1").replace("\x00", "\x1b0")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def unquote(text: str) -> str:
    """Return the text for the content of a gringo string that `quote` made."""
    return text.replace("\x1b0", "\x00").replace("\x1b1", "\x1b") if "\x1b" in text else text


def field_name(space: str, key: str) -> str:
    """Return the name by which facts refer to a field: an intrinsic's own, else its space and key."""
    return key if space == "intrinsic" else f"{space}:{key}"


class _Translator:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.out = AspProgram()
        self.lines: list[str] = []
        self.test_numbers: dict[str, int] = {}
        self.helpers = 0
        self.tags = 0
        self.rank = strata(program)
        self.names = NameTable(program)
        self.staged = any(
            isinstance(literal, Aggregate) and literal.function not in COUNTS
            for clause in program.clauses
            for literal in clause.body
        )
        self.interned: set[Var] = set()

    def translate(self) -> AspProgram:
        for clause in self.program.clauses:
            sorts = tuple(_sort(arg) for arg in clause.head.args)
            self.out.predicates.setdefault(clause.head.predicate, sorts)
        stratum = 0
        for predicate, clauses in self.program.definitions().items():
            self.lines.append("")
            if self.staged and self.rank[predicate] > stratum:
                stratum = self.rank[predicate]
                self.lines.append(f"#program stratum_{stratum}.")
            origin = clauses[0].origin
            if origin is not None:
                self.lines.append(f"% {predicate}: {origin.text[:100]}")
            for clause in clauses:
                self.clause(clause)
        self.lines.append("")
        if self.staged:
            self.lines.append("#program base.")
            self.out.strata = stratum
        self.lines.extend(f"#show {name}/{len(sorts)}." for name, sorts in self.out.predicates.items())
        self.out.text = "\n".join(self.lines).strip() + "\n"
        return self.out

    def clause(self, clause: Clause) -> None:
        body: list[str] = []
        for literal in clause.body:
            body.extend(self.literal(literal, clause))
        self.lines.append(_rule(self.atom(clause.head), dict.fromkeys(body)))

    def literal(self, literal: Literal, clause: Clause) -> list[str]:
        match literal:
            case Atom():
                return [self.atom(literal)]
            case Compare() | Present():
                return self.comparison(literal, clause)
            case Not(literal=inner):
                return [f"not {self.atom(inner)}"] if isinstance(inner, Atom) else self.negated(inner, clause)
            case Aggregate():
                return self.aggregate(literal, clause)
            case _:
                assert_never(literal)

    def atom(self, atom: Atom) -> str:
        if atom.predicate in EXTENSIONAL:
            self.out.facts.add(atom.predicate)
            if atom.predicate == "text":
                space, key = (str(arg.value) for arg in atom.args[1:3] if isinstance(arg, Const))
                self.need(self.out.texts, (space, key), None)
        return f"{atom.predicate}({','.join(_argument(arg) for arg in atom.args)})"

    # --- comparisons ----------------------------------------------------------------------------------------------

    def negated(self, inner: Compare | Present, clause: Clause) -> list[str]:
        if isinstance(inner, Compare) and isinstance(inner.left, Var) and isinstance(inner.right, Var):
            return [f"{inner.left.name} != {inner.right.name}"]
        positive = self.comparison(inner, clause)
        if len(positive) == 1 and not positive[0].startswith("@") and "(" in positive[0]:
            return [f"not {positive[0]}"]
        if len(positive) == 1 and positive[0].startswith("@"):
            return [positive[0].replace("= 1", "= 0")]
        # Values may be missing, so the negation is not the reverse comparison: name the positive one and negate it.
        self.helpers += 1
        variables = dict.fromkeys(literal_variables(inner))
        head = f"compared_{self.helpers}({','.join(var.name for var in variables)})"
        guard = [part for literal in clause.body if isinstance(literal, Atom) for part in self.literal(literal, clause)]
        self.lines.append(_rule(head, [*guard, *positive]))
        return [f"not {head}"]

    def comparison(self, literal: Compare | Present, clause: Clause) -> list[str]:
        variables = tuple(dict.fromkeys(literal_variables(literal)))
        if len(variables) == 1 and variables[0].sort in ENTITIES:
            return [self.test(literal, variables[0], clause)]
        if isinstance(literal, Present):
            message = "a presence test has one variable"
            raise TypeError(message)
        native = self.native(literal, clause)
        if native is not None:
            return native
        self.out.callbacks.append((literal, variables))
        arguments = ",".join([str(len(self.out.callbacks) - 1), *(var.name for var in variables)])
        return [f"@holds({arguments}) = 1"]

    def test(self, literal: Compare | Present, variable: Var, clause: Clause) -> str:
        names = self.names.of(variable, clause.body) if variable.sort is Sort.SPAN else None
        entity = Var("S", variable.sort)
        test = Test(rename(literal, {variable: entity}), entity, names)
        number = self.test_numbers.setdefault(f"{test!r}", len(self.out.tests))
        if number == len(self.out.tests):
            self.out.tests.append(test)
        return f"test_{number}({variable.name})"

    def native(self, literal: Compare, clause: Clause) -> list[str] | None:
        """Return body literals for a comparison of two spans, or of the results of aggregates; None if it has none."""
        if self.interned & set(literal_variables(literal)):
            return None
        match literal:
            case Compare(left=Var(), op="==", right=Var()):
                return [f"{_argument(literal.left)} = {_argument(literal.right)}"]
            case Compare(left=Var(sort=Sort.NUMBER) as left, op=op, right=right) if op in _GRINGO:
                number = _gringo_number(right)
                return None if number is None else [f"{left.name} {_GRINGO[op]} {number}"]
            case Compare(left=left, op=op, right=Var(sort=Sort.NUMBER) as right) if op in _GRINGO:
                number = _gringo_number(left)
                return None if number is None else [f"{number} {_GRINGO[op]} {right.name}"]
            case Compare(left=Field() as left, op=op, right=Field() as right):
                return self.native_fields(left, op, right, literal.mode, clause)
            case Compare(
                left=Field(key=first) as left,
                op=op,
                right=Arith(op="+", left=Field(key=second) as right, right=Const(value=int() as shift)),
            ) if op in {"<", "<="} and first in TIMES and second in TIMES:
                # `rank <= last rank not after t + d` says `time <= t + d`; a strict one has no such rank.
                if op == "<":
                    return None
                self.need(self.out.times, first, left.of, clause)
                self.need(self.out.shifts, (second, shift), right.of, clause)
                tag = self.tag()
                earlier = f"at({quote(first)},{left.of.name},A{tag})"
                later = f'at({quote(second)},"{shift}",{right.of.name},B{tag})'
                return [earlier, later, f"A{tag} <= B{tag}"]
            case _:
                return None

    def native_fields(self, left: Field, op: str, right: Field, mode: Mode, clause: Clause) -> list[str] | None:
        one, two, tag = left.of.name, right.of.name, self.tag()
        if op in _GRINGO and left.key in TIMES and right.key in TIMES and left.space == right.space == "intrinsic":
            self.need(self.out.times, left.key, left.of, clause)
            self.need(self.out.times, right.key, right.of, clause)
            first = f"at({quote(left.key)},{one},A{tag})"
            second = f"at({quote(right.key)},{two},B{tag})"
            return [first, second, f"A{tag} {_GRINGO[op]} B{tag}"]
        if mode is not Mode.AUTO or "event" in {left.space, right.space}:
            return None
        first_name, second_name = field_name(left.space, left.key), field_name(right.space, right.key)
        if op == "==":
            self.need(self.out.same, (left.space, left.key), left.of, clause)
            self.need(self.out.same, (right.space, right.key), right.of, clause)
            first, second = f"same({quote(first_name)},{one},A{tag})", f"same({quote(second_name)},{two}"
            if _in_small_scopes(clause):
                # No join on the value: few spans share a scope, and any number may share a value.
                return [first, f"{second},B{tag})", f"A{tag} <= B{tag}", f"A{tag} >= B{tag}"]
            return [first, f"{second},A{tag})"]
        if op in ORDER_OPERATORS:
            self.need(self.out.order, (left.space, left.key), left.of, clause)
            self.need(self.out.order, (right.space, right.key), right.of, clause)
            first = f"order({quote(first_name)},{one},A{tag},B{tag},C{tag})"
            second = f"order({quote(second_name)},{two},D{tag},E{tag},F{tag})"
            both = f"A{tag}*D{tag}"
            left_rank = f"{both}*B{tag}+(1-{both})*C{tag}"
            right_rank = f"{both}*E{tag}+(1-{both})*F{tag}"
            return [first, second, f"{left_rank} {op} {right_rank}"]
        return None

    def need(self, table: dict[Key, Names], key: Key, var: Var | None, clause: Clause | None = None) -> None:
        """Ask for facts about the spans that a variable of a clause can stand for; about all without one."""
        names = None if var is None or clause is None else self.names.of(var, clause.body)
        table[key] = widened(table.get(key, frozenset()), names)

    def tag(self) -> str:
        """Return a suffix that makes the variables of one comparison its own."""
        self.tags += 1
        return f"_{self.tags}"

    # --- aggregates -----------------------------------------------------------------------------------------------

    def aggregate(self, literal: Aggregate, clause: Clause) -> list[str]:
        element, over, result = literal.element.name, self.atom(literal.over), literal.result.name
        if literal.function not in COUNTS:
            return [self.computed(literal, clause)]
        weight, extra = element, []
        if literal.target is not None:
            self.need(self.out.texts, (literal.target.space, literal.target.key), literal.element, clause)
            key = f"{quote(literal.target.space)},{quote(literal.target.key)}"
            weight, extra = "V", [f"text({element},{key},V)"]
        if literal.window is None:
            return [f"{result} = #count{{ {weight} : {', '.join([over, *extra])} }}"]
        return self.window(literal, weight, extra, clause)

    def computed(self, literal: Aggregate, clause: Clause) -> str:
        """Refer to facts that the solver adds between two strata: the exact values of sums and extremes.

        The result is the number of a value in the solver's table, where 0 is the number of zero, the sum of nothing;
        so it only ever meets `@holds`.
        """
        group = [_argument(arg) for arg in literal.over.args if arg != literal.element]
        name = f"computed_{len(self.out.computed)}"
        self.out.computed.append(Computed(name, literal, self.rank[literal.over.predicate]))
        self.interned.add(literal.result)
        if literal.function == "sum":
            some = f"some_{name}({','.join(group)})"
            guard = [part for atom in clause.body if isinstance(atom, Atom) for part in self.literal(atom, clause)]
            self.lines.append(_rule(some, [self.atom(literal.over)]))
            self.lines.append(_rule(f"{name}({','.join([*group, '0'])})", [*guard, f"not {some}"]))
        return f"{name}({','.join([*group, literal.result.name])})"

    def window(self, literal: Aggregate, weight: str, extra: Sequence[str], clause: Clause) -> list[str]:
        """Define the number in each window that begins at an element, and take the largest.

        Elements are found by the interval of the window's length that they lie in, so that a window looks at two
        intervals and not at the whole scope.
        """
        length = literal.window or 0
        self.need(self.out.buckets, length, literal.element, clause)
        self.need(self.out.times, "span:start", literal.element, clause)
        self.need(self.out.shifts, ("span:start", length), literal.element, clause)
        self.helpers += 1
        group = [arg for arg in literal.over.args if arg != literal.element]
        prefix = "".join(f"{_argument(arg)}," for arg in group)
        placed, counted = f"placed_{self.helpers}", f"window_{self.helpers}"
        element = literal.element.name
        start = quote("span:start")
        where = [self.atom(literal.over), f'bucket("{length}",{element},I)', f"at({start},{element},R)"]
        self.lines.append(_rule(f"{placed}({prefix}I,R,{element})", where))
        inside = ", ".join([f"{placed}({prefix}(I;I+1),R,{element})", "F <= R", "R < U", *extra])
        # The window is half open: `U` is the rank of the first time that lies in it no more.
        self.lines.append(
            _rule(
                f"{counted}({prefix}Z,N)",
                [
                    f"{placed}({prefix}I,F,Z)",
                    f'until({start},"{length}",Z,U)',
                    f"N = #count{{ {weight} : {inside} }}",
                ],
            )
        )
        return [f"{literal.result.name} = #max{{ 0; M : {counted}({prefix}_,M) }}"]


_GRINGO: Final = {"==": "=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


def _rule(head: str, body: Iterable[str]) -> str:
    return f"{head} :- {', '.join(body)}." if body else f"{head}."


def _sort(arg: Var | Const) -> Sort:
    return arg.sort if isinstance(arg, Var) else Sort.TEXT


def _argument(arg: Term) -> str:
    match arg:
        case Var(name=name):
            return name
        case Const(value=str() as text):
            return quote(text)
        case Const(value=bool() as truth):
            return str(int(truth))
        case Const(value=int() as number):
            return str(number)
        case _:
            message = f"not an argument of an atom: {arg!r}"
            raise TypeError(message)


def _gringo_number(term: Term) -> str | None:
    match term:
        case Var(sort=Sort.NUMBER, name=name):
            return name
        case Const(value=int() as number) if not isinstance(number, bool) and abs(number) <= CLINGO_MAX:
            return str(number)
        case _:
            return None


def _in_small_scopes(clause: Clause) -> bool:
    """Return whether a clause speaks of one trace, or of one value of a key, and not of all spans."""
    scope = clause.head.args[0] if clause.head.args else None
    return isinstance(scope, Var) and scope.sort in {Sort.TRACE, Sort.TEXT}
