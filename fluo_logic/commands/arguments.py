"""The command line: verbs, options and their help."""

from __future__ import annotations

import sys
from argparse import Action, ArgumentParser, BooleanOptionalAction, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from typing import Final, NoReturn

from fluo_logic.commands.analysis_arguments import ANALYSES
from fluo_logic.commands.tool_arguments import TOOLS
from fluo_logic.commands.verbs import (
    Verb,
    choice_options,
    engine_option,
    formats_option,
    graph_option,
    rule_option,
    rules_argument,
    traces_option,
)
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, ConfigError
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.resources import PACK, packs

GLOBAL: Final = ("--help", "-h", "--version")
DESCRIPTION: Final = "Executable invariants: OpenTelemetry traces in, violations out, each with a proof."


class _Parser(ArgumentParser):
    """A parser whose errors are those of fluo."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(code="C001", message=message, hint=f"`{self.prog} --help` tells what there is")


def parse_arguments(argv: Sequence[str]) -> Namespace | int:
    """Return the parsed command line, or the exit status where it only asked for help or the version.

    Raises:
        ConfigError: a verb or an option does not exist, or an option lacks its value.
    """
    if not argv:
        _parser().print_help(sys.stderr)
        return EXIT_INPUT
    if argv[0] not in VERBS and not argv[0].startswith("-"):
        hint = did_you_mean(argv[0], VERBS) or f"the verbs are {', '.join(VERBS)}"
        raise ConfigError(code="C002", message=f"`{argv[0]}` is not a verb of fluo", hint=hint)
    if argv[0].startswith("-") and argv[0] not in GLOBAL:
        hint = did_you_mean(argv[0], GLOBAL) or "options come after a verb: `fluo VERB --help` tells which"
        raise ConfigError(code="C003", message=f"`{argv[0]}` is not an option of `fluo`", hint=hint)
    parser = _parser()
    try:
        arguments, unknown = parser.parse_known_args(argv)
    except SystemExit as end:  # --help and --version
        return int(end.code or EXIT_OK)
    if unknown:
        word = next((word for word in unknown if word.startswith("-")), unknown[0])
        name = word.partition("=")[0]
        hint = did_you_mean(name, arguments.options) or f"`fluo {argv[0]} --help` tells what there is"
        raise ConfigError(code="C003", message=f"`{name}` is not an option of `fluo {argv[0]}`", hint=hint)
    return arguments


def _parser() -> _Parser:
    parser = _Parser(
        prog="fluo", description=DESCRIPTION, formatter_class=RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        one = verbs.add_parser(
            name,
            usage=verb.usage,
            help=verb.summary,
            description=f"{verb.summary[0].upper()}{verb.summary[1:]}.",
            epilog=verb.statuses,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        actions = [*verb.options(one), *_common(one)]
        one.set_defaults(options=[name for action in actions for name in action.option_strings])
    return parser


class _Version(Action):
    """``--version``, which looks the version up only when it is asked for."""

    def __call__(self, parser: ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - start-up counts

        sys.stdout.write(f"fluo {version('fluo_logic')}\n")
        parser.exit()


def _rules_and_traces(parser: ArgumentParser) -> list[Action]:
    shipped = ", ".join(PACK + name for name in packs())
    what = "trace files, folders, globs, URLs, or - for standard input; formats and compression are detected"
    return [
        rules_argument(parser, f"`.fluo` files, folders of them, or shipped packs: {shipped}"),
        traces_option(parser, what),
    ]


def _inputs(parser: ArgumentParser, formats: str) -> list[Action]:
    return [
        *_rules_and_traces(parser),
        _engine(parser),
        formats_option(parser, f"text (default), {formats}", dest="format"),
        *_conditions(parser),
    ]


def _engine(parser: ArgumentParser) -> Action:
    return engine_option(parser, "auto (default), clingo, duckdb, pydatalog or spark")


def _progress(parser: ArgumentParser) -> Action:
    return parser.add_argument(
        "--progress", action="store_true", help="show progress even where standard error is no terminal"
    )


def _conditions(parser: ArgumentParser) -> list[Action]:
    return [
        parser.add_argument(
            "--now",
            metavar="TIME",
            help="end of the data, from which deadlines are judged (RFC 3339; default: the latest time seen)",
        ),
        parser.add_argument(
            "--clock-skew", metavar="D", help="by how much clocks of services may differ, such as 5ms (default: 0, off)"
        ),
        parser.add_argument(
            "--assume-complete",
            action=BooleanOptionalAction,
            help="treat holes in traces as if nothing were missing there",
        ),
    ]


def _check(parser: ArgumentParser) -> list[Action]:
    return [
        *_inputs(parser, "json, jsonl, junit, sarif, github, markdown or html"),
        parser.add_argument(
            "--fail-on", metavar="SEVERITY", help="critical, high, medium, low or info (default: info, which is any)"
        ),
        *choice_options(parser, "check only these: rule ids, tag:T, severity:S, with commas; can be repeated"),
        parser.add_argument("--max-proofs", metavar="N", help="proofs a rule (default: 20); counts are never capped"),
        parser.add_argument(
            "--strict", action=BooleanOptionalAction, help="exit with 4 when something is inconclusive or pending"
        ),
        _progress(parser),
        parser.add_argument(
            "--waivers", metavar="FILE", help="violations that are put up with, by whom, why and until when (TOML)"
        ),
        parser.add_argument("--baseline", metavar="FILE", help="violations that are known already and do not count"),
        parser.add_argument(
            "--baseline-by",
            metavar="IDENTITY",
            help="what a violation is known by: its fingerprint (default), or its signature, for traces made anew",
        ),
        parser.add_argument(
            "--write-baseline", metavar="FILE", help="write all that is violated now, so that it is known next time"
        ),
        parser.add_argument(
            "--certificate",
            action="store_true",
            help="the JSON report carries what `fluo certify` needs to re-check each failure",
        ),
        parser.add_argument(
            "--complete",
            action="store_true",
            help="with --certificate: and what is satisfied or vacuous, so that nothing can be left out",
        ),
    ]


def _certify(parser: ArgumentParser) -> list[Action]:
    return [
        parser.add_argument(
            "report",
            metavar="REPORT",
            help="a JSON report, explanation or evidence with a certificate, or a certificate alone",
        ),
        *_rules_and_traces(parser),
        parser.add_argument(
            "--complete", action="store_true", help="refuse it if an obligation of a rule has no claim in some scope"
        ),
    ]


def _evidence(parser: ArgumentParser) -> list[Action]:
    return [
        *_rules_and_traces(parser),
        parser.add_argument(
            "--control",
            action="append",
            metavar="CONTROLS",
            help="only these, with commas: SOC2:CC7.2, or SOC2 for all of a framework; can be repeated",
        ),
        formats_option(parser, "text (default), json or html"),
        _engine(parser),
        *_conditions(parser),
        _progress(parser),
    ]


def _explain(parser: ArgumentParser) -> list[Action]:
    detail = parser.add_mutually_exclusive_group()
    return [
        *_inputs(parser, "json or html"),
        detail.add_argument(
            "--short",
            dest="detail",
            action="store_const",
            const="short",
            default="normal",
            help="of the text only the witnesses and the step that decides",
        ),
        detail.add_argument(
            "--long",
            dest="detail",
            action="store_const",
            const="long",
            help="in the text also every element of a count, every near miss, and digests of what was looked at",
        ),
        rule_option(parser),
        parser.add_argument(
            "--scope",
            metavar="ID",
            help="a trace id or its beginning, or the value of the rule's scope key (default: the worst scope)",
        ),
        parser.add_argument(
            "--certificate",
            action="store_true",
            help="the JSON document carries what `fluo certify` needs to re-check the explanation",
        ),
        parser.add_argument(
            "--repair", action="store_true", help="also the smallest changes to the trace that would satisfy the rule"
        ),
        graph_option(parser, "the causal graph", "the explanation"),
    ]


def _lsp(parser: ArgumentParser) -> list[Action]:
    return [parser.add_argument("--stdio", action="store_true", help="the only way there is; many editors add it")]


def _demo(parser: ArgumentParser) -> list[Action]:
    return [
        parser.add_argument(
            "incident",
            nargs="?",
            metavar="INCIDENT",
            help="only this one, with more proofs: its number, or a part of its name",
        ),
        parser.add_argument("--keep", metavar="DIR", help="keep the traces in this folder"),
    ]


def _common(parser: ArgumentParser) -> list[Action]:
    return [
        parser.add_argument("-q", "--quiet", action="store_true", help="print only what is wrong"),
        parser.add_argument(
            "-v",
            "--verbose",
            action="count",
            default=0,
            help="also tell what was read and how long it took; -vv: how long each table of a scan took",
        ),
        parser.add_argument("--no-color", action="store_true", help="no colour; NO_COLOR does the same"),
    ]


VERBS: Final = {
    "check": Verb(
        "verdicts of rules on traces, and every violation with its proof",
        "fluo check RULES... --traces INPUT... [options]",
        """\
