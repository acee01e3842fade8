"""The forms of a result and where each goes: ``--format FORM[=PATH]`` for the verbs that make no report of traces."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import BinaryIO, Final

from fluo_logic.commands.output import WIDTH, Maker, check_targets, json_text, text_width, wants_colour, write_text
from fluo_logic.commands.settings import Output
from fluo_logic.errors import ConfigError
from fluo_logic.facts.writers.files import replace_whole
from fluo_logic.lang.suggest import did_you_mean

DEFAULT: Final = "text"


def outputs_of(words: Sequence[str] | None, known: Sequence[str]) -> tuple[Output, ...]:
    """Return the forms that were asked for, by default text on standard output.

    Raises:
        ConfigError: a form does not exist, two go to one place, or a file cannot be written.
    """
    outputs: list[Output] = []
    for word in words or [DEFAULT]:
        form, equals, path = word.partition("=")
        if form not in known:
            hint = did_you_mean(form, known) or f"the formats are {', '.join(known)}"
            raise ConfigError(code="C102", message=f"--format: there is no format `{form}`", hint=hint)
        if equals and not path:
            hint = f"write `{form}` alone for standard output"
            raise ConfigError(code="C102", message=f"--format: `{word}` lacks a path", hint=hint)
        outputs.append(Output(form, None if path in {"", "-"} else path))
    targets = [output.path for output in outputs]
    for target in dict.fromkeys(targets):
        if targets.count(target) > 1:
            both = " and ".join(output.form for output in outputs if output.path == target)
            place = "standard output" if target is None else f"`{target}`"
            hint = f"send one of them to a file, for example `{outputs[-1].form}=result.{outputs[-1].form}`"
            raise ConfigError(code="C102", message=f"--format: {both} would both go to {place}", hint=hint)
    check_targets(outputs)
    return tuple(outputs)


def write_forms(outputs: Sequence[Output], makers: Mapping[str, Maker], *, no_color: bool) -> None:
    """Write every form that was asked for.

    Raises:
        ConfigError: a file cannot be written.
    """
    for output in outputs:
        if output.path is not None:
            write_file(output.path, _content(makers[output.form](False, WIDTH)))  # noqa: FBT003
            continue
        made = makers[output.form](wants_colour(sys.stdout, no_color=no_color), text_width(sys.stdout))
        if isinstance(made, str):
            write_text(made)
        else:
            sys.stdout.write(_content(made, sys.stdout.encoding or "ascii"))


def _content(made: str | Mapping[str, object], encoding: str = "utf-8") -> str:
    return made if isinstance(made, str) else json_text(made, encoding)


def write_file(path: str, text: str) -> None:
    """Write a text file; raises ConfigError where the system refuses."""
    data = text.encode("utf-8", "backslashreplace")
    write_whole_file(path, lambda out: out.writelines((data,)))


def write_whole_file(path: str, write: Callable[[BinaryIO], None]) -> None:
    """Make a file of what ``write`` writes, whole or not at all; raises ConfigError where the system refuses."""
    try:
        replace_whole(path, write)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(code="C120", message=f"`{path}` cannot be written: {reason}") from error
