"""Translation to Soufflé: declarations, clauses, and the relations that `fluo_logic.translate.souffle_facts` writes.

Soufflé's integers have 32 bits and its texts are read from lines, so values reach a program as they reach clingo: each
comparison is a relation of the spans (or pairs of spans) for which it holds, computed exactly beforehand; times are
ranks; texts are escaped to one line.  Spans and traces are the indices of `fluo_logic.facts.store.FactStore`.  What
Soufflé would have to round is refused.

The texts follow the language reference (https://souffle-lang.github.io/docs.html).  The project does not run Soufflé:
its tests compare the texts with ones that were read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from fluo_logic.errors import UnsupportedError
from fluo_logic.facts.schema import EXTENSIONAL, FACTS
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Clause,
    Compare,
    Const,
    Literal,
    Not,
    Present,
    Program,
    Sort,
    Term,
    Var,
    literal_variables,
)
from fluo_logic.translate.datalog import unsupported
from fluo_logic.translate.datalog_text import NameSpace, comparison_stem, describe, letter, printable
from fluo_logic.translate.names import Names, NameTable, widened
from fluo_logic.translate.rename import rename
from fluo_logic.translate.souffle_text import KEYWORDS, quote
from fluo_logic.values import Mode

TYPES: Final = {Sort.TRACE: "Trace", Sort.SPAN: "Span", Sort.EVENT: "Event", Sort.TEXT: "symbol", Sort.NUMBER: "number"}
OPPOSITE: Final = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
LARGEST: Final = 2**31 - 1
REPEATED: Final = "a negated atom repeats a variable that nothing binds"
NO_TEXT: Final = "an atom has an argument that is no text"
NO_VALUE: Final = "it compares a text that is no value of a span"
COUNT_AS_TEXT: Final = "it compares a count as a text"
NO_INTEGER: Final = "it compares a count with what may be no integer of 32 bits"
LONGEST_LINE: Final = 110
LONGEST_QUOTE: Final = 100


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A relation of what passes a comparison; ``names`` are the span names that matter, place by place."""

    name: str
    literal: Compare | Present
    variables: tuple[Var, ...]
    names: tuple[Names, ...]


@dataclass(slots=True)
class SouffleProgram:
    """The text, and the relations it reads.

    ``texts`` are the canonical texts of fields, by space and key.  ``starts`` (span, rank of its start) and ``untils``
    (span, rank of the first start that lies the given nanoseconds after its own or later) serve windows.
    """

    text: str = ""
    facts: set[str] = field(default_factory=set)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    evaluated: dict[str, Evaluated] = field(default_factory=dict)
    starts: str | None = None
    untils: dict[int, str] = field(default_factory=dict)


def to_souffle(program: Program) -> str:
    """Return a program as Soufflé text; `fluo_logic.translate.souffle_facts` makes the files that it reads.

    Raises:
        UnsupportedError: a clause cannot be expressed (code U301).
    """
    return translate(program).text


def translate(program: Program) -> SouffleProgram:
    """Return the Soufflé program for a stratified program; raises as `to_souffle` does."""
    return _Translator(program).translate()


