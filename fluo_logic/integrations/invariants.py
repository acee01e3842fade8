"""What a test is checked for: the sources of its rules, the checks it makes, and what is told when one fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, Unpack

from fluo_logic.api import Settings, StrPath, check, load_rules
from fluo_logic.errors import ConfigError, RuleError, RuleFilesError
from fluo_logic.explain.words import plural, shortened
from fluo_logic.lang.suggest import choices, did_you_mean
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.report.violation import SEVERITIES, InvariantViolationError, Report
from fluo_logic.resources import PACK

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.trace import Tracer

    from fluo_logic.integrations.recording import Recording, SpanRecorder

RuleSource: TypeAlias = StrPath | Rule | Ruleset
"""Where rules come from: a file, a folder or ``pack:NAME``, or rules that were loaded already."""
OPTIONS: Final = ("active", "allow_empty", "fail_on", "strict")
"""What the marker takes beside the settings of a check."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a test has to keep: the rules, and how they are checked when it ends.

    ``active`` names rules that must have had something to check; with ``allow_empty`` the test need not make spans.
    """

    rules: Ruleset
    active: frozenset[str] = frozenset()
    allow_empty: bool = True
    fail_on: str = SEVERITIES[-1]
    strict: bool = False
    settings: Settings = field(default_factory=Settings)


class RuleLibrary:
    """Loads rules once, however many tests name them.  Paths are those of the project or else of the test's folder."""

    def __init__(self, root: Path) -> None:
        """Take the folder at which relative paths begin."""
        self.root = root
        self._known: dict[tuple[str, ...], Ruleset] = {}

    def rules(self, sources: Sequence[RuleSource], folder: Path) -> Ruleset:
        """Return the rules of all sources; a file or rule that is named twice counts once.

        Raises:
            RuleFilesError: with every mistake of every file.
            ConfigError: a pack does not exist.
        """
        paths = tuple(self._path(source, folder) for source in sources if not isinstance(source, Rule | Ruleset))
        if paths not in self._known:
            self._known[paths] = load_rules(*paths) if paths else Ruleset(())
        found = list(self._known[paths].rules)
        for source in sources:
            if isinstance(source, Rule | Ruleset):
                more = (source,) if isinstance(source, Rule) else source.rules
                found.extend(rule for rule in more if rule not in found)
        ids = [rule.id for rule in found]
        for rule in found:
            if ids.count(rule.id) > 1:
                message = f"two different rules have the id `{rule.id}`"
                raise RuleFilesError([RuleError("E121", message, hint="give one of them another id")])
        return Ruleset(tuple(found))

    def _path(self, source: StrPath, folder: Path) -> str:
        text = str(source)
        path = Path(text)
        if text.startswith(PACK) or path.is_absolute():
            return text
        # What is named in an error is what was written, where that leads to the file from here.
        for base in (self.root, folder):
            if (base / path).exists():
                return text if base == Path.cwd() else str(base / path)
        return text


def plan_of(
    sources: Sequence[RuleSource], options: Mapping[str, object], library: RuleLibrary, folder: Path, *, empty: bool
) -> Plan:
    """Return what a marker asks for.

    Args:
        sources: where the rules come from.
        options: the keywords of the marker.
        library: loads the rules.
        folder: the folder of the test.
        empty: whether a test may do without spans, unless the marker tells.

    Raises:
        ConfigError: a keyword, a severity or a rule does not exist.
        RuleFilesError: rules are wrong.
    """
    known = (*OPTIONS, *Settings.__annotations__)
    for name in options:
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {choices(known)}"
            raise ConfigError(code="C161", message=f"the marker `invariants` takes no `{name}`", hint=hint)
    rules = library.rules(sources, folder)
    active = options.get("active", False)
    match active:
        case bool():
            names = frozenset(rule.id for rule in rules.rules) if active else frozenset[str]()
        case str():
            names = frozenset({active})
        case Sequence():
            names = frozenset(str(name) for name in active)
        case _:
            message = f"`active` of the marker `invariants` is {active!r}"
            raise ConfigError(code="C161", message=message, hint="give it True, or the ids of rules")
    expect_known(names, [rule.id for rule in rules.rules])
    fail_on = str(options.get("fail_on", SEVERITIES[-1]))
    if fail_on not in SEVERITIES:
        hint = did_you_mean(fail_on, SEVERITIES) or f"the severities are {choices(SEVERITIES)}"
        raise ConfigError(code="C161", message=f"`{fail_on}` is not a severity", hint=hint)
    settings: Settings = {}
    settings.update({name: value for name, value in options.items() if name in Settings.__annotations__})  # type: ignore[typeddict-item]
    return Plan(
        rules, names, bool(options.get("allow_empty", empty)), fail_on, bool(options.get("strict", False)), settings
    )


def expect_known(names: frozenset[str], ids: Sequence[str]) -> None:
    """Refuse names that are not among the ids of the rules.

    Raises:
        ConfigError: with the nearest id that there is.
    """
    for name in sorted(names.difference(ids)):
        hint = did_you_mean(name, ids) or (f"there are {choices(ids[:8])}" if ids else "the test names no rules")
        raise ConfigError(code="C162", message=f"no rule has the id `{name}`", hint=hint)