exit status, the first that applies:
  2  a rule is wrong
  3  usage, configuration or input is wrong; what could be read was still checked and reported
  1  something is violated, of at least the severity of --fail-on, or a waiver has expired
  4  only with --strict: nothing violated, but something inconclusive or pending
  0  none of these
(70: a defect of fluo; 130: interrupted; 141: the reader of the output went away)

configuration:
  fluo.toml, or [tool.fluo] in pyproject.toml, of the current directory holds settings by the names of the
  options, and `rules`; FLUO_* environment variables (FLUO_FAIL_ON; lists with commas) go before it, and
  options before both
""",
        _check,
    ),
    "explain": Verb(
        "why one rule has its verdict on one scope",
        "fluo explain RULES... --traces INPUT... [--rule ID] [--scope ID] [options]",
        """\
exit status:
  0  the verdict, whatever it is, was explained
  2  a rule is wrong
  3  usage, configuration or input is wrong; what could be read was still explained
""",
        _explain,
    ),
    "certify": Verb(
        "an independent re-check of the certificate in a report",
        "fluo certify REPORT RULES... --traces INPUT... [--complete]",
        """\
exit status:
  0  every node and claim of the certificate is accepted
  1  something is refused, for the reasons that are printed
  2  a rule is wrong
  3  usage, configuration or input is wrong
""",
        _certify,
    ),
    "evidence": Verb(
        "what traces show of controls, by control, with certificates",
        "fluo evidence RULES... --traces INPUT... [--control CONTROLS] [options]",
        """\
exit status, the first that applies:
  2  a rule is wrong
  3  usage, configuration or input is wrong; what could be read was still checked and reported
  1  a control is violated, or the independent checker refused something
  4  a control is pending or inconclusive, or there is no evidence for it
  0  every control is satisfied
""",
        _evidence,
    ),
    **TOOLS,
    **ANALYSES,
    "lsp": Verb(
        "a language server for editors, on standard input and output",
        "fluo lsp",
        """\
exit status:
  0  the editor asked for the shutdown and left
  1  the editor left without asking
  3  usage is wrong, or pygls is not there
""",
        _lsp,
    ),
    "demo": Verb(
        "the seven incidents, replayed and explained",
        "fluo demo [INCIDENT] [--keep DIR] [options]",
        """\
exit status:
  0  every healthy run is clean, and every broken one violated
  1  one is not
  3  usage is wrong, or the OpenTelemetry SDK is not there
""",
        _demo,
    ),
}
