"""Parses the parts of a faulty file one by one, so that all its mistakes are found and its good rules are kept."""

from __future__ import annotations

from lark import UnexpectedInput

from fluo_logic.lang.build.base import Context
from fluo_logic.lang.grammar import parser
from fluo_logic.lang.scan import Scan
from fluo_logic.lang.syntax import Rule


def recover(context: Context, scanned: Scan, anonymous_id: str) -> list[Rule]:
    """Report the first mistake of the text."""
    del anonymous_id
    try:
        parser().parse(scanned.text, start="file")
    except UnexpectedInput as error:
        start = error.pos_in_stream or 0
        context.mistakes.report("E101", "this does not fit here", start, start + 1)
    return []
