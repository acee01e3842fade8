"""What ``fluo check`` does about waivers and baselines: reads them before the work, applies them, and tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from fluo_logic.commands.forms import write_file
from fluo_logic.commands.output import check_targets, json_text, tell
from fluo_logic.commands.settings import Output, Settings
from fluo_logic.errors import ConfigError, FluoError, render_error
from fluo_logic.explain.words import inert, plural
from fluo_logic.facts.dataset import Dataset
from fluo_logic.report.excuse import KnownViolation, Waiver, WaiverUse
from fluo_logic.report.violation import Report
from fluo_logic.waivers.apply import apply_waivers
from fluo_logic.waivers.baseline import apply_baseline, baseline_json, baseline_of, read_baseline
from fluo_logic.waivers.read import read_waivers

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Excuses:
    """Waivers and baseline of a command; None where it has none.  ``rules`` are the ids of all rules there are."""

    settings: Settings
    rules: tuple[str, ...]
    waivers: tuple[Waiver, ...] | None = None
    known: tuple[KnownViolation, ...] | None = None

    def applied(self, report: Report, dataset: Dataset, *, quiet: bool) -> Report:
        """Return the report with all that is excused, tell of it, and write the baseline where that was asked for.

        Raises:
            ConfigError: the baseline cannot be written.
        """
        if self.waivers is not None:
            report = apply_waivers(report, self.waivers, dataset, today(self.settings))
        target, known = self.settings.write_baseline, self.known
        if target is not None:
            if any(problem.rejected for problem in report.data.problems):
                tell(f"warning: `{target}` is not written, because a part of the input was lost")
            else:
                entries = self._anew(report)
                write_file(target, json_text(baseline_json(entries)))
                if not quiet:
                    tell(f"note: {plural(len(entries), 'violation')} written to `{target}`")
                known = (*(known or ()), *entries)
        if known is not None:
            report = apply_baseline(report, known, self.rules, self.settings.baseline_by)
        tell_excuses(report, quiet=quiet)
        return report

    def _anew(self, report: Report) -> list[KnownViolation]:
        """Return all that is violated, and what the old baseline knows of rules that were not checked this time."""
        skipped = set(self.rules) - {rule.id for rule in report.rules}
        kept = {entry for entry in self.known or () if entry.rule in skipped}
        return sorted({*kept, *baseline_of(report)}, key=lambda entry: (entry.rule, entry.signature, entry.fingerprint))


def read_excuses(settings: Settings, rules: Sequence[str]) -> Excuses:
    """Return the waivers and the baseline that the settings name.

    Args:
        settings: those of the command.
        rules: the ids of all rules that were loaded.

    Raises:
        ConfigError: a file cannot be read, is wrong, or cannot be written.
    """
    if settings.write_baseline is not None:
        check_targets([Output("baseline", settings.write_baseline)])
    waivers = None if settings.waivers is None else read_waivers(settings.waivers, rules)
    known = None if settings.baseline is None else read_baseline(settings.baseline)
    return Excuses(settings, tuple(rules), waivers, known)


def today(settings: Settings) -> date:
    """Return the day by which waivers expire: that of ``--now``, or else of the clock, in UTC."""
    if settings.now is None:
        return datetime.now(UTC).date()
    try:
        return (EPOCH + timedelta(seconds=settings.now // 10**9)).date()
    except OverflowError as error:
        message = f"--now: {settings.now} nanoseconds are beyond the calendar"
        raise ConfigError(code="C102", message=message) from error


def tell_excuses(report: Report, *, quiet: bool) -> None:
    """Tell which waivers have expired, and, unless ``quiet``, which fit nothing and what is fixed."""
    for use in report.expired:
        waiver, again = use.waiver, ""
        if use.fits:
            again = f", and {plural(use.fits, 'violation')} {'counts' if use.fits == 1 else 'count'} again"
        message = f"the waiver for {waiver.rule} expired on {waiver.expires}{again}"
        hint = f"renew it with a later day, or remove it; it said: {inert(waiver.reason)} ({inert(waiver.owner)})"
        tell(render_error(FluoError("V004", message, where=waiver.where, hint=hint)))  # noqa: EM101 - a code
    if quiet:
        return
    for use in report.unused:
        tell(_unused(use))
    fixed = report.baseline.fixed if report.baseline is not None else ()
    if fixed:
        rules = ", ".join(inert(rule) for rule in dict.fromkeys(known.rule for known in fixed))
        tell(f"note: {plural(len(fixed), 'violation')} of the baseline fixed ({rules}); --write-baseline drops them")


def _unused(use: WaiverUse) -> str:
    waiver = use.waiver
    message = f"the waiver for {waiver.rule} fits no violation"
    hint = "remove it, unless what it is for comes and goes"
    error = FluoError("V005", message, where=waiver.where, hint=hint)  # noqa: EM101 - a code
    return "warning" + render_error(error).removeprefix("error")