class _Translator:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.out = SouffleProgram()
        self.space = NameSpace(KEYWORDS | frozenset(FACTS))
        self.table = NameTable(program)
        self.names = {predicate: self.space.unique(predicate) for predicate in program.definitions()}
        self.declared: dict[str, str] = {}
        self.lines: list[str] = []

    def translate(self) -> SouffleProgram:
        for predicate, clauses in self.program.definitions().items():
            origin = clauses[0].head.origin or clauses[0].origin
            if origin is not None:
                text = f"// {origin.rule}, {origin.file}:{origin.line}: {origin.text[:LONGEST_QUOTE]}"
                self.lines.extend(["", printable(text)])
            columns = [(_sort(arg), letter(place).lower()) for place, arg in enumerate(clauses[0].head.args)]
            name = self.names[predicate]
            self.lines.append(_declaration(name, columns))
            self.lines.append(f".output {name}({_file(name)})")
            for clause in clauses:
                self.lines.append(_rule(*_Clause(self, clause).parts()))
        inputs = [line for name, text in self.declared.items() for line in (text, f".input {name}({_file(name)})")]
        types = [f".type {name} <: number" for name in ("Trace", "Span", "Event")]
        self.out.text = "\n".join([*types, "", *inputs, *self.lines]) + "\n"
        return self.out

    def relation(self, name: str, columns: Sequence[tuple[Sort, str]], meaning: str) -> None:
        """Declare a relation that is read."""
        self.declared.setdefault(name, f"// {printable(meaning)}\n{_declaration(name, columns)}")

    def fact(self, predicate: str) -> str:
        self.out.facts.add(predicate)
        columns = [(sort, argument.lower()) for argument, sort in FACTS[predicate].arguments]
        self.relation(predicate, columns, FACTS[predicate].meaning)
        return predicate

    def text_fact(self, space: str, key: str) -> str:
        if (space, key) not in self.out.texts:
            self.out.texts[space, key] = name = self.space.unique(f"text_{key}")
            self.relation(name, [(Sort.SPAN, "id"), (Sort.TEXT, "v")], f"v is the text of {space} {key!r} of span id")
        return self.out.texts[space, key]

    def evaluated(self, literal: Compare | Present, clause: Clause) -> tuple[str, tuple[Var, ...]]:
        variables = tuple(dict.fromkeys(literal_variables(literal)))
        canonical = {var: Var(letter(place), var.sort) for place, var in enumerate(variables)}
        plain, places = rename(literal, canonical), tuple(canonical.values())
        names = tuple(self.table.of(var, clause.body) if var.sort is Sort.SPAN else None for var in variables)
        shared = repr(plain)
        before = self.out.evaluated.get(shared)
        name = self.space.unique(comparison_stem(plain)) if before is None else before.name
        if before is not None:
            names = tuple(widened(one, two) for one, two in zip(before.names, names, strict=True))
        self.out.evaluated[shared] = Evaluated(name, plain, places, names)
        self.relation(name, [(var.sort, var.name.lower()) for var in places], describe(plain))
        return name, variables

    def started(self) -> str:
        if self.out.starts is None:
            self.out.starts = self.space.unique("start_rank")
            self.relation(self.out.starts, [(Sort.SPAN, "id"), (Sort.NUMBER, "r")], "r is the rank of its start")
        return self.out.starts

    def until(self, length: int) -> str:
        if length not in self.out.untils:
            self.out.untils[length] = name = self.space.unique(f"until_{length}_ns")
            meaning = f"starts of a rank below r lie less than {length} ns after its own"
            self.relation(name, [(Sort.SPAN, "id"), (Sort.NUMBER, "r")], meaning)
        return self.out.untils[length]

    def helper(self, stem: str, columns: Sequence[tuple[Sort, str]]) -> str:
        """Declare a relation that clauses of this text define on the way."""
        name = self.space.unique(stem)
        self.lines.append(_declaration(name, columns))
        return name


