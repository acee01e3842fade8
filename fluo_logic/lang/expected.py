"""Says in words what the parser expected where it stopped."""

from __future__ import annotations

from typing import Final

from lark import UnexpectedInput

START_OF_VALUE: Final = frozenset({"NUMBER", "STRING", "NAME", "LSQB"})

PHRASES: Final = (
    ({"TRACE_HAS", "NAME", "VARIABLE", "NOT"}, "a condition"),
    ({"EXISTS", "NAME"}, "a predicate"),
    ({"TRACE_HAS", "NAME", "ANY"}, "a pattern"),
    ({"NUMBER", "BOOLEAN", "STRING", "NAME"}, "a value"),
    ({"COUNT", "NUMBER", "VARIABLE"}, "a measure"),
    ({"INTRINSIC", "NAME", "STRING"}, "an attribute"),
    ({"COMPARE"}, "a comparison"),
    ({"BEFORE", "CHILD_OF"}, "a relation"),
    ({"PLUS", "MINUS"}, "arithmetic"),
    ({"WHEN", "SEVERITY"}, "metadata or a block"),
    ({"WHEN", "ALWAYS"}, "`when`, `always` or `never`"),
    ({"ATTRIBUTE", "FIELD"}, "`.attribute`"),
    ({"WORD", "STRING"}, "a word or a string"),
    ({"NAME", "STRING"}, "a name"),
)
"""Sets of words that stand for something with a name; the first that fits takes its words away."""

WORDS: Final = {
    "LPAR": "`(`", "RPAR": "`)`", "LBRACE": "`{`", "RBRACE": "`}`", "LSQB": "`[`", "RSQB": "`]`", "COMMA": "`,`",
    "COLON": "`:`", "_AND": "`and`", "_OR": "`or`", "_AS": "`as`", "WITHIN": "`within`", "IS": "`is`",
    "WHERE": "`.where(…)`", "VARIABLE": "a variable `$x`", "DURATION": "a duration such as `30s`", "STRING": "a string",
    "ID": "an id", "WORD": "a word", "NAME": "a name", "EXAMPLE": "an example", "RULE": "a rule", "NUMBER": "a number",
    "__ANON_0": "`..`", "AT": "`@`", "IN": "`in`", "BY": "`by`", "__ANON_1": "`..`",
}  # fmt: skip

CONTINUATIONS: Final = frozenset(
    {"a comparison", "arithmetic", "a relation", "`.attribute`", "`is`", "`[`", "`as`", "`.where(…)`"}
)
"""What may also follow, but says little about what is missing."""
MANY: Final = 4


def expected_phrase(error: UnexpectedInput) -> str:
    """Return what could have stood there: ``a condition``, or ``"`and`, `or` or `}`"``."""
    names = _accepted(error)
    phrases: list[str] = []
    for words, phrase in PHRASES:
        if words <= names:
            phrases.append(phrase)
            names = names - words - _belonging(phrase)
    phrases.extend(dict.fromkeys(WORDS[name] for name in sorted(names) if name in WORDS))
    telling = [phrase for phrase in phrases if phrase not in CONTINUATIONS] or phrases
    if "a condition" in telling or "a predicate" in telling or "a value" in telling:
        telling = telling[:1]
    return _joined(telling[:MANY]) or "the end"


def _accepted(error: UnexpectedInput) -> frozenset[str]:
    interactive = getattr(error, "interactive_parser", None)
    return frozenset(interactive.accepts()) if interactive is not None else frozenset()


def _belonging(phrase: str) -> frozenset[str]:
    match phrase:
        case "a condition" | "a pattern":
            return frozenset(
                [
                    "LPAR",
                    "STRING",
                    "ANY",
                    "NUMBER",
                    "DURATION",
                    "BOOLEAN",
                    "COUNT",
                    "FUNCTION",
                    "TRACE_COUNT",
                    "VARIABLE",
                    "NAME",
                    "TRACE_HAS",
                ]
            )
        case "a predicate":
            return frozenset(["LPAR", "STRING", "INTRINSIC", "RESOURCE", "EVENT", "NOT"])
        case "a value":
            return frozenset(
                [
                    "LSQB",
                    "DURATION",
                    "VARIABLE",
                    "ATTRIBUTE",
                    "FIELD",
                    "QUOTED_ATTRIBUTE",
                    "INTRINSIC",
                    "RESOURCE",
                    "COUNT",
                    "FUNCTION",
                    "TRACE_COUNT",
                    "LPAR",
                ]
            )
        case "a measure":
            return frozenset({"DURATION", "LPAR", "BOOLEAN", "FUNCTION", "TRACE_COUNT"})
        case "a comparison":
            return frozenset(["IN", "NOT_IN", "CONTAINS", "STARTS_WITH", "ENDS_WITH", "MATCHES"])
        case "an attribute":
            return frozenset({"RESOURCE"})
        case "`.attribute`":
            return frozenset({"LSQB"})
        case "arithmetic":
            return frozenset({"TIMES"})
        case _:
            return frozenset()


def _joined(phrases: list[str]) -> str:
    if len(phrases) < 2:  # noqa: PLR2004
        return "".join(phrases)
    return ", ".join(phrases[:-1]) + " or " + phrases[-1]
