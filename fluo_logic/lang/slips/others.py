"""Slips with examples, relations, arithmetic and punctuation."""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.slips.slip import NAME, Slip

OTHERS: Final = (
    # Wildcards.
    Slip(
        "E101",
        r"\.?\*[\w.*-]*",
        "names have no wildcards",
        "never { payment.* }",
        'write `*.where(span:name starts_with "{word}")`, or use `matches`',
        after=rf"(?<![\w.$-])(?P<back>(?P<word>{NAME}))",
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
        "E304",
        r"(?P<word>contains|starts_with|ends_with|matches)(?![\w.-])",
        "`{word}` stands only inside `where`",
        'when { a as $x } always { $x.y contains "z" }',
        "write it at the pattern that binds the variable: `.where(… {word} …)`",
        after=r"(?:\$[\w.:]+|[\])])\s*",
        fix=" == ",
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
        after=r"(?:\)|\d|\$[\w.:]+)\s*",
    ),
    # Punctuation of other languages.
    Slip("E101", r";", "nothing ends with `;` here", "never { a; }", "remove it", fix=" "),
    Slip("E101", r":", "an attribute is compared with `==`", "a.where(x: 1)", fix=" == ", after=rf"{NAME}\s*"),
    Slip("E101", r",", "conditions are joined by `and` or `or`, not by commas", "never { a, b }", fix=" and "),
    Slip(
        "E101",
        r"[^\W\d_]\w*|[^\x00-\x7f]",
        "an unquoted name has only letters a to z, digits, `_`, `-` and `.`",
        "never { größe }",
        "write it in double quotes",
    ),
)
