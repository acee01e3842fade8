"""What each code of ``fluo lint`` stands for; the documentation is generated from this table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Level(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class LintCode:
    """One kind of finding; ``example`` is the text of a rule that has it.

    Codes from L201 on need traces, and their examples are about traces of one span, ``pay(amount: 3, tier: "free")``.
    """

    code: str
    level: Level
    title: str
    explanation: str
    example: str


_TABLE: Final = (
    LintCode(
        "L101",
        Level.WARNING,
        "A variable that nothing uses",
        "A variable that is bound and never mentioned again has no effect inside `always`, `never`, `not` and counts."
        " In `when` it has one: there is one obligation for each match, and not one for the scope; the finding is then"
        " for information.",
        "when { a } always { b as $b }",
    ),
    LintCode(
        "L102",
        Level.WARNING,
        "A variable's name without its `$`",
        "A word without `$` is a text or the name of a span, even if a variable is called that.",
        "when { a as $p } always { b.where(id == p.id) and $p before c }",
    ),
    LintCode(
        "L103",
        Level.WARNING,
        "Two variables that may name the same span",
        "Nothing keeps the two apart, so one span can play both parts. Relations in time and tree do, and"
        " `$x is not $y`"
        " does.",
        "when { a as $x and a as $y } always { $x.k == $y.k }",
    ),
    LintCode(
        "L104",
        Level.WARNING,
        "Two equal rules",
        "The rules have the same scope, the same `when` and the same obligations, so each violation is reported twice.",
        "rule one { never { a } }\nrule two { never { a } }",
    ),
    LintCode(
        "L105",
        Level.ERROR,
        "Never true",
        "No span and no scope can satisfy this, whatever the data.",
        "never { a.where(x == 1 and x == 2) }",
    ),
    LintCode(
        "L106",
        Level.WARNING,
        "Always true",
        "Every span and every scope satisfies this: `always` asks for nothing by it, and `never` cannot be met.",
        "always { count(a) >= 0 }",
    ),
    LintCode(
        "L107",
        Level.WARNING,
        "A number here, a word there",
        "An attribute that is compared with numbers elsewhere in these rules is compared with a word that is"
        " none. One of"
        " the two can never hold for the same kind of value.",
        "when { a.where(amount > 50) as $a } never { $a before a.where(amount == high) }",
    ),
    LintCode(
        "L108",
        Level.INFO,
        "What is missing decides",
        "A comparison with a missing value is false. So `always { a <= b }` is violated where a value is missing, and"
        " `never { a > b }` is satisfied there.",
        "when { a as $a } always { $a.used <= $a.quota }",
    ),
    LintCode(
        "L109",
        Level.WARNING,
        "A deadline that any pair of spans can meet",
        "Without a variable of `when`, the deadline asks for some pair of spans in the scope, and not for an"
        " answer to each"
        " span. Across all traces without a key, the answer to one span may be the answer to another.",
        "when { a } always { a before b within 30s }",
    ),
    LintCode(
        "L110",
        Level.INFO,
        "No severity",
        "Without a severity, violations count as medium.",
        "rule r { never { a } }",
    ),
    LintCode(
        "L111",
        Level.INFO,
        "No display sentence",
        "A violation of a rule with variables can say which spans it is about; `display` is the sentence for it.",
        "when { a as $a } always { b after $a }",
    ),
    LintCode(
        "L112",
        Level.INFO,
        "No example",
        "Examples show what a rule means and are run by `fluo test`.",
        "rule r { never { a } }",
    ),
    LintCode(
        "L113",
        Level.INFO,
        "How a condition without blocks is read",
        "A condition without blocks is read as a requirement or as a forbidden pattern; the finding says"
        " which, in blocks.",
        "a and b",
    ),
    LintCode(
        "L201",
        Level.WARNING,
        "A span name that the traces do not have",
        "No span of the traces is called that; perhaps it is misspelt, or the traces are not of this service.",
        "never { pya }",
    ),
    LintCode(
        "L202",
        Level.WARNING,
        "An attribute that the traces do not have",
        "No span of that name has the attribute, nor does its resource.",
        "never { pay.where(amuont > 50) }",
    ),
    LintCode(
        "L203",
        Level.WARNING,
        "A word compared with numbers",
        "In the traces the attribute is always a number, and a word that is none never equals one.",
        "never { pay.where(amount == high) }",
    ),
    LintCode(
        "L204",
        Level.INFO,
        "A value that the traces do not have",
        "The attribute has few values in the traces, and this is none of them.",
        "never { pay.where(tier == fre) }",
    ),
    LintCode(
        "L205",
        Level.WARNING,
        "An event that the traces do not have",
        "No span of that name has an event that is called that.",
        "never { pay.where(event(exception)) }",
    ),
    LintCode(
        "L206",
        Level.WARNING,
        "A scope key that the traces do not have",
        "No span has the attribute by which the rule joins traces, so it has no scope.",
        "across traces by usr.id never { pay }",
    ),
)
LINT_CODES: Final = {row.code: row for row in _TABLE}
"""The table by code."""
