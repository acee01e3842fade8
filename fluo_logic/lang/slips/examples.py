"""Slips inside examples."""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.slips.slip import NAME, Slip

EXAMPLES: Final = (
    # Examples.
    Slip(
        "E101",
        r"==?",
        "an example sets attributes with `:`",
        'never { a } example violated "x" { a(x = 1) @ 0s .. 1s }',
        fix=" : ",
        only="example",
    ),
    Slip(
        "E116",
        r"(?P<number>\d+(?:\.\d+)?)(?![\w.])",
        "a time of an example needs a unit",
        'never { a } example violated "x" { a @ 0 .. 1s }',
        "write `{number}s` for seconds",
        after=r"(?:@|\.\.)\s*",
        fix=" {number}s ",
        only="example",
    ),
    Slip(
        "E101",
        r"[}A-Za-z_\"]|\Z",
        "a span of an example has times",
        'never { a } example violated "x" { a }',
        "write `@ 0s .. 1s` after it, or `@ 0s ..` for one that never ended",
        after=rf"(?:{NAME}|\"|\))\s*",
        only="example",
    ),
)
