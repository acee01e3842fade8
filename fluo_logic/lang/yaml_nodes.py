"""YAML as nodes that know where they stand, without anything of YAML that a rule pack has no use for.

PyYAML composes the nodes (YAML 1.1, https://yaml.org/spec/1.1/); nothing is constructed from them, so no tag can do
anything.  Anchors and aliases are refused while composing, before one could expand.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from yaml import Node as Composed

MAX_DEPTH: Final = 20
"""How deep collections nest at most; a pack needs four levels."""
TEXT: Final = "tag:yaml.org,2002:str"
QUOTE_HINT: Final = "a text with `: ` or ` #` stands in quotes, and a condition also on the lines below `condition: |`"
HINTS: Final = (
    ("mapping values are not allowed", QUOTE_HINT),
    ("expected <block end>", QUOTE_HINT),
    ("could not find expected ':'", QUOTE_HINT),
    ("found unexpected end of stream", "a quote or bracket is never closed"),
    ("'\\t'", "YAML is indented with spaces"),
    ("cannot start any token", "write the text in quotes"),
)
"""What helps where PyYAML says such a thing."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, number, truth value or nothing: ``text`` is as it was written, ``style`` one of ``"' | >`` or empty.

    ``start`` and ``end`` are offsets in the file, of the quotes or the ``|`` too.
    """

    text: str
    is_text: bool
    style: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    items: tuple[Node, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in the order of the file; a key may occur twice, and may be anything."""

    items: tuple[tuple[Node, Node], ...]
    start: int
    end: int


Node: TypeAlias = Scalar | Sequence | Mapping


class YamlError(Exception):
    """A text is not YAML that is read here."""

    def __init__(self, code: str, message: str, *, offset: int, hint: str | None = None) -> None:
        """Keep the parts of the error; ``offset`` counts characters of the text."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.offset = offset
        self.hint = hint


def compose(text: str) -> Node | None:
    """Return the one document of a text, None where it holds none.

    Raises:
        YamlError: The text is not YAML, or uses what is refused.
    """
    import yaml  # noqa: PLC0415 - start-up counts

    class Loader(yaml.SafeLoader):
        depth = 0

        def compose_node(self, parent: Composed | None, index: int) -> Composed | None:
            event = self.peek_event()  # type: ignore[no-untyped-call]
            start = event.start_mark.index
            if getattr(event, "anchor", None) is not None:
                hint = "write the value where it is used"
                raise YamlError(
                    code="E607", message="anchors and aliases of YAML are not read", offset=start, hint=hint
                )
            if self.depth > MAX_DEPTH:
                raise YamlError(
                    code="E602", message=f"lists and mappings nest deeper than {MAX_DEPTH} levels", offset=start
                )
            self.depth += 1
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

    try:
        loader = Loader(text)
    except yaml.reader.ReaderError as error:
        message = f"the character {error.character:#06x} is not allowed in YAML"
        raise YamlError(code="E601", message=message, offset=error.position) from error
    try:
        composed = loader.get_single_node()
    except yaml.composer.ComposerError as error:
        message = "the file holds several documents"
        raise YamlError(code="E608", message=message, offset=_offset(error), hint="make a file of each") from error
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or "it cannot be read"
        hint = next((hint for words, hint in HINTS if words in problem), None)
        message = f"this is not YAML: {problem}"
        raise YamlError(code="E601", message=message, offset=_offset(error), hint=hint) from error
    except (ValueError, OverflowError) as error:  # escapes and version numbers that are out of range
        raise YamlError(code="E601", message=f"this is not YAML: {error}", offset=loader.get_mark().index) from error
    finally:
        loader.dispose()
    return None if composed is None else _node(composed)


def _offset(error: object) -> int:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return int(mark.index) if mark is not None else 0


def _node(composed: Composed) -> Node:
    import yaml  # noqa: PLC0415 - start-up counts

    start, end = composed.start_mark.index, composed.end_mark.index
    match composed:
        case yaml.MappingNode():
            return Mapping(tuple((_node(key), _node(value)) for key, value in composed.value), start, end)
        case yaml.SequenceNode():
            return Sequence(tuple(_node(item) for item in composed.value), start, end)
        case _:
            return Scalar(str(composed.value), composed.tag == TEXT, getattr(composed, "style", "") or "", start, end)
