"""The options of the verbs for people who write rules."""

from __future__ import annotations

from argparse import Action, ArgumentParser, BooleanOptionalAction
from typing import Final

from fluo_logic.commands.verbs import (
    Verb,
    choice_options,
    engine_option,
    formats_option,
    output_option,
    rule_option,
    rules_argument,
    traces_option,
)


def test_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo test``."""
    return [
        rules_argument(parser),
        formats_option(parser, "text (default), junit or json"),
        *choice_options(parser, "only these: rule ids, tag:T, severity:S, with commas"),
        engine_option(parser, "auto (default) or an engine, as for `fluo check`"),
        parser.add_argument(
            "--coverage",
            action=BooleanOptionalAction,
            default=True,
            help="look for branches of and/or on which no example depends (default: on)",
        ),
        parser.add_argument(
            "--require-coverage", action="store_true", help="exit with 1 when the examples leave something untested"
        ),
    ]


def lint_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo lint``."""
    return [
        rules_argument(parser),
        traces_option(parser, "traces in which names, attributes and values are looked up"),
        formats_option(parser, "text (default), json, sarif or github"),
        parser.add_argument(
            "--select",
            dest="codes",
            action="append",
            metavar="CODES",
            help="only these codes or beginnings of codes (L1, L203), with commas",
        ),
        parser.add_argument("--ignore", dest="without", action="append", metavar="CODES", help="leave these out"),
    ]


def fmt_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo fmt``."""
    return [
        rules_argument(parser, "`.fluo` files and folders, which are rewritten; - formats standard input"),
        parser.add_argument("--check", action="store_true", help="write nothing; name the files that would change"),
        parser.add_argument("--diff", action="store_true", help="write nothing; show what would change"),
    ]


def compile_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo compile``."""
    return [
        rules_argument(parser),
        parser.add_argument("--to", metavar="FORM", help="asp (default), datalog, souffle, sql, spark, or ir (JSON)"),
        rule_option(parser, "only this rule"),
        output_option(parser, "write to this file instead of standard output"),
    ]


def facts_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo facts``."""
    return [
        rules_argument(parser, "print what these rules need; without them: every fact of the catalogue"),
        traces_option(parser, "trace files, folders, globs, URLs, or - for standard input"),
        parser.add_argument(
            "--to", metavar="FORM", help="asp (default), csv, datalog, souffle; names; otlp, parquet, arrow"
        ),
        rule_option(parser, "only what this rule of RULES needs"),
        parser.add_argument(
            "--scope",
            metavar="ID",
            help="only the traces of this scope: a trace id or its beginning, or a value of a rule's scope key",
        ),
        output_option(parser, "write to this file instead of standard output; for csv and souffle a folder"),
    ]


def convert_options(parser: ArgumentParser) -> list[Action]:
    """Add the options of ``fluo convert``."""
    return [
        rules_argument(parser, "YAML packs, which end in `.yaml` or `.yml`"),
        output_option(parser, "write to this file instead of standard output"),
    ]


TOOLS: Final = {
    "test": Verb(
        "run the examples inside rules, and tell what they leave untested",
        "fluo test RULES... [options]",
        """\
exit status:
  0  every example has the verdict that it expects
  1  one has not; with --require-coverage also: a rule lacks an example, a verdict or a branch
  2  a rule is wrong
  3  usage or configuration is wrong
""",
        test_options,
    ),
    "lint": Verb(
        "what rules may not say as their authors mean it",
        "fluo lint RULES... [--traces INPUT...] [options]",
        """\
exit status:
  0  nothing was found, or only what is for information
  1  a warning or an error was found
  2  a rule is wrong
  3  usage, configuration or input is wrong
""",
        lint_options,
    ),
    "fmt": Verb(
        "canonical layout of rule files, comments kept",
        "fluo fmt RULES... [--check] [--diff]",
        """\
exit status:
  0  every file has the canonical layout, or was given it
  1  with --check or --diff: a file has another layout
  2  a rule is wrong; its file is left alone
  3  usage is wrong, or a file cannot be written
""",
        fmt_options,
    ),
    "compile": Verb(
        "rules as the text that an engine gets",
        "fluo compile RULES... --to FORM [--rule ID] [-o FILE]",
        """\
exit status:
  0  the text was written
  2  a rule is wrong, or the form cannot express it
  3  usage is wrong

The text and the facts of the same rules belong together:
  fluo compile RULES --to asp > r.lp; fluo facts RULES --traces T --to asp > f.lp; clingo r.lp f.lp
shows every failure that `fluo check` finds as failure(rule, number of the block, scope, spans).
""",
        compile_options,
    ),
    "facts": Verb(
        "the facts of traces, for a solver or a notebook",
        "fluo facts [RULES...] --traces INPUT... [--to FORM] [--scope ID] [-o PATH]",
        """\
exit status:
  0  the facts were written
  2  a rule is wrong, or the form cannot express it
  3  usage or input is wrong; the facts of what could be read were written

With RULES, asp and souffle are what the text of `fluo compile RULES` needs.  Otherwise, and always for csv and datalog
(pyDatalog), these are the facts of the catalogue, where numbers stand for traces and spans.  names lists what rules
can speak of: the names of spans, as rules spell them, and what the spans of each have.  otlp (lines of JSON), parquet
and arrow hold the spans themselves, which fluo reads again exactly: for other tools, and to read often.
""",
        facts_options,
    ),
    "convert": Verb(
        "YAML packs as `.fluo` text",
        "fluo convert PACK.yaml... [-o FILE]",
        """\
exit status:
  0  the text was written
  2  a rule is wrong
  3  usage is wrong, or a file cannot be written
""",
        convert_options,
    ),
}
