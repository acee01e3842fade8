"""One line of help for every word of the rule language, as hover shows it and completion lists it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

METADATA: Final = MappingProxyType(
    {
        "severity": "how bad a violation is: critical, high, medium (default), low or info",
        "category": "the family of invariants: existence, ordering, isolation or boundary",
        "tags": "words to select rules by, separated by commas",
        "controls": "compliance controls that this rule is evidence for, separated by commas",
        "aliases": "older names of attributes, as texts `current = older`, separated by commas",
        "runbook": "what to read when the rule is violated",
        "description": "what the rule is for",
        "display": "the sentence of a violation; `{$x.attribute}` stands for a value of a variable of `when`",
    }
)
"""What a rule tells about itself."""
SEVERITIES: Final = MappingProxyType(
    {
        "critical": "the worst severity",
        "high": "the second of five severities",
        "medium": "the severity of a rule that names none",
        "low": "the fourth of five severities",
        "info": "the mildest severity",
    }
)
CATEGORIES: Final = MappingProxyType(
    {
        "existence": "something has to be there",
        "ordering": "something has to come before something else",
        "isolation": "something has to be kept apart",
        "boundary": "something has to stay within a limit",
    }
)
SCOPES: Final = MappingProxyType(
    {
        "per trace": "the rule speaks of each trace by itself (default)",
        "across traces by": "the rule speaks of the spans of all traces that share a value of an attribute",
        "across traces": "the rule speaks of all traces together",
    }
)
BLOCKS: Final = MappingProxyType(
    {
        "when": "what the rule is about: there is an obligation for every match of its variables",
        "always": "what has to hold for every match of `when`",
        "never": "what must not hold for any match of `when`",
        "example": "traces and the verdict that they deserve; `fluo test` runs them",
    }
)
HEADS: Final = MappingProxyType(
    {
        "rule": 'begins a rule: `rule ID "title" { … }`',
        "trace": "a trace of an example: `trace { span(attribute: value) @ 0s .. 1s }`",
    }
)
VERDICTS: Final = MappingProxyType(
    {
        "violated": "an obligation fails",
        "satisfied": "every obligation holds",
        "vacuous": "`when` matches nothing",
        "pending": "an obligation fails now, and a span could still arrive before its deadline",
        "inconclusive": "an obligation fails because something is missing that may have been lost",
    }
)
CONNECTIVES: Final = MappingProxyType(
    {
        "and": "both sides hold; it binds tighter than `or`",
        "or": "at least one side holds",
        "not": "the condition does not hold; a comparison with a missing value is false, so its negation is true",
    }
)
RELATIONS: Final = MappingProxyType(
    {
        "before": "the left span ends at or before the right one starts; `within 30s` limits the gap",
        "after": "the left span starts at or after the right one ends; `within 30s` limits the gap",
        "during": "the left span starts no earlier and ends no later than the right one",
        "covers": "the left span starts no later and ends no earlier than the right one",
        "overlaps": "each span starts before the other ends",
        "child of": "the right span is the direct parent of the left one",
        "parent of": "the left span is the direct parent of the right one",
        "descendant of": "the right span is somewhere above the left one in its trace",
        "ancestor of": "the left span is somewhere above the right one in its trace",
        "sibling of": "both spans have the same parent id",
        "linked to": "the left span has a link to the right one",
        "linked from": "the right span has a link to the left one",
    }
)
OTHERS: Final = MappingProxyType(
    {
        "as": "names the span that the pattern before it matches: `payment.charge as $p`",
        "is": "two variables name the same span: `$x is $y`, `$x is not $y`",
        "within": "limits the gap of `before` and `after`; makes `count` and `sum` the largest over all such windows",
        ".where": "keeps the spans that satisfy a predicate: `payment.charge.where(attempt > 1)`",
    }
)
OPERATORS: Final = MappingProxyType(
    {
        "==": "equal: as numbers where the right side is a number, else as texts",
        "!=": "not equal, or the value is missing",
        "<": "less than; false where a value is missing",
        "<=": "at most; false where a value is missing",
        ">": "more than; false where a value is missing",
        ">=": "at least; false where a value is missing",
        "in": "equal to one of a list: `status in [500, 503]`",
        "not in": "equal to none of a list, or the value is missing",
        "contains": "the text has this part; a list has this element",
        "starts_with": "the text begins with this",
        "ends_with": "the text ends with this",
        "matches": "the RE2 pattern occurs somewhere in the text",
    }
)
MEASURE_OPERATORS: Final = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
ARITHMETIC: Final = MappingProxyType(
    {
        "+": "sum; with spaces around it, because hyphens belong to names",
        "-": "difference; with spaces around it, because hyphens belong to names",
        "*": "product; a span of any name where a name is expected",
    }
)
AGGREGATES: Final = MappingProxyType(
    {
        "count": "the number of spans that match, or of different values: `count(distinct payment.charge.intent)`",
        "sum": "the sum of an attribute over the spans that match; 0 where there are none",
        "min": "the least value of an attribute; missing where no span matches",
        "max": "the greatest value of an attribute; missing where no span matches",
        "avg": "the average of an attribute; missing where no span matches",
    }
)
FORMS: Final = MappingProxyType(
    {
        "trace.has": "at least one span matches: `trace.has(P)` is `P`",
        "trace.count": "the number of spans that match: `trace.count(P)` is `count(P)`",
        "distinct": "counts different values instead of spans",
        "exists": "the attribute has a value: `exists(tenant.id)`",
        "event": "the span has an event of this name: `event(retry).where(attempt > 1)`",
    }
)
INTRINSICS: Final = MappingProxyType(
    {
        "span:name": "the name of the span",
        "span:id": "the id of the span, in hexadecimal digits",
        "span:parent_id": "the id of the span's parent; missing for a root",
        "span:kind": "internal, server, client, producer, consumer or unspecified",
        "span:status": "unset, ok or error",
        "span:status_message": "the message of the status",
        "span:duration": "from start to end, as `200ms` or `1.5h`; missing for a span that never ended",
        "span:start": "when the span began; compares with other times and RFC 3339 texts",
        "span:end": "when the span ended, likewise; missing for a span that never did",
        "span:root": "true for a span without a parent id",
        "span:orphan": "true for a span whose parent is not in the data, unless it is the topmost span of its trace",
        "scope:name": "the name of the instrumentation scope",
        "trace:id": "the id of the trace, in hexadecimal digits",
    }
)
CONSTANTS: Final = MappingProxyType({"true": 'true; equal to the text "true"', "false": "false"})
HELP: Final = MappingProxyType(
    {
        **METADATA, **BLOCKS, **HEADS, **CONNECTIVES, **RELATIONS, **OTHERS, **OPERATORS, **ARITHMETIC, **AGGREGATES,
        **FORMS, **INTRINSICS, **SCOPES,
    }
)  # fmt: skip
"""Words that mean the same wherever they are words of the language."""
VALUES: Final = MappingProxyType({"severity": SEVERITIES, "category": CATEGORIES, "example": VERDICTS})
"""The words that follow these."""
