"""What a verb of the command line is, and the options that several verbs share."""

from __future__ import annotations

from argparse import Action, ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A verb: what it does in a few words, how it is called, what its exit statuses mean, and what adds its options."""

    summary: str
    usage: str
    statuses: str
    options: Callable[[ArgumentParser], list[Action]]


def rules_argument(parser: ArgumentParser, text: str = "`.fluo` or YAML files, folders, or a shipped pack") -> Action:
    """Add the rules that a verb is given."""
    return parser.add_argument("rules", nargs="*", metavar="RULES", help=text)


def traces_option(parser: ArgumentParser, text: str) -> Action:
    """Add ``--traces``."""
    return parser.add_argument("--traces", nargs="+", action="extend", metavar="INPUT", help=text)


def formats_option(parser: ArgumentParser, known: str, dest: str = "forms") -> Action:
    """Add ``--format``."""
    return parser.add_argument(
        "--format",
        dest=dest,
        action="append",
        metavar="FORMAT[=PATH]",
        help=f"{known}, to standard output or a file; can be repeated",
    )


def choice_options(parser: ArgumentParser, text: str = "only these: ids, tag:T, severity:S") -> list[Action]:
    """Add ``--select`` and ``--ignore``, which pick rules."""
    return [
        parser.add_argument("--select", action="append", metavar="WORDS", help=text),
        parser.add_argument("--ignore", action="append", metavar="WORDS", help="leave these out, likewise"),
    ]


def rule_option(parser: ArgumentParser, text: str = "the rule, where RULES hold several") -> Action:
    """Add ``--rule``."""
    return parser.add_argument("--rule", metavar="ID", help=text)


def engine_option(parser: ArgumentParser, text: str) -> Action:
    """Add ``--engine``."""
    return parser.add_argument("--engine", metavar="NAME", help=text)


def output_option(parser: ArgumentParser, text: str) -> Action:
    """Add ``-o``."""
    return parser.add_argument("-o", "--output", metavar="PATH", help=text)


def graph_option(parser: ArgumentParser, what: str, instead: str) -> Action:
    """Add ``--graph``."""
    return parser.add_argument(
        "--graph",
        action="append",
        metavar="FORMAT[=PATH]",
        help=f"{what} as graphml, json, dot, mermaid or svg, to a file or in place of {instead}",
    )
