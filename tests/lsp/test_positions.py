"""Offsets and positions of the protocol."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position, PositionEncodingKind

from fluo_logic.lsp.positions import Positions

UTF16 = PositionEncodingKind.Utf16
TEXTS = st.text(st.sampled_from("ab\n\r\t é😀\u2028\x0b\x85\ud800"), max_size=20)
ENCODINGS = st.sampled_from([PositionEncodingKind.Utf8, PositionEncodingKind.Utf16, PositionEncodingKind.Utf32])


@given(TEXTS, ENCODINGS)
def test_a_position_leads_back_to_its_offset(text: str, encoding: PositionEncodingKind) -> None:
    """Every offset survives the way to a position and back, except between the two halves of a line end."""
    positions = Positions(text, encoding)
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] != "\r\n" or offset == 0:
            assert positions.offset(positions.position(offset)) == offset


@given(TEXTS, ENCODINGS, st.integers(0, 30), st.integers(0, 50))
def test_any_position_is_in_the_text(text: str, encoding: PositionEncodingKind, line: int, character: int) -> None:
    """A position beyond a line means its end, one beyond the text the text's."""
    offset = Positions(text, encoding).offset(Position(line, character))
    assert 0 <= offset <= len(text)


@pytest.mark.parametrize(
    ("text", "offset", "line", "character"),
    [
        ("a😀b", 2, 0, 3),
        ("aéb", 2, 0, 2),
        ("a\r\nb", 3, 1, 0),
        ("a\rb", 2, 1, 0),
        ("a\u2028b", 2, 0, 2),
        ("a\x0bb\n\x85c", 5, 1, 1),
        ("", 0, 0, 0),
    ],
)
def test_lines_and_units_are_those_of_the_protocol(text: str, offset: int, line: int, character: int) -> None:
    """Only line feeds and carriage returns end lines; characters beyond the basic plane count as two."""
    assert Positions(text, UTF16).position(offset) == Position(line, character)


def test_a_position_inside_a_character_is_its_end() -> None:
    """Nothing splits a surrogate pair."""
    assert Positions("😀b", UTF16).offset(Position(0, 1)) == 1
