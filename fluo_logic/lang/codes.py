"""What each error code of the rule language stands for; the documentation is generated from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of mistake.

    ``example`` is the text of a rule file that makes it, empty where no text can: the mistake then lies in the files.
    """

    code: str
    title: str
    explanation: str
    example: str


_TABLE: Final = (
    Code(
        "E101",
        "Something else is expected here",
        "The text up to the caret can be read, and what follows cannot go on from it. The message names what could.",
        "never { a b }",
    ),
    Code(
        "E102",
        "The text ends too early",
        "A rule, a block or a condition is not finished where the text ends.",
        "a and",
    ),
    Code("E103", "A string is never closed", "A string ends on the line it begins on.", 'never { a.where(x == "b) }'),
    Code("E104", "A comment is never closed", "A comment that begins with `/*` ends with `*/`.", "never { a } /* note"),
    Code(
        "E105",
        "Quotes that are no quotes",
        "Strings stand in straight double quotes. Word processors and chat programs replace them by curly ones.",
        "never { a.where(x == 'b') }",
    ),
    Code(
        "E106",
        "A keyword where a name is expected",
        "The words of the language cannot begin the name of a span, unless the name stands in quotes. `span.…` is how"
        " an older dialect wrote the fields of a span, which are `span:…` now.",
        "never { within.limit }",
    ),
    Code(
        "E107",
        "It is not said which attribute of which span",
        "A comparison outside `where` names a span and an attribute of it: `payment.charge.amount > 10`.",
        "never { amount > 10 }",
    ),
    Code(
        "E108",
        "A dotted attribute after a pattern",
        "After a pattern a dot begins the attribute's name, so an attribute that has dots itself stands in brackets.",
        'never { "GET /cart".tenant.id == 1 }',
    ),
    Code(
        "E109",
        "Two attributes are `unique`",
        "`trace.count(P).where(k == unique)` is the number of different values of one attribute.",
        "never { trace.count(a).where(x == unique and y == unique) > 1 }",
    ),
    Code(
        "E110",
        "An operator of another language",
        "The operators are `and`, `or`, `not`, `==`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `contains`, `starts_with`,"
        " `ends_with` and `matches`, in lower case.",
        "a && b",
    ),
    Code("E111", "A bracket is never closed", "The message tells where it was opened.", "when { a always { b }"),
    Code("E112", "A bracket closes nothing", "A closing bracket has no opening one before it.", "never { a } }"),
    Code(
        "E113",
        "Nested too deep",
        "Brackets, negations and sums nest only so deep, so that every engine can follow.",
        "never { " + "(" * 41 + "a" + ")" * 41 + " }",
    ),
    Code(
        "E114",
        "Not an escape",
        "Strings have the escapes of JSON, so a backslash of a regular expression is written twice.",
        r'never { a.where(x matches "\d") }',
    ),
    Code(
        "E115",
        "Not a number",
        "Numbers are decimal. Integers have at most 64 bits, others fit a double.",
        "never { a.where(x == 99999999999999999999) }",
    ),
    Code(
        "E116",
        "Not a duration",
        "A duration is a number and a unit, in one word: `ns`, `us`, `ms`, `s`, `m`, `h` or `d`. It comes to whole"
        " nanoseconds.",
        "never { a before b within 30 seconds }",
    ),
    Code(
        "E117",
        "Not a point in time",
        "`span:start` and `span:end` compare with date-times of RFC 3339, which have a time zone.",
        'never { a.where(span:start > "yesterday") }',
    ),
    Code(
        "E118",
        "A variable is spelled wrong, or stands for a value",
        "A variable begins with `$` and names a span. Its values are `$x.attribute`.",
        "when { a as p } always { b }",
    ),
    Code(
        "E119",
        "Parentheses are missing, or follow no function",
        "`trace.has(…)`, `trace.count(…)`, `count(…)`, `sum(…)`, `min(…)`, `max(…)`, `avg(…)`, `exists(…)`,"
        " `event(…)` and `.where(…)` have parentheses, and nothing else has.",
        "never { count distinct a.b > 1 }",
    ),
    Code(
        "E120",
        "A rule without an id",
        'A rule begins with `rule`, an id of letters, digits, `-`, `_` and `.`, and perhaps a title: `rule a-b "T" {`.',
        'rule "My rule" { never { a } }',
    ),
    Code(
        "E121",
        "Given twice",
        "Each piece of metadata, and the scope, is given once.",
        "severity low severity high never { a }",
    ),
    Code("E122", "A second `when`", "A rule has at most one `when` block.", "when { a } when { b } never { c }"),
    Code(
        "E123",
        "Not one of the known words",
        "Severities and categories are a closed list.",
        "severity urgent never { a }",
    ),
    Code(
        "E124",
        "Not a scope",
        "A scope is `per trace`, `across traces by KEY` with an attribute as key, or `across traces`.",
        "per service never { a }",
    ),
    Code(
        "E125",
        "Not a template",
        "In `display`, `{$x.attribute}` is a value, and braces themselves are `{{` and `}}`.",
        'display "{x}" when { a as $x } never { b }',
    ),
    Code(
        "E126",
        "Unknown metadata",
        "A rule tells `severity`, `category`, `tags`, `controls`, `aliases`, `runbook`, `description` and `display`,"
        " each followed by its value without a colon.",
        'owner "payments"\nnever { a }',
    ),
    Code(
        "E127",
        "Not in a block",
        "Conditions of a rule stand in its blocks, and the blocks are `when`, `always`, `never` and `example`.",
        "whenever { a } always { b }",
    ),
    Code(
        "E128",
        "In the wrong order",
        "A rule has its metadata first, then the scope, the body, and the examples.",
        "never { a }\nseverity high",
    ),
    Code("E129", "An empty block", "A block has a condition.", "when { } always { b }"),
    Code(
        "E130",
        "Not a relation",
        "Spans are related by `before`, `after`, `during`, `covers`, `overlaps`, `child of`, `parent of`,"
        " `descendant of`, `ancestor of`, `sibling of`, `linked to` and `linked from`, two at a time.",
        "a child b",
    ),
    Code(
        "E131",
        "Not a verdict",
        "An example is `violated`, `satisfied`, `vacuous`, `pending` or `inconclusive`.",
        'never { a } example failed "x" { a @ 0s .. 1s }',
    ),
    Code(
        "E132",
        "Times of an example",
        "Times count from the start of the example, and a span ends no earlier than it starts.",
        'never { a } example violated "x" { a @ 2s .. 1s }',
    ),
    Code(
        "E133",
        "Values of an example",
        "An example sets attributes, resource attributes, and the fields `span:kind`, `span:status`,"
        " `span:status_message`, `scope:name` and, where it stands in no other span, `span:parent_id`, each once.",
        'never { a } example violated "x" { a(span:duration: 1) @ 0s .. 1s }',
    ),
    Code(
        "E134",
        "Arithmetic",
        "`+`, `-` and `*` have spaces around them, because hyphens belong to names. There is no division.",
        "never { count(a) +count(b) > 1 }",
    ),
    Code(
        "E141",
        "A condition that can be read in two ways",
        "A condition without blocks is a requirement where it is `A and B`, and a forbidden pattern where it is one"
        " condition or has a negated part. Anything else is written with blocks.",
        "a or b",
    ),
    Code(
        "E142",
        "A variable in a condition without blocks",
        "Variables need blocks, which tell where they range over all spans and where over some.",
        "a as $x and b",
    ),
    Code("E143", "A rule that asks for nothing", "A rule has at least one `always` or `never`.", "when { a }"),
    Code(
        "E144",
        "An id that is taken",
        "The ids of rules that are loaded together differ.",
        "rule a { never { x } }\nrule a { never { y } }",
    ),
    Code(
        "E145",
        "Not an alias",
        "An alias is `current = older`: two different names of attributes. The key of a scope, and what is counted as"
        " distinct, summed or taken an extreme of, have one name.",
        'aliases "http.method"\nnever { *.where(http.method == GET) }',
    ),
    Code("E201", "An unknown variable", "A variable is bound by `as $x` where it is visible.", "never { $x.y > 1 }"),
    Code(
        "E202", "A variable bound twice", "Each name stands for one span.", "when { a as $x and b as $x } never { c }"
    ),
    Code(
        "E203",
        "A variable bound in one branch only",
        "What an `or` binds in one branch names no span where another branch holds.",
        "when { a as $x or b } never { c }",
    ),
    Code(
        "E204",
        "A variable bound under `not`",
        "Where a negation holds, there is no span that its variables could name.",
        "when { b and not a as $x } never { $x.y }",
    ),
    Code(
        "E205",
        "A variable bound in an aggregate",
        "A variable inside `count(…)` and its kin stands for each counted span in turn, and is known only there.",
        "when { count(a as $x) > 1 } never { $x.y }",
    ),
    Code(
        "E206",
        "Never that value",
        "`span:kind` and `span:status` have a closed list of values, in lower case.",
        "never { a.where(span:kind == SERVER) }",
    ),
    Code(
        "E207",
        "A variable that `display` cannot show",
        "The sentence of a violation can show the variables that `when` binds.",
        'display "{$x.y}" when { a } never { b as $x }',
    ),
    Code("E210", "An unknown field of a span", "The message lists the fields.", "never { a.where(span:length > 1s) }"),
    Code(
        "E211",
        "An event inside an event",
        "Events have attributes and no events.",
        "never { a.where(event(b).where(event(c))) }",
    ),
    Code(
        "E301",
        "Values that never compare",
        "The two sides are of different sorts, so that the comparison could never be true.",
        'never { a.where(span:duration == "long") }',
    ),
    Code(
        "E302",
        "A unit is missing",
        "Durations compare with durations, and times with times. An attribute is a plain number.",
        "never { a.where(span:duration > 30) }",
    ),
    Code("E303", "True and false have no order", "Booleans are equal or not.", "never { a.where(x < true) }"),
    Code(
        "E304",
        "A text operator and no text",
        "`starts_with`, `ends_with` and `matches` compare texts, inside `where`.",
        "never { a.where(x starts_with 4) }",
    ),
    Code(
        "E305",
        "`within` in the wrong place",
        "`within` bounds the gap of `before` and `after`, and the windows of `count`, `count(distinct …)` and `sum`.",
        "never { a during b within 3s }",
    ),
    Code(
        "E306",
        "Not a pattern",
        "`matches` takes a regular expression of RE2, which has no look-around and no back-references.",
        'never { a.where(x matches "(") }',
    ),
    Code(
        "E307",
        "Arithmetic on what is no number",
        "Numbers and durations are added, subtracted and multiplied, and times are subtracted.",
        "never { sum(a.span:name) > 1 }",
    ),
    Code(
        "E308",
        "A list is needed, or is not",
        "`in` and `not in` take a list, other operators a single value.",
        "never { a.where(x in b) }",
    ),
    Code("E309", "An empty list", "Nothing is in an empty list.", "never { a.where(x in []) }"),
    Code("E501", "No such file", "A rule file or folder does not exist, cannot be read, or holds no rules.", ""),
    Code("E502", "Not UTF-8", "Rule files are UTF-8 text.", ""),
    Code("E503", "Not one rule", "A text that stands for one rule holds exactly one.", ""),
    Code("E504", "No rule", "The text holds nothing but white space and comments.", "// nothing"),
    Code(
        "E506",
        "Another format",
        "A `.fluo` file holds rules of this language. Rules in YAML stand in files that end in `.yaml` or `.yml`.",
        "rules:\n  - id: x\n    condition: a",
    ),
    Code("E505", "Too long", "Rule files have a limit, so that a wrong file does not stop a run.", ""),
)

CODES: Final = {row.code: row for row in _TABLE}
"""The table by code."""
