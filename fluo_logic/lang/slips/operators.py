"""Slips with operators, and with punctuation that other languages have."""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.slips.slip import Slip

OPERATORS: Final = (
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
        r"[\w\"$(*]",
        "keywords are written in lower case, and this is `{word}`",
        "a and NOT b",
        "write `not`",
        after=r"(?<![\w.-])(?P<back>(?P<word>NOT|Not)\s+)",
        fix=" not {found}",
        back=True,
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
        r"between(?![\w.-])",
        "`between` is not an operator",
        "a.where(x between 1 and 2)",
        "write `x >= 1 and x <= 2`",
    ),
    Slip(
        "E101",
        r"-?\d[\w.]*\s*[=!<>]=?",
        "the attribute stands on the left of a comparison",
        "a.where(1 < x)",
        "turn it round",
        after=r"(?:\(|(?<![\w.-])(?:and|or|not)\s)\s*",
    ),
    Slip(
        "E101",
        r"[=!<>]=?",
        "each comparison names its attribute",
        "a.where(x >= 500 and < 600)",
        "write it again: `x >= 500 and x < 600`",
        after=r"(?<![\w.-])(?:and|or)\s+",
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
)
