"""Translation to pyDatalog: clauses as text that ``pyDatalog.load`` takes, in the order in which they are to be solved.

Clauses speak of spans, traces and events as opaque constants.  What a rule compares or counts reaches them through
predicates that Python answers, so that 64-bit integers, doubles and texts stay exact:

* a `Comparison` such as ``attempt_gt_1(S)``, which holds where `fluo_logic.facts.terms.holds` says so;
* a `Measured` such as ``count_payment_charge(T,N)``, whose last argument is the aggregate of the group before it;
* a `TextFact` such as ``text_cart_id(S,V)``, the canonical text of one field.

pyDatalog resolves bodies from left to right, so they are ordered here: nothing is compared, negated or measured before
the atoms that bind its variables.  Its tabling need not end where a recursive call differs from its goal, so recursion
is linear and its recursive atom comes first; any other recursion is refused.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NoReturn, assert_never

from fluo_logic.errors import UnsupportedError, Where
from fluo_logic.facts.schema import EXTENSIONAL
from fluo_logic.logic import (
    Aggregate,
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
    literal_atoms,
    literal_variables,
)
from fluo_logic.translate.datalog_program import Comparison, Component, DatalogProgram, Defined, Measured, TextFact
from fluo_logic.translate.datalog_text import (
    RESERVED,
    NameSpace,
    argument,
    call,
    comparison_stem,
    layout,
    letter,
    printable,
)
from fluo_logic.translate.names import NameTable
from fluo_logic.translate.passes import plan_atoms
from fluo_logic.translate.rename import rename
from fluo_logic.values import Mode

LONGEST_QUOTE: Final = 100
OPPOSITE: Final = {"==": "!=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def to_datalog(program: Program) -> str:
    """Return a program as text that pyDatalog reads; comments name the rule text that each predicate stands for.

    Raises:
        UnsupportedError: a clause cannot be expressed (code U301).
    """
    return translate(program).text


def translate(program: Program) -> DatalogProgram:
    """Return the pyDatalog program for a stratified program.

    Raises:
        UnsupportedError: a clause cannot be expressed (code U301).
    """
    return _Translator(program).translate()


def unsupported(clause: Clause, engine: str, reason: str) -> UnsupportedError:
    """Return the error for a clause that an engine cannot express."""
    origin = clause.origin
    where = None if origin is None else Where(origin.file, origin.line, origin.column)
    quoted = "" if origin is None else f", from `{origin.text}`"
    message = f"{engine} cannot express the clause of {clause.head.predicate}{quoted}: {reason}"
    return UnsupportedError("U301", message, where=where, hint="the engine clingo takes every rule")


class _Translator:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.definitions = program.definitions()
        self.out = DatalogProgram()
        self.unique = NameSpace(RESERVED).unique
        self.shared: dict[str, str] = {}
        self.placed: set[str] = set()
        self.restricted = NameTable(program).allowed
        self.names = {predicate: self.unique(predicate) for predicate in self.definitions}

    def translate(self) -> DatalogProgram:
        roots = [atom.predicate for plan in self.program.rules for atom in plan_atoms(plan)]
        for predicate in dict.fromkeys((*roots, *self.definitions)):
            self.visit(predicate, ())
        return self.out

    def visit(self, predicate: str, above: tuple[str, ...]) -> None:
        """Put a predicate after all that its clauses use."""
        if predicate in self.placed or predicate not in self.definitions:
            return
        for clause in self.definitions[predicate]:
            for literal in clause.body:
                for atom in literal_atoms(literal):
                    if atom.predicate in above:
                        raise unsupported(clause, "pyDatalog", f"{atom.predicate} and {predicate} use each other")
                    if atom.predicate != predicate:
                        self.visit(atom.predicate, (*above, predicate))
        self.placed.add(predicate)
        self.component(predicate, self.definitions[predicate])

    def component(self, predicate: str, clauses: Sequence[Clause]) -> None:
        origin = clauses[0].head.origin or clauses[0].origin
        comment = ""
        if origin is not None:
            comment = printable(f"# {origin.rule}, {origin.file}:{origin.line}: {origin.text[:LONGEST_QUOTE]}")
        text = "\n".join(_Clause(self, clause).text() for clause in clauses)
        sorts = tuple(arg.sort if isinstance(arg, Var) else Sort.TEXT for arg in clauses[0].head.args)
        self.out.components.append(Component(Defined(self.names[predicate], predicate, sorts), comment, text))

    # --- predicates that Python answers ---------------------------------------------------------------------------

    def text_fact(self, space: str, key: str) -> str:
        shared = f"text {space} {key}"
        if shared not in self.shared:
            self.shared[shared] = self.unique(f"text_{key}")
            self.out.texts.append(TextFact(self.shared[shared], space, key))
        return self.shared[shared]

    def comparison(self, literal: Compare | Present) -> str:
        variables = tuple(dict.fromkeys(literal_variables(literal)))
        canonical = {var: Var(letter(number), var.sort) for number, var in enumerate(variables)}
        plain = rename(literal, canonical)
        shared = repr(plain)
        if shared not in self.shared:
            self.shared[shared] = self.unique(comparison_stem(plain))
            self.out.comparisons.append(Comparison(self.shared[shared], plain, tuple(canonical.values())))
        return call(self.shared[shared], variables)

    def measured(self, literal: Aggregate, *, interned: bool) -> str:
        shared = f"{literal.function} {literal.target} {literal.window} {literal.over} {literal.element} {interned}"
        if shared not in self.shared:
            target = "" if literal.target is None else f"_{literal.target.key}_of"
            within = "" if literal.window is None else "_window"
            over = literal.over.predicate.removeprefix("counted_")
            self.shared[shared] = self.unique(f"{literal.function}{target}_{over}{within}")
            self.out.measured.append(Measured(self.shared[shared], literal, interned))
        measure = Measured(self.shared[shared], literal, interned)
        return f"{measure.name}({','.join(map(argument, (*measure.group, literal.result)))})"


class _Clause:
    """One clause on its way to text."""

    def __init__(self, outer: _Translator, clause: Clause) -> None:
        self.outer = outer
        self.clause = clause
        positive = [literal for literal in clause.body if isinstance(literal, Atom)]
        self.binders = {var for atom in positive for var in literal_variables(atom)}
        self.binders |= {literal.result for literal in clause.body if isinstance(literal, Aggregate)}
        self.bound: set[Var] = set()
        self.uses = Counter(var for literal in clause.body for var in dict.fromkeys(_all_variables(literal)))
        self.uses.update(var for var in literal_variables(clause.head))
        tests = [inner for literal in clause.body if (inner := _comparison_in(literal)) is not None]
        self.interned = any(
            var.sort is Sort.NUMBER for test in tests if _native(test) is None for var in literal_variables(test)
        )
        self.tags = 0

    def text(self) -> str:
        recursive = [
            literal
            for literal in self.clause.body
            for atom in literal_atoms(literal)
            if atom.predicate == self.clause.head.predicate
        ]
        if len(recursive) > 1 or any(not self.calls_itself(literal) for literal in recursive):
            self.refuse("only linear recursion is sure to end")
        pending = [literal for literal in self.clause.body if literal not in recursive]
        parts: list[str] = []
        for literal in recursive:
            parts.extend(self.literal(literal))
        while pending:
            literal = self.next(pending)
            pending.remove(literal)
            parts.extend(self.literal(literal))
        if any(isinstance(arg, Var) and arg not in self.bound for arg in self.clause.head.args):
            self.refuse("its head has a variable that the body does not bind")
        if self.interned and any(isinstance(arg, Var) and arg.sort is Sort.NUMBER for arg in self.clause.head.args):
            self.refuse("its head has a number that is compared as a value of a span")
        return layout(self.atom(self.clause.head), list(dict.fromkeys(parts)))

    def calls_itself(self, literal: Literal) -> bool:
        """Return whether a recursive literal is the very goal that is being solved: distinct variables, all free."""
        return (
            isinstance(literal, Atom)
            and all(isinstance(arg, Var) for arg in literal.args)
            and len(set(literal.args)) == len(literal.args)
        )

    def refuse(self, reason: str, cause: Exception | None = None) -> NoReturn:
        raise unsupported(self.clause, "pyDatalog", reason) from cause

    # --- the order of a body --------------------------------------------------------------------------------------

    def next(self, pending: Sequence[Literal]) -> Literal:
        """Return what to resolve next: tests as soon as they can be, then the atom that leaves least open."""
        ready = [literal for literal in pending if not isinstance(literal, Atom) and self.is_ready(literal)]
        tests = [literal for literal in ready if not isinstance(literal, Aggregate)]
        atoms = [literal for literal in pending if isinstance(literal, Atom)]
        closed = [atom for atom in atoms if self.bound and not self.openness(atom)[0]]
        if closed or tests:
            return (closed or tests)[0]
        if atoms:
            return min(atoms, key=self.openness)
        if not ready:
            self.refuse("no atom binds the variables of a comparison or an aggregate")
        return ready[0]

    def is_ready(self, literal: Literal) -> bool:
        match literal:
            case Not(literal=Atom() as atom):
                # What no positive literal binds is existential inside the negation.
                return {*literal_variables(atom)} & self.binders <= self.bound
            case Aggregate(result=result):
                return {*literal_variables(literal)} - {result} <= self.bound
            case _:
                return {*literal_variables(literal)} <= self.bound

    def openness(self, atom: Atom) -> tuple[bool, bool, bool, int]:
        free = {arg for arg in atom.args if isinstance(arg, Var) and self.uses[arg] > 1} - self.bound
        joined = any(arg in self.bound for arg in atom.args)
        named = (atom.predicate == "span" and isinstance(atom.args[-1], Const)) or any(
            self.outer.restricted.get((atom.predicate, position)) is not None for position in range(len(atom.args))
        )
        return (bool(free), not joined, not named, len(free))

    # --- literals -------------------------------------------------------------------------------------------------

    def literal(self, literal: Literal) -> list[str]:
        match literal:
            case Atom():
                parts = self.distinct(literal)
                self.bound.update(literal_variables(literal))
                return parts
            case Compare() | Present():
                return [self.comparison(literal)]
            case Not(literal=inner):
                return [self.negated_atom(inner) if isinstance(inner, Atom) else self.negated(inner)]
            case Aggregate(result=result):
                if result in self.bound:
                    self.refuse("the result of an aggregate is bound elsewhere")
                self.bound.add(result)
                return [self.outer.measured(literal, interned=self.interned)]
            case _:
                assert_never(literal)

    def atom(self, atom: Atom) -> str:
        name, args = self.outer.names.get(atom.predicate, atom.predicate), atom.args
        if atom.predicate in EXTENSIONAL:
            if atom.predicate == "text":
                space, key = (str(arg.value) for arg in atom.args[1:3] if isinstance(arg, Const))
                name, args = self.outer.text_fact(space, key), (atom.args[0], atom.args[3])
            else:
                self.outer.out.facts.add(atom.predicate)
        try:
            return f"{name}({','.join(map(argument, args))})"
        except TypeError as error:
            self.refuse("an atom has an argument that is neither a text nor a whole number", error)

    def negated_atom(self, atom: Atom) -> str:
        free = [arg for arg in atom.args if isinstance(arg, Var) and arg not in self.bound]
        if len(set(free)) != len(free):
            self.refuse("a negated atom repeats a variable that nothing binds")
        return f"~{self.atom(atom)}"

    def distinct(self, atom: Atom) -> list[str]:
        """Return an atom without repeated variables, which pyDatalog does not match with answers from Python."""
        args: list[Var | Const] = []
        equal: list[str] = []
        for arg in atom.args:
            if isinstance(arg, Var) and arg not in self.bound and arg in args:
                self.tags += 1
                copy = Var(f"{arg.name}_{self.tags}", arg.sort)
                equal.append(f"({argument(arg)} == {argument(copy)})")
                args.append(copy)
            else:
                args.append(arg)
        return [self.atom(Atom(atom.predicate, tuple(args))), *equal]

    def comparison(self, literal: Compare | Present) -> str:
        native = None if self.interned and _mentions_number(literal) else _native(literal)
        return self.outer.comparison(literal) if native is None else f"({native[0]} {native[1]} {native[2]})"

    def negated(self, literal: Compare | Present) -> str:
        native = None if self.interned and _mentions_number(literal) else _native(literal)
        if native is None:
            return f"~{self.outer.comparison(literal)}"
        return f"({native[0]} {OPPOSITE[native[1]]} {native[2]})"


def _all_variables(literal: Literal) -> Iterator[Var]:
    yield from literal_variables(literal)
    if isinstance(literal, Aggregate):
        yield literal.element


def _comparison_in(literal: Literal) -> Compare | Present | None:
    inner = literal.literal if isinstance(literal, Not) else literal
    return inner if isinstance(inner, Compare | Present) else None


def _mentions_number(literal: Compare | Present) -> bool:
    return any(var.sort is Sort.NUMBER for var in literal_variables(literal))


def _native(literal: Compare | Present) -> tuple[str, str, str] | None:
    """Return a comparison that pyDatalog makes itself, exactly: of identities, or of results with numbers."""
    if not isinstance(literal, Compare) or literal.op not in OPPOSITE:
        return None
    sides = (literal.left, literal.right)
    if all(isinstance(side, Var) and side.sort is not Sort.NUMBER for side in sides):
        return (argument(sides[0]), literal.op, argument(sides[1])) if literal.op == "==" else None
    if literal.mode in {Mode.NUMBER, Mode.AUTO} and all(map(_is_number, sides)):
        left, right = ((repr(side.value) if isinstance(side, Const) else argument(side)) for side in sides)
        return left, literal.op, right
    return None


def _is_number(term: Term) -> bool:
    match term:
        case Var(sort=Sort.NUMBER):
            return True
        case Const(value=bool()):
            return False
        case Const(value=int() | float() as value):
            return math.isfinite(value)
        case _:
            return False
