"""``fluo fmt``."""

from __future__ import annotations

import difflib
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fluo_logic.commands.check import warn_of_variables
from fluo_logic.commands.output import wants_colour, write_text
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_OK, EXIT_VIOLATIONS, ConfigError, RuleError, RuleFilesError
from fluo_logic.explain.text import Style
from fluo_logic.explain.words import inert
from fluo_logic.lang.layout import laid_out
from fluo_logic.lang.parse import SUFFIX, decoded, is_yaml, parse_rules, read_text, rule_files
from fluo_logic.resources import rules_path

STDIN: Final = "-"
PIPED: Final = "<stdin>"
COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True, slots=True)
class Layout:
    """A rule text as it is and as it should be."""

    name: str
    before: str
    after: str

    @property
    def changes(self) -> bool:
        """Whether the text has another layout than the canonical one."""
        return self.before != self.after


def run(arguments: Namespace) -> int:
    """Lay out rule files anew, or tell which need it; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    if not settings.rules:
        hint = f"name `{SUFFIX}` files or folders, or - for standard input"
        raise ConfigError(code="C010", message="no rules are given", hint=hint)
    if STDIN in settings.rules and len(settings.rules) > 1:
        raise ConfigError(code="C145", message="standard input is laid out alone", hint="leave the files out, or the -")
    piped = settings.rules == (STDIN,)
    writes = not (arguments.check or arguments.diff)
    errors: list[RuleError] = []
    changed = 0
    for found in _piped() if piped else _layouts(settings.rules, errors):
        if isinstance(found, RuleFilesError):
            errors.extend(found.errors)
            continue
        if piped and writes:
            write_text(found.after)
            continue
        changed += found.changes
        if found.changes:
            _tell(found, arguments, writes=writes)
    if errors:
        raise RuleFilesError(errors)
    return EXIT_VIOLATIONS if changed and not writes else EXIT_OK


def _tell(found: Layout, arguments: Namespace, *, writes: bool) -> None:
    name = inert(found.name)
    if writes:
        _write(found)
        if not arguments.quiet:
            sys.stdout.write(f"laid out {name}\n")
        return
    if arguments.diff:
        style = Style(wants_colour(sys.stdout, no_color=arguments.no_color))
        write_text("".join(style.paint(line, *_colour(line)) + "\n" for line in _diff(found)))
    if arguments.check and not arguments.quiet:
        sys.stdout.write(f"would lay out {name}\n")


def _colour(line: str) -> list[str]:
    return [COLOURS[line[0]]] if line[:1] in COLOURS and not line.startswith(("+++", "---")) else []


def _diff(found: Layout) -> Iterator[str]:
    name = inert(found.name)
    yield from difflib.unified_diff(
        found.before.splitlines(), found.after.splitlines(), name, f"{name} (canonical)", lineterm=""
    )


def _write(found: Layout) -> None:
    try:
        Path(found.name).write_bytes(found.after.encode())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(code="C120", message=f"`{found.name}` cannot be written: {reason}") from error


def _piped() -> Iterator[Layout | RuleFilesError]:
    try:
        yield _layout(PIPED, decoded(sys.stdin.buffer.read(), PIPED))
    except RuleFilesError as error:
        yield error


def _layouts(named: Sequence[str], errors: list[RuleError]) -> Iterator[Layout | RuleFilesError]:
    seen: set[Path] = set()
    for name in named:
        for file in rule_files(rules_path(name), errors, (SUFFIX,)):
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            if is_yaml(file):
                hint = "`fluo convert` makes `.fluo` text of it"
                raise ConfigError(code="C146", message=f"`{file}` is YAML, which has no canonical layout", hint=hint)
            try:
                yield _layout(str(file), read_text(file))
            except RuleFilesError as error:
                yield error
            except RuleError as error:
                yield RuleFilesError([error])


def _layout(name: str, text: str) -> Layout:
    _, errors = parse_rules(text, name)
    if errors:
        raise RuleFilesError(errors)
    return Layout(name, text, laid_out(text))
