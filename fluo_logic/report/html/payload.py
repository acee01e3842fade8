"""What an HTML report holds, as one compact JSON document that its script draws.

Texts stand once, in ``strings``, and everything else names them by number.  Spans are columns by trace and have one
number throughout the report.  Times are nanoseconds after ``base``.  Every text of a trace is inert and shortened
before it comes here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, TypeAlias

from fluo_logic.explain import proof as p
from fluo_logic.explain.outline import Item, obligation_outline, proof_day
from fluo_logic.explain.text import SENTENCE, scope_text
from fluo_logic.explain.words import duration_text, inert, shortened
from fluo_logic.facts.dataset import Dataset
from fluo_logic.facts.model import Kind, Span, Status
from fluo_logic.facts.store import lookup
from fluo_logic.report.html.citations import NAME_SHOWN, Citations, proof_spans, span_label, windows_of
from fluo_logic.report.html.ghosts import Ghost, ghosts_of
from fluo_logic.report.html.traces import Excerpt, excerpt, limit_for
from fluo_logic.report.violation import VERDICTS, Violation
from fluo_logic.values import canonical_text

Json: TypeAlias = "str | bool | int | float | Sequence[Json] | Mapping[str, Json] | None"

KINDS: Final = tuple(kind.value for kind in Kind)
MOST_TRACES: Final = 128
"""How many traces are drawn for one violation."""
MOST_ATTRIBUTES: Final = 40
"""How many attributes of one span are held."""
ALL_ATTRIBUTES: Final = 6_000
"""Up to how many spans a report holds the attributes of all of them, and beyond of those that proofs cite."""
VALUE_SHOWN: Final = 200
FAILED: Final = 1
STRAY: Final = 2
"""Bits of a span: its status is an error; its parent is not in the data."""
EXPECTED: Final = frozenset({"violated", "inconclusive", "pending"})


@dataclass(slots=True)
class Strings:
    """Texts by number, each once."""

    texts: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, text: str) -> int:
        """Return the number of a text, which is added where it is new."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found


@dataclass(frozen=True, slots=True)
class Entry:
    """A violation with what is drawn for it: spans its proof cites, those it misses, its traces (and how many more)."""

    violation: Violation
    times: int
    cited: tuple[p.SpanRef, ...]
    ghosts: tuple[Ghost, ...]
    traces: tuple[str, ...]
    more: int


