"""The options of the verbs that reason about rules instead of traces."""

from __future__ import annotations

from argparse import Action, ArgumentParser
from typing import Final

from fluo_logic.commands.verbs import (
    Verb,
    choice_options,
    formats_option,
    graph_option,
    rule_option,
    rules_argument,
    traces_option,
)


def _whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _seconds(text: str) -> float:
    number = float(text)
    if not number > 0:
        raise ValueError
    return number


_whole.__name__ = "whole number"
_seconds.__name__ = "number of seconds"


def _limits(parser: ArgumentParser) -> list[Action]:
    return [
        parser.add_argument("--bound", type=_whole, metavar="N", help="the most spans of a trace (default: 6)"),
        parser.add_argument(
            "--seconds", type=_seconds, metavar="S", help="for one question to the solver (default: 5)"
        ),
    ]


def analyze_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo analyze``."""
    return [
        rules_argument(parser),
        traces_option(parser, "recorded traces: names they never show, rules they never activate"),
        formats_option(parser, "text (default), json, sarif or html"),
        graph_option(parser, "the graph of rules", "the findings"),
        *choice_options(parser),
        *_limits(parser),
        parser.add_argument(
            "--jobs", type=_whole, metavar="N", help="how many processes answer questions (default: one a processor)"
        ),
    ]


def witness_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo witness``."""
    return [
        rules_argument(parser),
        rule_option(parser),
        parser.add_argument("--verdict", metavar="VERDICT", help="violated (default) or satisfied"),
        formats_option(parser, "text (default), json (OTLP), or example (a block for the rule)"),
        *_limits(parser),
    ]


def diff_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo diff``."""
    return [
        rules_argument(parser, "the old rules and the new ones"),
        parser.add_argument(
            "--pair", dest="rule_pairs", action="append", metavar="OLD=NEW", help="compare rules of different ids"
        ),
        rule_option(parser, "only this one of the new rules"),
        traces_option(parser, "recorded traces on which verdicts are compared"),
        formats_option(parser, "text (default) or json"),
        *_limits(parser),
    ]


ANALYSES: Final = {
    "analyze": Verb(
        "which rules contradict themselves or each other, can never fire, or repeat others",
        "fluo analyze RULES... [--traces INPUT...] [--bound N] [--graph FORM] [options]",
        """\
exit status:
  0  nothing was found
  1  something was found, or left undecided
  2  a rule is wrong
  3  usage, configuration or input is wrong
""",
        analyze_options,
    ),
    "witness": Verb(
        "a smallest trace on which a rule is violated, or satisfied",
        "fluo witness RULES... [--rule ID] [--verdict VERDICT] [--format FORM]",
        """\
exit status:
  0  the trace was written
  1  no trace within the bound has the verdict
  2  a rule is wrong, or cannot be expressed over generated traces
  3  usage or configuration is wrong
""",
        witness_options,
    ),
    "diff": Verb(
        "what a change of rules does, with a trace that shows it",
        "fluo diff OLD NEW [--pair OLD=NEW] [--traces INPUT...] [options]",
        """\
exit status:
  0  every rule means what it did
  1  one does not, or it is not known whether it does
  2  a rule is wrong
  3  usage, configuration or input is wrong
""",
        diff_options,
    ),
}
