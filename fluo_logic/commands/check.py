"""``fluo check``."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fluo_logic import pipeline
from fluo_logic.commands.output import Maker, check_targets, tell, tell_problems, write_outputs
from fluo_logic.commands.progress import shown
from fluo_logic.commands.report_forms import REPORT_FORMS, refuse_others, report_makers
from fluo_logic.commands.select import selected
from fluo_logic.commands.settings import SEVERITIES, Settings, read_settings, strange_variables
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, EXIT_UNDECIDED, EXIT_VIOLATIONS, ConfigError
from fluo_logic.explain.words import inert, plural
from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.report.violation import Report
from fluo_logic.resources import rules_path

if TYPE_CHECKING:
    from fluo_logic.commands.excuses import Excuses

RULE_ENDINGS: Final = frozenset({".fluo", ".yaml", ".yml"})


def run(arguments: Namespace) -> int:
    """Check and report; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    loaded = rules_of(settings)
    rules = selected(loaded, settings.select, settings.ignore)
    traces = traces_of(settings)
    excuses = excuses_of(settings, loaded)
    refuse_others(settings.format, REPORT_FORMS, "check")
    check_targets(settings.format)
    refuse_needless(arguments, settings)
    with shown(wanted=arguments.progress, quiet=arguments.quiet) as progress:
        whole = arguments.certificate
        session = pipeline.solve(traces, rules, options_of(settings), whole=whole, progress=progress)
        report = pipeline.report(session)
    tell_problems(report.data.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    if excuses is not None:
        report = excuses.applied(report, session.store.dataset, quiet=arguments.quiet)
    if arguments.verbose:
        _tell_more(report)
    if arguments.verbose > 1:
        _tell_steps(session)
    quiet = arguments.quiet and not report.violated and not report.undecided
    outputs = [output for output in settings.format if output.form != "text" or output.path or not quiet]
    makers = dict(report_makers(report, session.store.dataset))
    if arguments.certificate:
        from fluo_logic.certification import certify_session  # noqa: PLC0415 - start-up counts

        add_certificate(makers, lambda: certify_session(session, complete=arguments.complete))
    write_outputs(outputs, makers, no_color=arguments.no_color)
    if not arguments.quiet and session.scanned is None:
        from fluo_logic.commands.near_names import slips  # noqa: PLC0415 - start-up counts

        sys.stdout.flush()
        for slip in slips(rules, session.store.dataset):
            tell(f"\n{slip}")
    return exit_status(report, fail_on=settings.fail_on, strict=settings.strict)


def refuse_needless(arguments: Namespace, settings: Settings) -> None:
    """Refuse options that would say nothing.

    Raises:
        ConfigError: a certificate has no document to be in, or ``--complete`` stands alone.
    """
    if getattr(arguments, "complete", False) and not arguments.certificate:
        raise ConfigError(code="C152", message="--complete is about a certificate", hint="add --certificate")
    if arguments.certificate and all(output.form != "json" for output in settings.format):
        message = "--certificate goes into a JSON document, and none is written"
        raise ConfigError(code="C152", message=message, hint="add --format json=PATH")


def add_certificate(makers: dict[str, Maker], certificate: Callable[[], Mapping[str, object]]) -> None:
    """Let the JSON document carry a certificate, which is made when it is written."""
    document = makers["json"]

    def certified(colour: bool, width: int) -> Mapping[str, object]:  # noqa: FBT001 - as every maker
        made = document(colour, width)
        return {**({} if isinstance(made, str) else made), "certificate": certificate()}

    makers["json"] = certified


def exit_status(report: Report, *, fail_on: str, strict: bool) -> int:
    """Return the exit status of a report: lost input goes before violations, those before what is undecided."""
    if any(problem.rejected for problem in report.data.problems):
        return EXIT_INPUT
    if report.at_least(fail_on) or report.expired:
        return EXIT_VIOLATIONS
    worst = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    if strict and any(item.severity in worst for item in report.undecided):
        return EXIT_UNDECIDED
    return EXIT_OK


def excuses_of(settings: Settings, rules: Ruleset) -> Excuses | None:
    """Return the waivers and the baseline that the settings name; None where they name none."""
    if settings.waivers is None and settings.baseline is None and settings.write_baseline is None:
        return None
    from fluo_logic.commands.excuses import read_excuses  # noqa: PLC0415 - start-up counts

    return read_excuses(settings, [rule.id for rule in rules.rules])


def rules_of(settings: Settings) -> Ruleset:
    """Return the rules that the settings name; refuse settings that name none."""
    if not settings.rules:
        taken = [named for named in settings.traces if Path(named).suffix in RULE_ENDINGS]
        hint = "name `.fluo` files, folders or a pack, such as pack:case-studies, before --traces"
        if taken:
            hint = f"`{taken[0]}` came after --traces and was taken for traces; name rules before it"
        raise ConfigError(code="C010", message="no rules are given", hint=hint)
    return load_rules([rules_path(named) for named in settings.rules])


def traces_of(settings: Settings) -> list[str | os.PathLike[str]]:
    """Return the trace inputs that the settings name; refuse settings that name none."""
    if not settings.traces:
        hint = "add --traces with files, folders or globs, or - for standard input"
        raise ConfigError(code="C011", message="no traces are given", hint=hint)
    return list(settings.traces)


def options_of(settings: Settings) -> pipeline.Options:
    """Return the options of the pipeline."""
    return pipeline.Options(
        engine=settings.engine,
        max_proofs=settings.max_proofs,
        now=settings.now,
        clock_skew=settings.clock_skew,
        assume_complete=settings.assume_complete,
    )


def warn_of_variables() -> None:
    """Warn of environment variables that are nearly, but not, fluo's."""
    for name, meant in strange_variables(os.environ):
        tell(f"warning[C104]: the environment variable {name} has no meaning; did you mean {meant}?")


def _tell_more(report: Report) -> None:
    for summary in report.data.inputs:
        tell(f"read {inert(summary.name)}: {summary.format or 'nothing'}, {plural(summary.spans, 'span')}")
    seconds = " · ".join(f"{stage} {took:.3f} s" for stage, took in report.seconds.items())
    tell(f"time {seconds}")


def _tell_steps(session: pipeline.Session) -> None:
    """Tell how long each table of a scan took; `fluo compile --to sql` prints their queries."""
    for name, took in session.scanned.steps if session.scanned else ():
        tell(f"made {took:.3f} s {inert(name)}")
