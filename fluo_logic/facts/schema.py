"""The fact catalogue: the predicates that rules, engines, proofs and documentation share.

`FACTS` are the facts that `fluo facts` prints and a solver can be given; the atoms that clauses use are those whose
``sorts`` are all entities.  Values of spans reach clauses as terms (`fluo_logic.logic.Field`), so that 64-bit integers,
doubles and texts stay exact whatever an engine can hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fluo_logic.logic import Sort


@dataclass(frozen=True, slots=True)
class Fact:
    """A predicate of the catalogue: its argument names with their sorts, and what it means."""

    predicate: str
    arguments: tuple[tuple[str, Sort], ...]
    meaning: str

    @property
    def sorts(self) -> tuple[Sort, ...]:
        """The sorts of the arguments."""
        return tuple(sort for _, sort in self.arguments)


ATOMS: Final = (
    Fact("span", (("T", Sort.TRACE), ("Id", Sort.SPAN), ("Name", Sort.TEXT)), "span `Id` of trace `T`"),
    Fact("parent", (("Id", Sort.SPAN), ("P", Sort.SPAN)), "`P` is the direct parent of `Id`, and is in the data"),
    Fact(
        "parent_ref",
        (("Id", Sort.SPAN), ("Ref", Sort.TEXT)),
        "`Ref` is the parent that `Id` names, whether or not it is in the data; spans that share it are siblings",
    ),
    Fact("event", (("Id", Sort.SPAN), ("E", Sort.EVENT), ("Name", Sort.TEXT)), "`E` is an event of span `Id`"),
    Fact("link", (("Id", Sort.SPAN), ("Id2", Sort.SPAN)), "span `Id` links to span `Id2`, which is in the data"),
    Fact(
        "text",
        (("Id", Sort.SPAN), ("Space", Sort.TEXT), ("Key", Sort.TEXT), ("Text", Sort.TEXT)),
        "the canonical text of a value of span `Id`, looked up in `Space`",
    ),
)
"""Facts that occur as atoms in clauses."""

VALUES: Final = (
    Fact("attr", (("Id", Sort.SPAN), ("K", Sort.TEXT), ("V", Sort.TEXT)), "an attribute of the span"),
    Fact("resource", (("Id", Sort.SPAN), ("K", Sort.TEXT), ("V", Sort.TEXT)), "an attribute of its resource"),
    Fact("service", (("Id", Sort.SPAN), ("S", Sort.TEXT)), "the `service.name` of its resource"),
    Fact("kind", (("Id", Sort.SPAN), ("K", Sort.TEXT)), "the span kind"),
    Fact("status", (("Id", Sort.SPAN), ("S", Sort.TEXT)), "the status code"),
    Fact("starts", (("Id", Sort.SPAN), ("N", Sort.NUMBER)), "the start, in nanoseconds since the Unix epoch"),
    Fact("ends", (("Id", Sort.SPAN), ("N", Sort.NUMBER)), "the end, likewise; a span that never ended has none"),
    Fact("dropped", (("Id", Sort.SPAN), ("N", Sort.NUMBER)), "how many attributes the SDK dropped, where any"),
)
"""Facts that reach clauses as terms over a span."""

FACTS: Final = {fact.predicate: fact for fact in (*ATOMS, *VALUES)}
EXTENSIONAL: Final = frozenset(fact.predicate for fact in ATOMS)
