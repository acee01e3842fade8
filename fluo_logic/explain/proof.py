"""The proof language: why a condition holds, and dually why it fails, down to spans, values and what is not there.

A proof is a tree of frozen nodes, each with the text of the rule that it proves (its goal) and whether that holds.
`fluo_logic.explain.build` makes proofs, `fluo_logic.explain.text` and `fluo_logic.explain.graph` show them, and
`fluo_logic.explain.as_json` writes them as ``fluo-proof/1``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, assert_never

from fluo_logic.logic import Unit
from fluo_logic.shown import Shown
from fluo_logic.values import Number, Value


class SpanRef(NamedTuple):
    """A span that a proof cites; times are nanoseconds since the Unix epoch."""

    trace_id: str
    span_id: str
    name: str
    service: str | None
    start: int | None
    end: int | None


@dataclass(frozen=True, slots=True)
class Goal:
    """What a node proves: the text of the rule, and the place where it stands."""

    text: str
    file: str = ""
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Binding:
    """A span that stands for a variable; ``label`` is ``$p``, or empty for a pattern without a name."""

    label: str
    span: SpanRef


@dataclass(frozen=True, slots=True)
class Closure:
    """What was looked at to say that something is not there: every span of the scope.

    ``digest`` is the SHA-256 of the sorted ``trace_id:span_id`` lines of these spans.
    """

    spans: int
    traces: int
    digest: str


@dataclass(frozen=True, slots=True)
class Member:
    """An element that an aggregate took in, with the value that was counted or summed (None for ``count``)."""

    span: SpanRef
    value: Value | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """The window ``[start, start + length)`` with the largest value, in nanoseconds."""

    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Count:
    """The value of an aggregate and the elements it rests on; all of the scope was looked at."""

    function: str
    text: str
    value: Number | None
    members: tuple[Member, ...]
    closure: Closure
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: what it is called in the rule, its value (None: missing), and what it belongs to."""

    label: str
    value: Value | None
    unit: Unit = Unit.NONE
    span: SpanRef | None = None
    counts: tuple[Count, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """A fact of the catalogue, or its absence; ``sentence`` says it in words."""

    goal: Goal
    holds: bool
    predicate: str
    sentence: str
    spans: tuple[SpanRef, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left op right`` with the values that were compared.

    ``gap`` is, for times and numbers, by how much it holds (positive or 0) or fails (negative): ``right - left`` for
    ``<`` and ``<=``, ``left - right`` for ``>`` and ``>=``.
    """

    goal: Goal
    holds: bool
    left: Side
    op: str
    right: Side
    gap: Number | None = None


@dataclass(frozen=True, slots=True)
class Negation:
    """``not part``: holds because ``part`` fails, or fails because it holds."""

    goal: Goal
    holds: bool
    part: Proof


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds, for the spans bound to the variables that are sought here."""

    goal: Goal
    bindings: tuple[Binding, ...]
    parts: tuple[Proof, ...]
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Any:
    """One branch of an ``or`` holds."""

    goal: Goal
    branch: int
    branches: int
    part: Proof
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Failed:
    """A conjunction that gets this far: ``passed`` hold, ``failed`` does not."""

    goal: Goal
    bindings: tuple[Binding, ...]
    passed: tuple[Proof, ...]
    failed: Proof
    holds: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """What candidates have where they fail, at the comparison at which the nearest of them does.

    ``goal`` is that comparison, ``label`` what it compares; ``candidates`` are at least two spans, all named ``name``,
    or of several names where that is None; ``missing`` of them have no value.  ``extreme`` is ``largest`` or
    ``smallest`` where more or less is asked for, and ``values`` then that one; else it is empty, and ``values`` are the
    first of the ``distinct`` values that there are.
    """

    goal: Goal
    label: str
    unit: Unit
    candidates: int
    name: str | None
    missing: int
    extreme: str
    values: tuple[Value, ...]
    distinct: int


@dataclass(frozen=True, slots=True)
class Absent:
    """No span of the scope will do; ``nearest`` are the candidates that came closest, best first.

    ``sought`` is the span name that the scope has no span of, where that is the reason; ``names`` are then the names
    that it does have, those most like it first, at most three.  ``survey`` sums up all candidates that fail as the
    nearest one does, where they are several.
    """

    goal: Goal
    closure: Closure
    nearest: tuple[Failed, ...]
    sought: str | None = None
    names: tuple[str, ...] = ()
    survey: Survey | None = None
    holds: bool = False


@dataclass(frozen=True, slots=True)
class NoBranch:
    """Every branch of an ``or`` fails."""

    goal: Goal
    parts: tuple[Proof, ...]
    holds: bool = False


Proof: TypeAlias = Given | Comparison | Negation | All | Any | Failed | Absent | NoBranch


@dataclass(frozen=True, slots=True)
class Assumption:
    """Why a failure is not a violation: what the verdict would rest on.

    ``kind`` is ``deadline`` (pending), ``hole``, ``dropped`` or ``clock-skew`` (inconclusive).
    """

    kind: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ObligationProof(Shown):
    """The proof for one obligation of one match of ``when`` in one scope."""

    rule: str
    polarity: str
    when: Proof | None
    condition: Proof
    obligation: Goal
    bindings: tuple[Binding, ...]
    verdict: str
    assumptions: tuple[Assumption, ...] = ()

    def show(
        self, *, colour: bool = False, width: int = 100, detail: Literal["short", "normal", "long"] = "normal"
    ) -> None:
        """Print the proof to standard output; see `fluo_logic.explain.text.explanation_text` for ``detail``."""
        from fluo_logic.explain.text import Style, proof_lines  # noqa: PLC0415 - only who prints needs the printer

        print("\n".join(proof_lines(self, Style(colour, width), detail=detail)))  # noqa: T201 - it is asked to


def children(proof: Proof) -> tuple[Proof, ...]:
    """Return the premises of a node."""
    match proof:
        case Given() | Comparison():
            return ()
        case Negation(part=part) | Any(part=part):
            return (part,)
        case All(parts=parts) | NoBranch(parts=parts):
            return parts
        case Failed(passed=passed, failed=failed):
            return (*passed, failed)
        case Absent(nearest=nearest):
            return nearest
        case _:
            assert_never(proof)


def walk(proof: Proof) -> Iterator[Proof]:
    """Yield the node and everything below it, parents first."""
    yield proof
    for child in children(proof):
        yield from walk(child)


def grounds(proof: Proof) -> tuple[Proof, ...]:
    """Return the premises that a node needs; not what it shows beside: what holds before it fails, and near misses."""
    match proof:
        case Failed(failed=failed):
            return (failed,)
        case Absent():
            return ()
        case _:
            return children(proof)


def size(proofs: Iterable[Proof], match: Iterable[SpanRef] = ()) -> tuple[int, int]:
    """Return what is smallest of the proofs that are built: how many spans they need to cite, and how many nodes.

    Spans of ``match`` are cited anyway and not counted; a node that occurs twice counts twice.
    """
    spans: set[SpanRef] = set()
    nodes = 0
    pending = list(proofs)
    while pending:
        node = pending.pop()
        nodes += 1
        spans.update(cited(node))
        pending.extend(grounds(node))
    return len(spans.difference(match)), nodes


def cited(proof: Proof) -> Iterator[SpanRef]:
    """Yield the spans that the node itself cites, not those of its premises."""
    match proof:
        case Given(spans=spans):
            yield from spans
        case Comparison(left=left, right=right):
            for side in (left, right):
                if side.span is not None:
                    yield side.span
                for count in side.counts:
                    yield from (member.span for member in count.members)
        case All(bindings=bindings) | Failed(bindings=bindings):
            yield from (binding.span for binding in bindings)
        case Negation() | Any() | Absent() | NoBranch():
            return
        case _:
            assert_never(proof)
