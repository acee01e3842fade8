"""What rules can speak of in traces: the names of spans, each with its services, attributes and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from fluo_logic.explain.words import inert, plural, shortened, value_text
from fluo_logic.facts.model import Span
from fluo_logic.lang.write import name as written
from fluo_logic.lang.write import resource
from fluo_logic.values import Value

EXAMPLES: Final = 3
"""How many values of an attribute are shown."""
SERVICES: Final = 4
"""How many services of the spans of a name are named before the rest is counted."""
LONGEST: Final = 40
"""Of a value, in characters."""
NARROWEST_KEY: Final = 12
WIDEST_KEY: Final = 36


def name_list(spans: Sequence[Span], width: int) -> str:
    """Return the names of spans as rules spell them, the most frequent first, with what the spans of each have.

    Args:
        spans: of any number of traces.
        width: how long a line may be, in characters.
    """
    by_name: dict[str, list[Span]] = {}
    for span in spans:
        by_name.setdefault(span.name, []).append(span)
    lines = [
        line
        for name, own in sorted(by_name.items(), key=lambda item: (-len(item[1]), item[0]))
        for line in _of_name(name, own, width)
    ]
    resources = list({id(span.resource): span.resource.attributes for span in spans}.values())
    lines.extend(_section("resources", resources, resource, width))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _of_name(name: str, spans: Sequence[Span], width: int) -> Iterator[str]:
    services = sorted({str(span.resource.attributes.get("service.name", "")) for span in spans} - {""})
    told = ", ".join(inert(service) for service in services[:SERVICES])
    more = f" and {len(services) - SERVICES} more" if len(services) > SERVICES else ""
    heading = f"{shortened(written(name), 200)} — {plural(len(spans), 'span')}{f' of {told}{more}' if told else ''}"
    yield from _section(heading, [span.attributes for span in spans], written, width)
    events = Counter(event.name for span in spans for event in span.events)
    for event, count in sorted(events.items()):
        yield _cut(f"  event({shortened(written(event), LONGEST)})  {plural(count, 'time')}", width)
    yield ""


def _section(
    heading: str, found: Sequence[Mapping[str, Value]], spelling: Callable[[str], str], width: int
) -> Iterator[str]:
    """Yield a heading, and below it a line for each attribute: how a rule spells it, some values, on how many spans."""
    yield _cut(heading, width)
    values: dict[str, list[Value]] = {}
    for attributes in found:
        for key, value in attributes.items():
            values.setdefault(key, []).append(value)
    rows = [(shortened(spelling(key), 200), key) for key in sorted(values)]
    column = min(WIDEST_KEY, max((len(spelt) for spelt, _ in rows), default=0))
    for spelt, key in rows:
        partly = f"  ({len(values[key]):,} of {len(found):,})" if len(values[key]) < len(found) else ""
        yield _cut(f"  {spelt.ljust(max(NARROWEST_KEY, column))}  {_examples(values[key])}{partly}", width)


def _examples(values: Iterable[Value]) -> str:
    """Return the first different values, and whether there are more."""
    shown: dict[str, None] = {}
    for value in values:
        text = shortened(value_text(value), LONGEST)
        if text not in shown and len(shown) == EXAMPLES:
            return f"{', '.join(shown)}, …"
        shown[text] = None
    return ", ".join(shown)


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"
