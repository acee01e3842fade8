"""Slips with durations and numbers."""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.slips.slip import Slip

CONSTANTS: Final = (
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
        r"(?P<number>-?\d+(?:\.\d+)?)(?![\w.]|\s*[a-z]+\s*[)}])",
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
)
