"""Jupyter: ``%load_ext fluo_logic`` adds the cell magic ``%%fluo``, a cell of rules that is checked against traces."""

from __future__ import annotations

import argparse
import html
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NoReturn, Protocol, TypeAlias

from fluo_logic.api import Settings, check, explain
from fluo_logic.errors import ConfigError, RuleFilesError
from fluo_logic.explain.words import inert
from fluo_logic.facts.dataset import Dataset, Trace
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import parse_source
from fluo_logic.lang.source import Source
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Explanation
from fluo_logic.report.violation import Report

CELL: Final = "<cell>"
USAGE: Final = "`%%fluo TRACES`: a variable, a file, a folder or a glob; `%%fluo --help` tells the rest"
ID: Final = re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b")
NO_ROWS: Final = "no rows"
Magic: TypeAlias = Callable[[str, str], "Report | Explanation | None"]


class Shell(Protocol):
    """What is used of IPython's shell."""

    user_ns: dict[str, Any]

    def register_magic_function(self, func: Magic, magic_kind: str, magic_name: str) -> None:
        """Add a magic."""


class _Arguments(argparse.ArgumentParser):
    """Arguments whose mistakes are errors of fluo, not the end of the process."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(code="C170", message=f"%%fluo: {message}", hint=USAGE)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 - its help was printed
        raise _HelpShown


class _HelpShown(Exception):  # noqa: N818 - it is none
    """The help was asked for, and printed."""


def arguments() -> argparse.ArgumentParser:
    """Return the arguments of ``%%fluo``."""
    parser = _Arguments(
        prog="%%fluo", description="Check the rules of the cell: whole rules, or the content of one.", add_help=True
    )
    parser.add_argument("traces", nargs="?", help="a variable with traces, or a file, a folder or a glob")
    parser.add_argument("-o", "--output", metavar="NAME", help="keep the report in a variable")
    parser.add_argument("-r", "--rules", metavar="NAME", help="keep the rules in a variable")
    parser.add_argument("--scope", metavar="ID", help="explain the one rule of the cell on a scope")
    parser.add_argument("--engine", help="the engine of the check")
    parser.add_argument("--max-proofs", type=int, metavar="N", help="how many violations of a rule get a proof")
    parser.add_argument("--now", metavar="TIME", help="the end of the data")
    parser.add_argument("--clock-skew", metavar="DURATION", help="by how much clocks may differ")
    parser.add_argument(
        "--assume-complete", action="store_true", default=None, help="holes in traces count for nothing"
    )
    return parser


class Extension:
    """The magics, and the notebook whose variables they see."""

    def __init__(self, shell: Shell) -> None:
        """Take the shell of a notebook."""
        self._shell = shell

    def fluo(self, line: str, cell: str) -> Report | Explanation | None:
        """Check the rules of a cell against traces, and return the report.

        Raises:
            RuleFilesError: with every mistake of the cell.
            ConfigError: the line is wrong, or its traces are none.
        """
        try:
            given = arguments().parse_args(_words(line))
        except _HelpShown:
            return None
        rules = _rules(cell)
        if given.rules:
            self._shell.user_ns[given.rules] = rules
        if given.traces is None:
            if given.rules:
                return None
            raise ConfigError(code="C170", message="%%fluo: the traces are missing", hint=USAGE)
        data = traces_of(given.traces, self._shell.user_ns)
        settings: Settings = {}
        for name in Settings.__annotations__:
            if getattr(given, name, None) is not None:
                settings[name] = getattr(given, name)  # type: ignore[literal-required]
        found: Report | Explanation
        if given.scope is None:
            found = check(data, rules, **settings)
        elif len(rules) == 1:
            found = explain(rules.rules[0], data, given.scope, **settings)
        else:
            message = f"--scope explains one rule, and the cell has {len(rules)}"
            raise ConfigError(code="C170", message=f"%%fluo: {message}", hint="put it into a cell of its own")
        if given.output:
            self._shell.user_ns[given.output] = found
        return found


def load_ipython_extension(shell: Shell) -> None:
    """Add ``%%fluo`` to a notebook; IPython calls this for ``%load_ext fluo_logic``."""
    shell.register_magic_function(Extension(shell).fluo, "cell", "fluo")


def traces_of(named: str, variables: Mapping[str, Any]) -> Dataset:
    """Return the traces that a word means: a variable's, else those of a path.

    Raises:
        ConfigError: there are none.
    """
    if named in variables:
        value = variables[named]
        if isinstance(value, Dataset):
            return value
        if isinstance(value, Trace):
            return Dataset(spans=value.spans, traces={value.trace_id: value})
        return read_traces(value)
    data = read_traces(named)
    if not data.spans and data.problems:
        known = [name for name, value in variables.items() if isinstance(value, Dataset) and not name.startswith("_")]
        message = f"there is no variable `{named}`, and as a path: {data.problems[0].message.rstrip('.')}"
        raise ConfigError(code="C171", message=message, hint=did_you_mean(named, known) or _listed(known))
    return data


def _listed(known: Iterable[str]) -> str | None:
    names = ", ".join(f"`{name}`" for name in known)
    return f"traces are in {names}" if names else None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ConfigError(code="C170", message=f"%%fluo: {error}", hint=USAGE) from error


def _rules(cell: str) -> Ruleset:
    # One line more, so that places are those of the cell with its first line.
    rules, mistakes = parse_source(Source(CELL, f"\n{cell}"), anonymous_id="cell")
    if mistakes:
        raise RuleFilesError(mistakes)
    return Ruleset(tuple(rules))


class Table:
    """Rows of named values as a table, such as the answers of a pyDatalog query; no value becomes markup.

    Ids of traces and spans are shown by their first eight digits, as in proofs; ``rows`` has them whole.
    """

    def __init__(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Take the rows; the first one tells the columns."""
        self.rows = [dict(row) for row in rows]
        self.columns = list(self.rows[0]) if self.rows else []

    def _repr_html_(self) -> str:
        """Return an HTML table."""
        if not self.rows:
            return f"<p>{NO_ROWS}</p>"
        head = "".join(f'<th style="text-align:left">{_cell(name)}</th>' for name in self.columns)
        body = "".join(
            "<tr>"
            + "".join(f'<td style="text-align:left">{_cell(row.get(name, ""))}</td>' for name in self.columns)
            + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        """Return the table as text."""
        if not self.rows:
            return NO_ROWS
        lines = [self.columns, *([_shown(row.get(name, "")) for name in self.columns] for row in self.rows)]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.columns))]
        return "\n".join(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )


def _shown(value: object) -> str:
    return ID.sub(lambda found: found[0][:8], inert(str(value)))


def _cell(value: object) -> str:
    return html.escape(_shown(value))