class Invariants:
    """The fixture ``fluo``: the spans of a test, and the rules that they have to keep.

    Attributes:
        provider: the tracer provider whose spans are recorded.
        reports: what was checked so far in this test.
    """

    def __init__(
        self,
        plan: Plan,
        library: RuleLibrary,
        folder: Path,
        recorder: SpanRecorder,
        recording: Recording,
        provider: TracerProvider,
        attached: list[object],
        patience: float,
    ) -> None:
        """Take what the plugin prepared; tests get it as a fixture."""
        self.plan = plan
        self.provider = provider
        self.reports: list[Report] = []
        self.patience = patience
        self._library = library
        self._folder = folder
        self._recorder = recorder
        self.recording = recording
        self._attached = attached
        self._active = plan.active

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans of this test: those that ended, in that order, then those that did not."""
        return self.recording.spans

    def tracer(self, name: str = "test") -> Tracer:
        """Return a tracer whose spans are recorded."""
        return self.provider.get_tracer(name)

    def record(self, provider: TracerProvider) -> None:
        """Record the spans of another provider too, one that is not the global one."""
        from fluo_logic.integrations.recording import attach_to  # noqa: PLC0415 - needs the SDK

        attach_to(provider, self._recorder, self._attached)

    def wait(self, seconds: float = 5.0) -> bool:
        """Wait until every span has ended, such as those of threads; return whether that is so."""
        return self.recording.wait(seconds)

    def clear(self) -> None:
        """Forget the spans so far."""
        self.recording.clear()

    def check(self, *sources: RuleSource, **settings: Unpack[Settings]) -> Report:
        """Check the spans so far; without ``sources``, for the rules of the marker and of ``--fluo-rules``.

        Raises:
            RuleFilesError: rules are wrong.
            ConfigError: there are no rules, or a setting cannot be read.
        """
        rules = self._library.rules(sources, self._folder) if sources else self.plan.rules
        if not rules.rules:
            hint = 'name some: `fluo.check("rules/")`, `@pytest.mark.invariants("rules/")` or --fluo-rules'
            raise ConfigError(code="C163", message="there are no rules to check", hint=hint)
        self.recording.wait(self.patience)
        merged: Settings = {**self.plan.settings, **settings}
        report = check([self.spans], rules, **merged)
        self.reports.append(report)
        return report

    def require(self, *sources: RuleSource, **settings: Unpack[Settings]) -> Report:
        """Check, and fail the test with the proofs if something is violated; see `check`."""
        report = self.check(*sources, **settings)
        self._refuse(report)
        return report

    def require_active(self, *ids: str) -> None:
        """Fail the test, when it ends, if one of these rules had nothing to check; without ids: any of its rules.

        Raises:
            ConfigError: no rule of the test has such an id.
        """
        checked = (rule.id for report in self.reports for rule in report.rules)
        known = list(dict.fromkeys([*(rule.id for rule in self.plan.rules.rules), *checked]))
        if not known:
            hint = "name them in the marker, or check them first"
            raise ConfigError(code="C163", message="there are no rules that could be active", hint=hint)
        wanted = frozenset(ids or known)
        expect_known(wanted, known)
        self._active |= wanted

    def finish(self) -> None:
        """Check what the test has to keep now that it has run.

        Raises:
            InvariantViolationError: something is violated, was not active though it had to, or there is no span.
        """
        if self.plan.rules.rules:
            self.recording.wait(self.patience)
            if self.spans or not self.plan.allow_empty:
                if not self.spans:
                    raise InvariantViolationError(code="V002", message=self._no_span())
                self._refuse(self.check())
        idle = sorted(self._active.difference(self.active))
        if idle:
            raise InvariantViolationError(code="V003", message=self._idle(idle))

    @property
    def active(self) -> frozenset[str]:
        """The ids of the rules that had something to check in this test."""
        return frozenset(
            rule.id
            for report in self.reports
            for rule in report.rules
            if any(count for verdict, count in rule.verdicts.items() if verdict != "vacuous")
        )

    def _refuse(self, report: Report) -> None:
        undecided = self.plan.strict and any(violation.verdict != "violated" for violation in report.violations)
        if report.at_least(self.plan.fail_on) or undecided:
            raise InvariantViolationError(code="V001", message=report.to_text(), report=report)

    def _no_span(self) -> str:
        kind = f"{type(self.provider).__module__}.{type(self.provider).__qualname__}"
        rules = plural(len(self.plan.rules), "rule")
        return (
            f"the test made no span, so {rules} had nothing to check\n"
            f"  = the spans of the global {kind} are recorded, from where the test begins\n"
            "  = hint: is the code instrumented, does it take its tracer from that provider, and is it sampled? "
            "A test that need not make spans says so: `allow_empty=True`"
        )

    def _idle(self, idle: Sequence[str]) -> str:
        names = ", ".join(dict.fromkeys(shortened(span.name, 40) for span in self.spans)) or "none"
        listed = ", ".join(idle)
        return (
            f"{plural(len(idle), 'rule')} had nothing to check in this test: {listed}\n"
            f"  = its {plural(len(self.spans), 'span')}: {names}\n"
            "  = hint: what `when` asks for did not happen; `fluo explain` on such a trace tells how far it comes"
        )
