"""A program as pyDatalog is to solve it: components of clauses, and the predicates that Python answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from fluo_logic.facts.schema import FACTS
from fluo_logic.logic import Aggregate, Compare, Const, Present, Sort, Var
from fluo_logic.translate.datalog_text import call, describe, field_text


@dataclass(frozen=True, slots=True)
class Comparison:
    """A predicate over ``variables`` that holds where ``literal`` does.

    Numbers reach it by their place in the solver's table, so that 1 and 1.0 stay apart.
    """

    name: str
    literal: Compare | Present
    variables: tuple[Var, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A predicate over the group of an aggregate and its result; ``interned`` results are places in a table."""

    name: str
    aggregate: Aggregate
    interned: bool

    @property
    def group(self) -> tuple[Var | Const, ...]:
        """The arguments before the result."""
        return tuple(arg for arg in self.aggregate.over.args if arg != self.aggregate.element)


@dataclass(frozen=True, slots=True)
class TextFact:
    """A predicate over a span and the canonical text of one of its fields."""

    name: str
    space: str
    key: str

    @property
    def described(self) -> str:
        """The field, of the span `Id`."""
        return field_text("Id", self.space, self.key)


@dataclass(frozen=True, slots=True)
class Defined:
    """A predicate that clauses define: its name in the text, and the sorts of its arguments."""

    name: str
    predicate: str
    sorts: tuple[Sort, ...]


@dataclass(frozen=True, slots=True)
class Component:
    """The clauses of a predicate; they need only what earlier components, the facts and Python define."""

    defined: Defined
    comment: str
    text: str


@dataclass(slots=True)
class DatalogProgram:
    """The components in the order to solve them, and the predicates that Python answers."""

    components: list[Component] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    texts: list[TextFact] = field(default_factory=list)
    facts: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        """The whole program, with what Python answers described in comments."""
        parts = [self._given(), *(f"{part.comment}\n{part.text}".strip() for part in self.components)]
        return "\n\n".join(part for part in parts if part) + "\n"

    def _given(self) -> str:
        facts = [
            f"#   {name}({', '.join(argument for argument, _ in FACTS[name].arguments)}): {FACTS[name].meaning}"
            for name in sorted(self.facts)
        ]
        facts += [
            f"#   {fact.name}(Id, V): V is the text of {field_text('Id', fact.space, fact.key)}" for fact in self.texts
        ]
        compared = [f"#   {call(item.name, item.variables)}: {describe(item.literal)}" for item in self.comparisons]
        measured = [
            f"#   {call(item.name, (*item.group, item.aggregate.result))}: {describe(item.aggregate)}"
            for item in self.measured
        ]
        titled = [("Facts", facts), ("Comparisons, evaluated exactly", compared), ("Measures, likewise", measured)]
        return "\n".join(line for title, lines in titled if lines for line in (f"# {title}:", *lines))
