"""Where a command's words go: reports to standard output or files, everything else to standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO, TypeAlias

from fluo_logic.commands.settings import Output
from fluo_logic.errors import ConfigError
from fluo_logic.facts.model import Problem
from fluo_logic.facts.writers.files import write_whole

WIDTH: Final = 100
"""How wide a text is that does not go to a terminal."""
WIDEST: Final = 140
NARROWEST: Final = 60
Maker: TypeAlias = Callable[[bool, int], str | Mapping[str, object]]
"""Makes a form, given whether to colour it and how wide it may be: a text, or a document to be written as JSON."""
LISTED: Final = 10
"""How many problems of one kind are listed before the rest is counted."""
NOT_FOUND: Final = "I101"


def wants_colour(stream: TextIO, *, no_color: bool, environment: Mapping[str, str] | None = None) -> bool:
    """Return whether to colour what goes to ``stream``.

    ``--no-color`` and a ``NO_COLOR`` that is not empty turn colour off, ``FORCE_COLOR`` turns it on; otherwise
    terminals get it, except dumb ones.
    """
    variables = os.environ if environment is None else environment
    if no_color or variables.get("NO_COLOR"):
        return False
    if variables.get("FORCE_COLOR"):
        return True
    return stream.isatty() and variables.get("TERM") != "dumb"


def text_width(stream: TextIO) -> int:
    """Return how wide a text for ``stream`` may be."""
    if not stream.isatty() and "COLUMNS" not in os.environ:
        return WIDTH
    return min(WIDEST, max(NARROWEST, shutil.get_terminal_size((WIDTH, 24)).columns))


def write_text(text: str) -> None:
    """Write a text to standard output; a terminal that lacks its characters gets plain ones in their place."""
    stream = sys.stdout
    encoding = stream.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        from fluo_logic.explain.text import PLAIN  # noqa: PLC0415 - rarely needed

        text = text.translate(PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    stream.write(text)


def json_text(document: object, encoding: str = "utf-8") -> str:
    """Return a document as JSON text that ``encoding`` can carry, with a line end."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = json.dumps(document, ensure_ascii=True, allow_nan=False, indent=2)
    return text + "\n"


def check_targets(outputs: Sequence[Output]) -> None:
    """Refuse files that cannot be written, before the work is done.

    Raises:
        ConfigError: a path is a folder, or its folder does not exist.
    """
    for output in outputs:
        if output.path is None:
            continue
        path = Path(output.path)
        if path.is_dir():
            raise _unwritable(output.path, "it is a folder")
        if not path.parent.is_dir():
            raise _unwritable(output.path, f"there is no folder `{path.parent}`")


def project_folder() -> Path:
    """Return what the addresses of files are to be relative to: the checkout on GitHub, else the current directory."""
    here, checkout = Path.cwd(), os.environ.get("GITHUB_WORKSPACE")
    if checkout and here.is_relative_to(Path(checkout).resolve()):
        return Path(checkout)
    return here


def write_outputs(outputs: Sequence[Output], makers: Mapping[str, Maker], *, no_color: bool) -> None:
    """Write a report in every form that was asked for.

    Args:
        outputs: the forms and where they go.
        makers: what makes each form.
        no_color: whether colour was turned off.

    Raises:
        ConfigError: a file cannot be written; the others were.
    """
    failed: ConfigError | None = None
    for output in outputs:
        if output.path is None:
            made = makers[output.form](wants_colour(sys.stdout, no_color=no_color), text_width(sys.stdout))
            if isinstance(made, str):
                write_text(made)
            else:
                sys.stdout.write(json_text(made, sys.stdout.encoding or "ascii"))
            continue
        made = makers[output.form](False, WIDTH)  # noqa: FBT003
        content = made if isinstance(made, str) else json_text(made)
        try:
            write_whole(output.path, content.encode("utf-8", "backslashreplace"))
        except OSError as error:
            failed = failed or _unwritable(output.path, (error.strerror or str(error)).lower())
    if failed is not None:
        raise failed


def _unwritable(path: str, reason: str) -> ConfigError:
    return ConfigError(code="C120", message=f"the report cannot be written to `{path}`: {reason}")


def tell(line: str) -> None:
    """Write a line to standard error, whose own error handler shows what the terminal lacks."""
    sys.stderr.write(f"{line}\n")


def tell_problems(problems: Sequence[Problem], *, quiet: bool, verbose: bool) -> None:
    """Tell what is wrong with the inputs, a line for each problem, or only how many there are."""
    from fluo_logic.explain.words import inert, plural  # noqa: PLC0415 - start-up counts
    from fluo_logic.lang.suggest import did_you_mean_file  # noqa: PLC0415 - as above

    lost = sum(problem.count for problem in problems if problem.rejected)
    unsound = sum(problem.count for problem in problems if not problem.rejected)
    if quiet:
        if lost:
            tell(f"error: {plural(lost, 'part')} of the input could not be read")
        if unsound:
            tell(f"warning: {plural(unsound, 'part')} of the input {'is' if unsound == 1 else 'are'} not sound")
        return
    told: dict[tuple[str, str], int] = {}
    hints: set[str] = set()
    for problem in problems:
        kind = (problem.input, problem.code)
        told[kind] = told.get(kind, 0) + problem.count
        if told[kind] > LISTED and not verbose:
            continue
        word = "error" if problem.rejected else "warning"
        place = f"{problem.input}, {problem.where}" if problem.where else problem.input
        # What is wrong with a path names it.
        before = "" if place == problem.input and f"`{place}`" in problem.message else f"{inert(place)}: "
        tell(f"{word}[{problem.code}]: {before}{inert(problem.message.rstrip('.'))}")
        hint = did_you_mean_file(Path(problem.input)) if problem.code == NOT_FOUND else None
        hint = hint or problem.hint
        if hint is not None and hint not in hints:
            hints.add(hint)
            tell(f"  = hint: {hint[:1].lower()}{hint[1:].rstrip('.')}")
    for (name, code), count in told.items():
        if count > LISTED and not verbose:
            tell(f"  … {count - LISTED:,} more [{code}] in {inert(name)} (-v lists them)")