class Payload:
    """Makes the document for violations of one data set."""

    def __init__(self, violations: Iterable[Violation], dataset: Dataset) -> None:
        """Choose the traces of each violation, and what is held of them."""
        self.dataset = dataset
        self.strings = Strings()
        self._scopes: dict[str, dict[str, tuple[str, ...]]] = {}
        self.entries = [self._entry(violation, times) for violation, times in grouped(violations)]
        self.numbers: dict[tuple[str, str], int] = {}
        self.excerpts = self._excerpts()

    # --- what is drawn --------------------------------------------------------------------------------------------

    def _entry(self, violation: Violation, times: int) -> Entry:
        proof = violation.proof
        cited = tuple(violation.witness.values()) if proof is None else proof_spans(proof)
        wanted = dict.fromkeys(span.trace_id for span in cited)
        if "trace_id" in violation.scope:
            wanted[violation.scope["trace_id"]] = None
        for key, value in violation.scope.items():
            wanted.update(dict.fromkeys(self._traces_of(key, value)))
        known = [trace_id for trace_id in wanted if trace_id in self.dataset.traces]
        shown = known[:MOST_TRACES]
        shown.sort(key=self._order.__getitem__)
        ghosts = () if proof is None or violation.verdict == "satisfied" else ghosts_of(proof)
        return Entry(violation, times, cited, ghosts, tuple(shown), len(known) - len(shown))

    @cached_property
    def _order(self) -> Mapping[str, int]:
        return {trace_id: number for number, trace_id in enumerate(self.dataset.traces)}

    def _traces_of(self, key: str, value: str) -> Sequence[str]:
        """Return the traces that have a span of this scope."""
        if key == "trace_id":
            return ()
        if key not in self._scopes:
            found: dict[str, dict[str, None]] = {}
            for span in self.dataset.spans:
                own = lookup(span, key)
                if own is not None:
                    found.setdefault(canonical_text(own), {})[span.trace_id] = None
            self._scopes[key] = {text: tuple(traces) for text, traces in found.items()}
        return self._scopes[key].get(value, ())

    def _excerpts(self) -> dict[str, Excerpt]:
        """Return what is held of each trace, and number its spans."""
        cited: dict[str, set[str]] = {trace_id: set() for entry in self.entries for trace_id in entry.traces}
        for entry in self.entries:
            for ref in entry.cited:
                if ref.trace_id in cited:
                    cited[ref.trace_id].add(ref.span_id)
        limit = limit_for([len(self.dataset.traces[trace_id].spans) for trace_id in cited])
        excerpts = {trace_id: excerpt(self.dataset.traces[trace_id], ids, limit) for trace_id, ids in cited.items()}
        self.cited = {(trace_id, span_id) for trace_id, ids in cited.items() for span_id in ids}
        for trace_id, held in excerpts.items():
            for span in held.spans:
                self.numbers[trace_id, span.span_id] = len(self.numbers)
        return excerpts

    @cached_property
    def base(self) -> int:
        """The earliest time of the spans that are held, in nanoseconds since the Unix epoch."""
        times = (time for held in self.excerpts.values() for span in held.spans for time in (span.start, span.end))
        return min((time for time in times if time is not None), default=0)

    # --- the document ---------------------------------------------------------------------------------------------

    def document(self, head: Mapping[str, Json], rules: Sequence[str]) -> dict[str, Json]:
        """Return the document: what ``head`` says, the violations (``rules`` are the ids of rules), and the spans."""
        positions = {rule: number for number, rule in enumerate(rules)}
        places = {trace_id: number for number, trace_id in enumerate(self.excerpts)}
        entries = [self._entry_json(entry, positions, places) for entry in self.entries]
        complete = len(self.numbers) <= ALL_ATTRIBUTES
        traces = [self._trace_json(trace_id, held, complete=complete) for trace_id, held in self.excerpts.items()]
        return {
            **head,
            "verdicts": VERDICTS,
            "kinds": KINDS,
            "base": str(self.base),
            "complete": complete,
            "entries": entries,
            "traces": traces,
            "strings": self.strings.texts,
        }

    def _keys(self, spans: Iterable[p.SpanRef]) -> list[int]:
        keys = (self.numbers.get((span.trace_id, span.span_id)) for span in spans)
        return [key for key in keys if key is not None]

    def _text(self, text: str) -> int:
        return self.strings.number(inert(text.replace("\n", " ")))

    def _entry_json(self, entry: Entry, rules: Mapping[str, int], places: Mapping[str, int]) -> Json:
        violation, proof = entry.violation, entry.violation.proof
        day = None if proof is None else proof_day(proof)
        where = " · ".join([scope_text(violation.scope.items()), *([day] if day else []), *_excuse(violation)])
        items: list[Json] = []
        if proof is not None:
            outline = obligation_outline(proof)
            linked = _linked(outline, entry.ghosts)
            citations = Citations(proof)
            items = [self._item_json(item, outline, citations, linked) for item in outline]
        return {
            "rule": rules[violation.rule],
            "verdict": VERDICTS.index(violation.verdict),
            "said": self._text(shortened(violation.sentence, SENTENCE)),
            "where": self._text(where),
            "print": violation.fingerprint,
            "excused": violation.excused,
            "times": entry.times,
            "labels": self._labels(violation),
            "cited": self._keys(entry.cited),
            "traces": [places[trace_id] for trace_id in entry.traces],
            "more": entry.more,
            "items": items,
            "ghosts": [self._ghost_json(ghost, violation.verdict) for ghost in entry.ghosts],
            "windows": []
            if proof is None
            else [[window.start - self.base, window.length] for window in windows_of(proof)],
        }

    def _labels(self, violation: Violation) -> Json:
        """Return pairs of a span and the variable that it stands for."""
        named = {f"${name}": span for name, span in violation.witness.items()}
        if violation.proof is not None:
            named.update({binding.label: binding.span for binding in violation.proof.bindings if binding.label})
            for node in p.walk(violation.proof.condition):
                if isinstance(node, p.All):
                    named.update({binding.label: binding.span for binding in node.bindings if binding.label})
        pairs = ((self.numbers.get((span.trace_id, span.span_id)), label) for label, span in named.items())
        return [[key, self._text(label)] for key, label in pairs if key is not None]

    def _item_json(
        self, item: Item, beside: Sequence[Item], citations: Citations, linked: Mapping[int, list[int]]
    ) -> Json:
        return [
            -1 if item.holds is None else int(item.holds),
            self._text(item.text),
            self._keys(citations.of(item, beside)),
            linked.get(id(item), []),
            [self._item_json(child, item.children, citations, linked) for child in item.children],
        ]

    def _ghost_json(self, ghost: Ghost, verdict: str) -> Json:
        anchor = ghost.anchor
        label = ghost.label or ("" if anchor is None else span_label(anchor))
        how = " or ".join(f"{place.value} {label}" for place in ghost.places)
        if ghost.within is not None:
            how += f", within {duration_text(ghost.within)}"
        return {
            "name": self._text("any span" if ghost.name is None else shortened(ghost.name, NAME_SHOWN)),
            "wanted": self._text(shortened(ghost.wanted, VALUE_SHOWN)),
            "how": self._text(how),
            "place": ghost.places[0].value if ghost.places else "",
            "anchor": -1 if anchor is None else self.numbers.get((anchor.trace_id, anchor.span_id), -1),
            "within": ghost.within,
            "expected": verdict in EXPECTED,
        }

    def _trace_json(self, trace_id: str, held: Excerpt, *, complete: bool) -> Json:
        spans, base = held.spans, self.base
        orphans = self.dataset.traces[trace_id].orphans
        return {
            "id": inert(trace_id),
            "all": len(self.dataset.traces[trace_id].spans),
            "first": self.numbers[trace_id, spans[0].span_id] if spans else 0,
            "ids": [inert(span.span_id) for span in spans],
            "names": [self._text(shortened(span.name, NAME_SHOWN)) for span in spans],
            "services": [self._text(shortened(span.resource.service or "", NAME_SHOWN)) for span in spans],
            "up": held.parents,
            "starts": [None if span.start is None else span.start - base for span in spans],
            "ends": [None if span.end is None else span.end - base for span in spans],
            "kind": [KINDS.index(span.kind.value) for span in spans],
            "bits": [FAILED * (span.status is Status.ERROR) + STRAY * (span.span_id in orphans) for span in spans],
            "more": [
                self._more_json(span) if complete or (trace_id, span.span_id) in self.cited else 0 for span in spans
            ],
            "gaps": held.gaps,
        }

    def _more_json(self, span: Span) -> Json:
        """Return names and values, one after the other, of what else there is to say of a span; 0 for nothing."""
        texts: list[int] = []
        if span.status_message:
            texts += self._text("status message"), self._text(shortened(span.status_message, VALUE_SHOWN))
        for number, (key, value) in enumerate(span.attributes.items()):
            if number == MOST_ATTRIBUTES:
                texts += self._text("…"), self._text(f"{len(span.attributes) - number:,} more attributes")
                break
            texts += self._text(shortened(key, NAME_SHOWN)), self._text(shortened(canonical_text(value), VALUE_SHOWN))
        return texts or 0


