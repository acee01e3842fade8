"""Traces as terse text, so that a case can be read at a glance.

::

    trace t1: violated                          // the verdict that is due, written by hand
      checkout 0s..10s @shop                    // a root span, of service shop
        payment.charge #p 1s..2s attempt=1      // its child, with id p and an attribute
          ! exception 1.5s type="Timeout"       // an event of that span
      audit.log 3s.. ^gone span:status=error    // never ended; parent id gone, which is not in the data

A span is ``NAME [#id] [start]..[end]`` and then, in any order, ``@service``, ``^parent`` (without one, indentation
tells it), ``->span`` or ``->trace/span`` (a link), ``dropped:attributes=2`` (or events, links), and ``key=value``
pairs: ``span:kind``, ``span:status``, ``span:status_message``, ``scope:name`` and ``resource:…`` set fields of their
own, everything else is an attribute.  Values are JSON, ``base64:…`` for bytes, or bare words; names and keys may be
JSON strings.  Times are durations since `EPOCH`.  A span without an id is numbered through its file: a1, a2, …
``scope c1: violated`` states what is due for a scope that is no trace (``scope *`` for all traces).
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.lang.literals import decode_duration
from fluo_logic.values import Value

EPOCH: Final = 1_767_225_600 * 10**9
"""2026-01-01T00:00:00Z in nanoseconds."""
HEAD: Final = re.compile(r"(?P<kind>trace|scope) (?P<id>\S+?)(?:: (?P<verdict>[a-z]+))?")
TOKEN: Final = re.compile(
    r"""\s+(?:
        \#(?P<id>\S+)
      | @(?P<service>\S+)
      | \^(?P<parent>\S+)
      | ->(?P<link>\S+)
      | (?P<key>"(?:[^"\\]|\\.)*"|[^\s="]+)=
      | (?P<times>[^\s=]*\.\.[^\s=]*)
      | (?P<time>[0-9.]+(?:ns|us|ms|s|m|h|d))
    )""",
    re.VERBOSE,
)
NAME: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')
BARE: Final = re.compile(r"\S+")
JSON_DECODER: Final = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class TraceFile:
    """The spans of a file, and the verdict that is due for each scope that the file names."""

    spans: tuple[Span, ...]
    due: Mapping[str, str]


@dataclass
class _Line:
    """What a line says of a span or an event."""

    name: str
    id: str | None = None
    parent: str | None = None
    times: tuple[int | None, int | None] = (None, None)
    service: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)


def read_trace_text(text: str) -> TraceFile:
    """Return the spans that a text tells of; raises ValueError with the line that makes no sense."""
    due: dict[str, str] = {}
    spans: list[Span] = []
    trace_id = "t"
    open_spans: list[tuple[int, str]] = []
    for line in _lines(text):
        head = HEAD.fullmatch(line)
        if head is not None:
            if head["verdict"]:
                due[head["id"]] = head["verdict"]
            trace_id = head["id"] if head["kind"] == "trace" else trace_id
            open_spans = []
            continue
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("! "):
            owner = spans.pop()
            spans.append(_with_event(owner, _parse(line.lstrip()[2:])))
            continue
        parsed = _parse(line.strip())
        while open_spans and open_spans[-1][0] >= indent:
            open_spans.pop()
        span_id = parsed.id or f"a{len(spans) + 1}"
        parent = parsed.parent or (open_spans[-1][1] if open_spans else None)
        open_spans.append((indent, span_id))
        spans.append(_span(parsed, trace_id, span_id, parent))
    return TraceFile(tuple(spans), due)


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        kept = re.sub(r"(?:^|\s+)//.*", "", line).rstrip()
        if kept:
            yield kept


def _parse(text: str) -> _Line:
    name = NAME.match(text)
    if name is None:
        message = f"no name in {text!r}"
        raise ValueError(message)
    found = _Line(_word(name[0]))
    position = name.end()
    while position < len(text):
        token = TOKEN.match(text, position)
        if token is None:
            message = f"cannot read {text[position:]!r} in {text!r}"
            raise ValueError(message)
        position = token.end()
        if token["key"]:
            value, position = _value(text, position)
            found.values[_word(token["key"])] = value
        elif token["times"]:
            start, _, end = token["times"].partition("..")
            found.times = (_time(start), _time(end))
        elif token["time"]:
            found.times = (_time(token["time"]), None)
        elif token["link"]:
            found.links.append(token["link"])
        else:
            found.id, found.parent = token["id"] or found.id, token["parent"] or found.parent
            found.service = token["service"] or found.service
    return found


def _word(text: str) -> str:
    return str(json.loads(text)) if text.startswith('"') else text


def _time(text: str) -> int | None:
    return EPOCH + decode_duration(text) if text else None


def _value(text: str, position: int) -> tuple[Value, int]:
    bare = BARE.match(text, position)
    if bare is None:
        message = f"no value at {text[position:]!r} in {text!r}"
        raise ValueError(message)
    if bare[0].startswith("base64:"):
        return base64.b64decode(bare[0].removeprefix("base64:")), bare.end()
    try:
        value, end = JSON_DECODER.raw_decode(text, position)
    except json.JSONDecodeError:
        return bare[0], bare.end()
    # `2x` and `1.2.3` begin like numbers, but are words.
    return (_frozen(value), end) if text[end : end + 1] in {"", " "} else (bare[0], bare.end())


def _frozen(value: object) -> Value:
    match value:
        case list():
            return tuple(_frozen(item) for item in value)
        case dict():
            return {key: _frozen(item) for key, item in value.items()}
        case str() | bool() | int() | float():
            return value
        case _:
            message = f"not a value: {value!r}"
            raise ValueError(message)


def _span(parsed: _Line, trace_id: str, span_id: str, parent: str | None) -> Span:
    values = dict(parsed.values)
    resource = {key.removeprefix("resource:"): values.pop(key) for key in list(values) if key.startswith("resource:")}
    if parsed.service is not None:
        resource["service.name"] = parsed.service
    dropped = [values.pop(f"dropped:{kind}", 0) for kind in ("attributes", "events", "links")]
    attributes, events, links = (count if isinstance(count, int) else 0 for count in dropped)
    return Span(
        trace_id=trace_id,
        span_id=span_id,
        name=parsed.name,
        parent_id=parent,
        kind=Kind(str(values.pop("span:kind", "internal"))),
        status=Status(str(values.pop("span:status", "unset"))),
        status_message=str(values.pop("span:status_message", "")),
        start=parsed.times[0],
        end=parsed.times[1],
        scope=Scope(str(values.pop("scope:name", ""))),
        links=tuple(_link(link, trace_id) for link in parsed.links),
        dropped_attributes=attributes,
        dropped_events=events,
        dropped_links=links,
        resource=Resource(resource),
        attributes=values,
    )


def _link(text: str, trace_id: str) -> Link:
    other, slash, span_id = text.partition("/")
    return Link(other, span_id) if slash else Link(trace_id, other)


def _with_event(span: Span, parsed: _Line) -> Span:
    event = Event(parsed.name, parsed.times[0], parsed.values)
    return replace(span, events=(*span.events, event))