class _Clause:
    """One clause on its way to text."""

    def __init__(self, outer: _Translator, clause: Clause) -> None:
        self.outer = outer
        self.clause = clause
        self.uses = Counter(var for literal in clause.body for var in literal_variables(literal))
        self.uses.update(literal_variables(clause.head))
        atoms = [literal for literal in clause.body if isinstance(literal, Atom)]
        self.bound = {var for atom in atoms for var in literal_variables(atom)}

    def parts(self) -> tuple[str, list[str]]:
        body = list(dict.fromkeys(self.literal(literal) for literal in self.clause.body))
        return self.atom(self.clause.head, named=True), body

    def refused(self, reason: str) -> UnsupportedError:
        return unsupported(self.clause, "Soufflé", reason)

    def literal(self, literal: Literal) -> str:
        match literal:
            case Atom():
                return self.atom(literal)
            case Compare() | Present():
                return self.comparison(literal, negated=False)
            case Not(literal=inner):
                return self.negated(inner) if isinstance(inner, Atom) else self.comparison(inner, negated=True)
            case Aggregate():
                return self.aggregate(literal)
            case _:
                assert_never(literal)

    def negated(self, atom: Atom) -> str:
        free = [arg for arg in atom.args if isinstance(arg, Var) and arg not in self.bound]
        if len(set(free)) != len(free):
            raise self.refused(REPEATED)
        return f"!{self.atom(atom)}"

    def atom(self, atom: Atom, *, named: bool = False) -> str:
        """Return an atom; variables that occur nowhere else are anonymous unless ``named``."""
        name, args = self.outer.names.get(atom.predicate, atom.predicate), atom.args
        if atom.predicate == "text":
            space, key = (str(arg.value) for arg in args[1:3] if isinstance(arg, Const))
            name, args = self.outer.text_fact(space, key), (args[0], args[3])
        elif atom.predicate in EXTENSIONAL:
            name = self.outer.fact(atom.predicate)
        lone = {arg for arg in args if isinstance(arg, Var) and (self.uses[arg] == 1 or arg not in self.bound)}
        return f"{name}({', '.join('_' if arg in lone and not named else self.argument(arg) for arg in args)})"

    def argument(self, arg: Var | Const) -> str:
        match arg:
            case Var(name=name):
                return name
            case Const(value=str() as text):
                return quote(text)
            case Const():
                raise self.refused(NO_TEXT)

    # --- comparisons ----------------------------------------------------------------------------------------------

    def comparison(self, literal: Compare | Present, *, negated: bool) -> str:
        variables = set(literal_variables(literal))
        if isinstance(literal, Compare):
            sides = (literal.left, literal.right)
            if any(var.sort is Sort.NUMBER for var in variables):
                return self.numeric(literal, negated=negated)
            if all(isinstance(side, Var) for side in sides) and literal.op == "==":
                one, two = (side.name for side in sides if isinstance(side, Var))
                return f"{one} {'!=' if negated else '='} {two}"
        if any(var.sort not in {Sort.SPAN, Sort.EVENT} for var in variables):
            raise self.refused(NO_VALUE)
        name, arguments = self.outer.evaluated(literal, self.clause)
        return f"{'!' if negated else ''}{name}({', '.join(var.name for var in arguments)})"

    def numeric(self, literal: Compare, *, negated: bool) -> str:
        if literal.op not in OPPOSITE or literal.mode not in {Mode.NUMBER, Mode.AUTO}:
            raise self.refused(COUNT_AS_TEXT)
        op = OPPOSITE[literal.op] if negated else literal.op
        return f"{self.number(literal.left)} {'=' if op == '==' else op} {self.number(literal.right)}"

    def number(self, term: Term) -> str:
        match term:
            case Var(sort=Sort.NUMBER, name=name):
                return name
            case Const(value=int() as value) if not isinstance(value, bool) and abs(value) <= LARGEST:
                return str(value)
            case Arith(op="+" | "-" as op, left=left, right=right):
                return f"({self.number(left)} {op} {self.number(right)})"
            case _:
                raise self.refused(NO_INTEGER)

    # --- aggregates -----------------------------------------------------------------------------------------------

    def aggregate(self, literal: Aggregate) -> str:
        """Return the count; of distinct texts by way of a relation of them, in windows by way of one count for each."""
        if literal.function not in {"count", "count distinct"}:
            reason = f"it needs a {literal.function}, whose exact value may not fit its numbers"
            raise self.refused(reason)
        group = [arg for arg in literal.over.args if arg != literal.element]
        columns = [(_sort(arg), letter(place).lower()) for place, arg in enumerate(group)]
        prefix = "".join(f"{self.argument(arg)}, " for arg in group)
        element, over = literal.element.name, self.atom(literal.over, named=True)
        if literal.window is None:
            counted = over
            if literal.target is not None:
                texts = self.outer.helper("distinct_texts", [*columns, (Sort.TEXT, "v")])
                text = f"{self.outer.text_fact(literal.target.space, literal.target.key)}({element}, V)"
                self.outer.lines.append(_rule(f"{texts}({prefix}V)", [over, text]))
                counted = f"{texts}({prefix}V)"
            return f"{literal.result.name} = count : {{ {counted} }}"
        first = Var("First", Sort.SPAN)
        begins = self.atom(self.over_with(literal, first), named=True)
        inside = [
            f"{self.outer.started()}(First, From)",
            f"{self.outer.until(literal.window)}(First, Until)",
            over,
            f"{self.outer.started()}({element}, Rank)",
            "Rank >= From",
            "Rank < Until",
        ]
        weight = Sort.SPAN
        if literal.target is not None:
            inside.append(f"{self.outer.text_fact(literal.target.space, literal.target.key)}({element}, Weight)")
            weight = Sort.TEXT
        member = "Weight" if literal.target is not None else element
        within = self.outer.helper("within_window", [*columns, (Sort.SPAN, "first"), (weight, "member")])
        sizes = self.outer.helper("window_size", [*columns, (Sort.NUMBER, "size")])
        self.outer.lines.append(_rule(f"{within}({prefix}First, {member})", [begins, *inside]))
        counted = f"Size = count : {{ {within}({prefix}First, Member) }}"
        self.outer.lines.append(_rule(f"{sizes}({prefix}Size)", [begins, counted]))
        # Where there is no window, the largest has nothing in it.
        guard = [self.atom(atom, named=True) for atom in self.clause.body if isinstance(atom, Atom)]
        self.outer.lines.append(_rule(f"{sizes}({prefix}0)", guard))
        return f"{literal.result.name} = max Size : {{ {sizes}({prefix}Size) }}"

    def over_with(self, literal: Aggregate, element: Var) -> Atom:
        args = tuple(element if arg == literal.element else arg for arg in literal.over.args)
        return replace(literal.over, args=args)


def _sort(arg: Var | Const) -> Sort:
    return arg.sort if isinstance(arg, Var) else Sort.TEXT


def _declaration(name: str, columns: Iterable[tuple[Sort, str]]) -> str:
    return f".decl {name}({', '.join(f'{column}:{TYPES[sort]}' for sort, column in columns)})"


def _file(name: str) -> str:
    return f'IO=file, filename="{name}.csv", rfc4180=true'


def _rule(head: str, body: Sequence[str]) -> str:
    if not body:
        return f"{head}."
    line = f"{head} :- {', '.join(body)}."
    if len(line) <= LONGEST_LINE:
        return line
    rest = ",\n    ".join(body)
    return f"{head} :-\n    {rest}."