def grouped(violations: Iterable[Violation]) -> list[tuple[Violation, int]]:
    """Return the violations, those of one rule with one fingerprint as one, with how many each stands for."""
    groups: dict[object, list[Violation]] = {}
    for number, violation in enumerate(violations):
        key = (violation.rule, violation.fingerprint) if violation.fingerprint else number
        groups.setdefault(key, []).append(violation)
    proved = (next((one for one in group if one.proof is not None), group[0]) for group in groups.values())
    return [(violation, len(group)) for violation, group in zip(proved, groups.values(), strict=True)]


def _linked(outline: Sequence[Item], ghosts: Sequence[Ghost]) -> dict[int, list[int]]:
    """Return, by the identity of an item, the numbers of the spans whose absence it states."""
    linked: dict[int, list[int]] = {}
    for number, ghost in enumerate(ghosts):
        found = [item for item in _items(outline) if any(_states(item, goal) for goal in ghost.goals)]
        for item in found or outline[-1:]:
            linked.setdefault(id(item), []).append(number)
            for child in item.children:
                if child.holds is None and not child.children and not child.spans:
                    # The line that says among how many spans there is none.
                    linked.setdefault(id(child), []).append(number)
    return linked


def _states(item: Item, goal: str) -> bool:
    return item.text == goal or item.text.endswith(f"  {goal}")


def _items(items: Sequence[Item]) -> Iterable[Item]:
    for item in items:
        yield item
        yield from _items(item.children)


def _excuse(violation: Violation) -> Iterator[str]:
    """Yield why a violation does not count, where it does not."""
    if violation.waiver is not None:
        yield f"waived: {violation.waiver.text}"
    elif violation.known:
        yield "known to the baseline"
