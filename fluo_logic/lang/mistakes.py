"""The slips that rules are written with: what each looks like, what to say about it, how to read on after it.

A row of `SLIPS` is tried where the parser stopped.  ``example`` is a condition or a rule that makes the slip, and
every row is tested with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from fluo_logic.lang.suggest import nearest


@dataclass(frozen=True, slots=True)
class Slip:
    """One mistake.

    Attributes:
        code: The error code.
        at: What stands where the parser stopped (verbose regular expression).
        message: The sentence; ``{name}`` are the groups of ``at`` and ``after``, ``{found}`` is all of ``at``.
        example: A text that makes the slip.
        hint: The way out, with the same groups.
        after: What stands right before, if that matters.
        fix: What to read instead, so that later mistakes are found as well; None ends the search in this part.
        back: The caret begins where the group ``back`` of ``after`` does.
    """

    code: str
    at: str
    message: str
    example: str
    hint: str | None = None
    after: str = ""
    fix: str | None = None
    back: bool = False


UNITS: Final = {
    "nanosecond": "ns", "nanoseconds": "ns", "nanos": "ns", "nsec": "ns",
    "microsecond": "us", "microseconds": "us", "micros": "us", "usec": "us",
    "millisecond": "ms", "milliseconds": "ms", "millis": "ms", "msec": "ms", "msecs": "ms",
    "second": "s", "seconds": "s", "sec": "s", "secs": "s", "S": "s",
    "minute": "m", "minutes": "m", "min": "m", "mins": "m", "M": "m",
    "hour": "h", "hours": "h", "hr": "h", "hrs": "h", "H": "h",
    "day": "d", "days": "d", "D": "d",
}  # fmt: skip
"""How other languages write the units of a duration."""

SYNONYMS: Final = {
    "then": "before", "precedes": "before", "preceded": "after", "until": "before", "follows": "after",
    "since": "after", "inside": "during", "encloses": "covers", "includes": "covers", "contains": "covers",
    "overlap": "overlaps", "cover": "covers", "concurrent": "overlaps", "following": "after", "preceding": "before",
}  # fmt: skip
"""Words that resemble a relation."""

RELATION_WORDS: Final = ("before", "after", "during", "covers", "overlaps")
TREE_WORDS: Final = ("child", "parent", "descendant", "ancestor", "sibling")
FUNCTIONS: Final = ("count", "sum", "min", "max", "avg", "trace.has", "trace.count", "exists", "event")

_WORD = r"[A-Za-z_][\w-]*"
_NAME = r"[A-Za-z_][\w.-]*"

SLIPS: Final = (
    # Operators of other languages.
    Slip("E110", r"&&?", "`{found}` is written `and`", "a && b", fix=" and "),
    Slip("E110", r"\|\|?", "`{found}` is written `or`", "never { a || b }", fix=" or "),
    Slip("E110", r"(?:==|!=)=", "`{found}` is not a comparison", "a.x === 1", "write `{found:.2}`", fix=" == "),
    Slip("E110", r"=~", "`=~` is written `matches`", 'a.x =~ "b"', fix=" matches "),
    Slip("E110", r"!~", "`!~` is not an operator", 'a.x !~ "b"', 'write `not (… matches "…")`', fix=" matches "),
    Slip("E110", r"=<", "`=<` is not a comparison", "a.x =< 1", "write `<=`", fix=" <= "),
    Slip("E110", r"<>", "`<>` is not a comparison", "a.x <> 1", "write `!=`", fix=" != "),
    Slip(
        "E110",
        r"[-=]>|>>|<-|→",
        "`{found}` is not an operator",
        "a -> b",
        "write `A before B` for order in time, `A parent of B` for the span tree, or `>=` for numbers",
        fix=" before ",
    ),
    Slip("E110", r"=(?!=)", "`=` is not a comparison; write `==`", "a.x = 1", fix=" == "),
    Slip("E110", r"!(?!=)", "`!` is written `not`", "a and !b", fix=" not "),
    Slip("E110", r"≤|⩽", "`{found}` is written `<=`", "a.x ≤ 1", fix=" <= "),
    Slip("E110", r"≥|⩾", "`{found}` is written `>=`", "a.x ≥ 1", fix=" >= "),
    Slip("E110", r"≠", "`≠` is written `!=`", "a.x ≠ 1", fix=" != "),
    Slip("E110", r"∧", "`∧` is written `and`", "a ∧ b", fix=" and "),
    Slip("E110", r"\u2228", "`{found}` is written `or`", "never { a \u2228 b }", fix=" or "),
    Slip("E110", r"¬", "`¬` is written `not`", "a and ¬b", fix=" not "),
    Slip(
        "E110",
        r"(?P<word>AND|OR|NOT|IN|And|Or|Not|BEFORE|AFTER|AS|IS|WITHIN|DURING)(?![\w.-])",
        "keywords are written in lower case, and this is `{word}`",
        "a AND b",
        "write `{word_lower}`",
        fix=" {word_lower} ",
    ),
    Slip(
        "E110",
        r"(?P<word>equals|eq|gt|lt|gte|lte|ne)(?![\w.-])",
        "`{word}` is not an operator",
        "a.where(x eq 1)",
        "the comparisons are `==` `!=` `<` `<=` `>` `>=`",
        fix=" == ",
    ),
    Slip(
        "E110",
        r"like(?![\w.-])",
        "`like` is not an operator",
        'a.where(x like "b%")',
        "write `contains`, `starts_with`, `ends_with` or `matches`",
        fix=" contains ",
    ),
    Slip(
        "E110",
        r"(?P<word>startswith|startsWith|starts\s+with|hasPrefix)(?![\w.-])",
        "`{word}` is written `starts_with`",
        'a.where(x starts with "b")',
        fix=" starts_with ",
    ),
    Slip(
        "E110",
        r"(?P<word>endswith|endsWith|ends\s+with|hasSuffix)(?![\w.-])",
        "`{word}` is written `ends_with`",
        'a.where(x endsWith "b")',
        fix=" ends_with ",
    ),
    Slip(
        "E110",
        r"not\s+(?P<word>contains|starts_with|ends_with|matches)(?![\w.-])",
        "`not` stands before the whole comparison",
        'a.where(x not contains "b")',
        "write `not x {word} …`",
        fix=" {word} ",
    ),
    # Durations and numbers.
    Slip(
        "E116",
        r"(?P<number>-?\d+(?:\.\d+)?)(?P<unit>UNITS)(?![\w.])",
        "`{found}` is not a duration",
        "a before b within 30sec",
        "write `{number}{short}`",
        fix=" {number}{short} ",
    ),
    Slip(
        "E116",
        r"(?P<unit>UNITS|ns|us|ms|s|m|h|d)(?![\w.-])",
        "a duration is one word",
        "a.where(span:duration > 30 seconds)",
        "write `{number}{short}`",
        after=r"(?P<back>(?P<number>-?\d+(?:\.\d+)?)\s+)",
        fix=" {number}{short} ",
        back=True,
    ),
    Slip(
        "E116",
        r"(?P<number>-?\d+(?:\.\d+)?)\s+(?P<unit>UNITS|ns|us|ms|s|m|h|d)(?![\w.-])",
        "a duration is one word",
        "a before b within 30 minutes",
        "write `{number}{short}`",
        fix=" {number}{short} ",
    ),
    Slip(
        "E116",
        r"-?(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d)){2,}(?![\w.])",
        "`{found}` has more than one unit",
        "a before b within 1h30m",
        "write one number and one unit: `90m`, or `1.5h`",
        fix=" 1s ",
    ),
    Slip(
        "E116",
        r"(?P<number>-?\d+(?:\.\d+)?)(?P<word>[A-Za-zµ]+)(?![\w.])",
        "`{word}` is not a unit of time",
        "a before b within 3weeks",
        "the units are `ns` `us` `ms` `s` `m` `h` `d`; a text stands in quotes",
        fix=" 1s ",
    ),
    Slip(
        "E116",
        r"(?P<number>-?\d+(?:\.\d+)?)(?=\s*(?:[)}]|\Z|and\b|or\b))",
        "`within {number}` lacks the unit",
        "a before b within 30",
        "write `{number}s` for seconds; the units are `ns` `us` `ms` `s` `m` `h` `d`",
        after=r"within\s+",
        fix=" {number}s ",
    ),
    Slip(
        "E115",
        r"-?0\d+(?:\.\d+)?(?![\w.])",
        "a number does not begin with zeros",
        "a.where(x == 007)",
        "leave the zeros out, or write a text in quotes",
        fix=" 0 ",
    ),
    Slip(
        "E115",
        r"0[xXbBoO][0-9A-Fa-f]+(?![\w.])",
        "numbers are decimal",
        "a.where(x == 0x1F)",
        "write it in decimal, or as a text in quotes",
        fix=" 0 ",
    ),
    Slip(
        "E115",
        r"\d+(?:_\d+)+(?![\w.])",
        "a number has no `_` in it",
        "a.where(x > 1_000)",
        "write the digits alone",
        fix=" 0 ",
    ),
    Slip(
        "E115",
        r"\+(?P<number>\d+(?:\.\d+)?)(?![\w.])",
        "a positive number has no sign",
        "a.where(x > +1)",
        "write `{number}`",
        fix=" {number} ",
    ),
    Slip(
        "E115",
        r"-?\d+(?:[.-]\d+){2,}[\w.-]*|-?\d[\w.-]*[A-Za-z][\w.-]*",
        "`{found}` is neither a number nor a word",
        "a.where(version == 1.2.3)",
        'write it in quotes: `"{found}"`',
        fix=" 0 ",
    ),
    Slip(
        "E115",
        r"-?\d+\.(?!\d)",
        "digits follow the point of a number",
        "a.where(x > 1.)",
        "write `{found}0`",
        fix=" 0 ",
    ),
    # Variables.
    Slip(
        "E118",
        rf"(?P<word>{_WORD})",
        "a variable begins with `$`",
        "when { a as p } always { b }",
        "write `as ${word}`",
        after=r"(?<![\w.-])as\s+",
        fix=" ${word} ",
    ),
    Slip(
        "E118",
        rf"(?P<word>{_WORD})(?![\w.-])",
        "`is` compares two variables, and a variable begins with `$`",
        "when { a as $x and b as $y } always { $x is y }",
        "write `${word}`",
        after=r"(?<![\w.-])is\s+(?:not\s+)?",
        fix=" ${word} ",
    ),
    Slip(
        "E118",
        r"is(?![\w.-])",
        "`is` compares two variables, and a variable begins with `$`",
        "when { a as $x and b as $y } always { x is $y }",
        "write `${word} is …`; values are compared with `==`",
        after=rf"(?<![\w.$-])(?P<back>(?P<word>{_WORD})\s+)",
        back=True,
    ),
    Slip(
        "E118",
        r"is(?![\w.-])",
        "`is` compares two variables, not values",
        "a.where(x is true)",
        "write `==`",
        fix=" == ",
    ),
    Slip(
        "E118",
        r"\$\{\s*(?P<word>\w+)\s*\}",
        "a variable is written `$` and a name, without braces",
        "when { a as ${x} } always { b }",
        "write `${word}`",
        fix=" ${word} ",
    ),
    Slip(
        "E118",
        r"\$(?![A-Za-z_])\S?",
        "a variable is `$` and a name",
        "when { a as $1 } always { b }",
        "for example `$retry`",
        fix=" $x ",
    ),
    Slip(
        "E118",
        r"\.where(?![\w-])",
        "a variable names one span, so `.where` cannot follow it",
        "when { a as $x } always { $x.where(y == 1) before b }",
        "join a condition by `and`: `${word}.attribute == …`",
        after=rf"(?P<back>\$(?P<word>{_WORD})\s*)",
        back=True,
    ),
    Slip(
        "E118",
        r"[)}\]]|\Z|(?:and|or|not)\b|,",
        "`${word}` is a span, not a value",
        "when { a as $x } always { b.where(y == $x) }",
        "name one of its attributes: `${word}.attribute`",
        after=rf"(?P<back>\$(?P<word>{_WORD})\s*)",
        back=True,
    ),
    # Forms with parentheses.
    Slip(
        "E119",
        r"trace\.(?P<word>has|count)(?![\w.-])",
        "`trace.{word}` needs the name of a span in parentheses",
        "trace.has payment.charge",
        "write `trace.{word}(payment.charge)`",
    ),
    Slip(
        "E119",
        r"\S|\Z",
        "`{word}` needs parentheses around what it counts",
        "never { count distinct a.b > 1 }",
        "write `{word}(…)`",
        after=r"(?<![\w.$-])(?P<back>(?P<word>count)\s*)",
        back=True,
    ),
    Slip(
        "E119",
        r"\S|\Z",
        "`{word}` needs parentheses around what it measures",
        "never { max a.b > 1 }",
        "write `{word}(SPAN.attribute)`",
        after=r"(?<![\w.$-])(?P<back>(?P<word>sum|min|max|avg)\s*)",
        back=True,
    ),
    Slip(
        "E119",
        r"\)",
        "`.where()` is empty",
        "a.where()",
        "write a predicate between the parentheses, or leave `.where` out",
        after=r"(?P<back>\.where\s*\(\s*)",
        back=True,
    ),
    Slip(
        "E119",
        r"\S|\Z",
        "`.where` needs its predicate in parentheses",
        "a.where x > 1",
        "write `.where(attribute == value)`",
        after=r"(?P<back>\.where\s*)",
        back=True,
    ),
    Slip(
        "E119",
        r"where(?![\w.-])",
        "`where` follows its pattern after a dot",
        "a where (x > 1)",
        "write `.where(…)`",
        fix=".where",
    ),
    Slip(
        "E119",
        rf"(?P<word>{_NAME})(?![\w.-])",
        "`exists` needs parentheses",
        "a.where(exists x)",
        "write `exists({word})`",
        after=r"(?<![\w.$-])(?P<back>exists\s+)",
        back=True,
    ),
    Slip(
        "E119",
        r"\(",
        "`{word}` is not a function",
        "avrg(a.b) > 1",
        "{function_hint}",
        after=rf"(?<![\w.$-])(?P<back>(?P<word>{_NAME})\s*)",
        back=True,
    ),
    # Relations.
    Slip(
        "E130",
        r"(?P<word>child|parent|descendant|ancestor|sibling)(?!\s+of\b)(?![\w.-])",
        "`{word}` is written `{word} of`",
        "a child b",
        fix=" {word} of ",
    ),
    Slip(
        "E130",
        r"linked(?!\s+(?:to|from)\b)(?![\w.-])",
        "`linked` is written `linked to` or `linked from`",
        "a linked b",
        fix=" linked to ",
    ),
    Slip(
        "E130",
        r"(?P<word>SYNONYMS)(?![\w.-])",
        "`{word}` is not a relation",
        "a follows b",
        "did you mean `{relation}`?",
        fix=" {relation} ",
    ),
    Slip(
        "E130",
        r"within(?![\w.-])",
        "`within` belongs to `before`, `after` and counts",
        "a within 30s",
        "write `A before B within 30s`, or `count(A) within 1m`",
    ),
    Slip(
        "E130",
        r"(?P<word>before|after|during|covers|overlaps|(?:child|parent|descendant|ancestor|sibling)\s+of)(?![\w.-])",
        "a relation joins two patterns, and this is the second one in a row",
        "a before b before c",
        "write `A before B as $b and $b before C`",
        after=r"[\w)\"*]\s+",
    ),
    # Arithmetic.
    Slip(
        "E134",
        r"[-+*](?=\S)|(?<=\S)[-+*]",
        "`{found}` needs a space on both sides",
        "never { count(a) +count(b) > 3 }",
        "hyphens belong to names, so write `a {found} b`",
        fix=" {found} ",
    ),
    Slip(
        "E134",
        r"[/%](?!/)",
        "there is no division",
        "never { count(a) / 2 > 3 }",
        "multiply the other side instead",
    ),
    # Punctuation of other languages.
    Slip("E101", r";", "nothing ends with `;` here", "never { a; }", "remove it", fix=" "),
    Slip("E101", r"\#[^\n]*", "a comment begins with `//`", "a and b # both", fix=" "),
    Slip("E101", r":", "an attribute is compared with `==`", "a.where(x: 1)", fix=" == ", after=rf"{_NAME}\s*"),
    Slip("E101", r",", "conditions are joined by `and` or `or`, not by commas", "never { a, b }", fix=" and "),
    Slip(
        "E101",
        r"[^\W\d_]\w*|[^\x00-\x7f]",
        "an unquoted name has only letters a to z, digits, `_`, `-` and `.`",
        "never { größe }",
        "write it in double quotes",
    ),
)
"""In the order in which they are tried.  The last row is tried only where a character outside ASCII stands."""


@dataclass(frozen=True, slots=True)
class Found:
    """A slip at a place: offsets into the text that was parsed, and what to read instead."""

    code: str
    message: str
    start: int
    end: int
    hint: str | None
    fix: str | None
    fix_start: int
    fix_end: int


_PATTERNS = {"UNITS": "|".join(sorted(UNITS, key=len, reverse=True)), "SYNONYMS": "|".join(SYNONYMS)}
_REACH = 200


def _compiled(slip: Slip) -> tuple[Slip, re.Pattern[str], re.Pattern[str] | None]:
    at = slip.at
    for name, alternatives in _PATTERNS.items():
        at = at.replace(name, alternatives)
    return slip, re.compile(at), re.compile(rf"(?:{slip.after})\Z") if slip.after else None


_COMPILED: Final = tuple(_compiled(slip) for slip in SLIPS)


def find_slip(text: str, position: int) -> Found | None:
    """Return the first slip of the table that was made at ``position``, None where none was."""
    before = text[max(0, position - _REACH) : position]
    for slip, at, after in _COMPILED:
        found = at.match(text, position)
        if found is None or (slip is SLIPS[-1] and found[0].isascii()):
            continue
        earlier = after.search(before) if after is not None else None
        if after is not None and earlier is None:
            continue
        return _found(slip, found, earlier)
    return None


def _found(slip: Slip, found: re.Match[str], earlier: re.Match[str] | None) -> Found:
    groups = {"found": found[0], **found.groupdict(""), **(earlier.groupdict("") if earlier is not None else {})}
    word = groups.get("word", "")
    groups["word_lower"] = word.lower()
    groups["short"] = UNITS.get(groups.get("unit", ""), groups.get("unit", ""))
    groups["relation"] = SYNONYMS.get(word, "")
    near = nearest(word, FUNCTIONS)
    groups["function_hint"] = (
        f"did you mean `{near}(…)`?" if near is not None else f"quote a span of that name, or write `{word}.where(…)`"
    )
    start = found.start()
    if slip.back and earlier is not None:
        start -= len(earlier["back"])
    return Found(
        slip.code,
        slip.message.format(**groups),
        start,
        max(found.end(), start + 1),
        slip.hint.format(**groups) if slip.hint is not None else None,
        slip.fix.format(**groups) if slip.fix is not None else None,
        start if slip.back else found.start(),
        found.end(),
    )
