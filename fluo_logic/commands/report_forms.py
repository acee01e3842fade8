"""The forms in which the results of ``fluo check`` and ``fluo explain`` can be written: a row for each.

A form is named once more in `fluo_logic.commands.settings.FORMATS`, which a help text needs without what is imported
here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final, TypeAlias

from fluo_logic.commands.output import Maker, project_folder
from fluo_logic.commands.settings import Output
from fluo_logic.errors import ConfigError
from fluo_logic.explain.as_json import explanation_json
from fluo_logic.explain.text import explanation_text
from fluo_logic.facts.dataset import Dataset
from fluo_logic.pipeline import Explanation
from fluo_logic.report.as_json import report_json
from fluo_logic.report.terminal import report_text
from fluo_logic.report.violation import Report

Made: TypeAlias = str | Mapping[str, object]
ReportForm: TypeAlias = Callable[[Report, Dataset, bool, int], Made]
"""Makes a form of a report, given the data too, whether to colour it and how wide it may be."""
ExplanationForm: TypeAlias = Callable[[Explanation, Dataset, bool, int], Made]


def _report_text(report: Report, _: Dataset, colour: bool, width: int) -> Made:  # noqa: FBT001
    return report_text(report, colour=colour, width=width)


def _report_json(report: Report, _: Dataset, *__: object) -> Made:
    return report_json(report)


def _report_html(report: Report, dataset: Dataset, *_: object) -> Made:
    from fluo_logic.report.html import report_html  # noqa: PLC0415 - start-up counts

    return report_html(report, dataset)


def _report_sarif(report: Report, _: Dataset, *__: object) -> Made:
    from fluo_logic.report.sarif import report_sarif  # noqa: PLC0415 - start-up counts

    return report_sarif(report, project_folder())


def _report_jsonl(report: Report, *_: object) -> Made:
    from fluo_logic.report.jsonl import report_jsonl  # noqa: PLC0415 - start-up counts

    return report_jsonl(report)


def _report_junit(report: Report, *_: object) -> Made:
    from fluo_logic.report.junit import report_junit  # noqa: PLC0415 - start-up counts

    return report_junit(report, project_folder())


def _report_github(report: Report, *_: object) -> Made:
    from fluo_logic.report.github import report_github  # noqa: PLC0415 - start-up counts

    return report_github(report, project_folder())


def _report_markdown(report: Report, *_: object) -> Made:
    from fluo_logic.report.markdown import report_markdown  # noqa: PLC0415 - start-up counts

    return report_markdown(report)


def _explanation_text(explanation: Explanation, _: Dataset, colour: bool, width: int) -> Made:  # noqa: FBT001
    return explanation_text(explanation, colour=colour, width=width)


def _explanation_json(explanation: Explanation, _: Dataset, *__: object) -> Made:
    return explanation_json(explanation)


def _explanation_html(explanation: Explanation, dataset: Dataset, *_: object) -> Made:
    from fluo_logic.report.html import explanation_html  # noqa: PLC0415 - start-up counts

    return explanation_html(explanation, dataset)


REPORT_FORMS: Final[Mapping[str, ReportForm]] = {
    "text": _report_text,
    "json": _report_json,
    "jsonl": _report_jsonl,
    "junit": _report_junit,
    "sarif": _report_sarif,
    "github": _report_github,
    "markdown": _report_markdown,
    "html": _report_html,
}
EXPLANATION_FORMS: Final[Mapping[str, ExplanationForm]] = {
    "text": _explanation_text,
    "json": _explanation_json,
    "html": _explanation_html,
}


def report_makers(report: Report, dataset: Dataset) -> Mapping[str, Maker]:
    """Return what makes each form of a report."""
    return {form: partial(make, report, dataset) for form, make in REPORT_FORMS.items()}


def explanation_makers(explanation: Explanation, dataset: Dataset) -> Mapping[str, Maker]:
    """Return what makes each form of an explanation."""
    return {form: partial(make, explanation, dataset) for form, make in EXPLANATION_FORMS.items()}


def refuse_others(outputs: Sequence[Output], known: Mapping[str, object], verb: str) -> None:
    """Refuse forms that a verb does not have, though another one has.

    Raises:
        ConfigError: there is one.
    """
    for output in outputs:
        if output.form not in known:
            hint = f"its formats are {', '.join(known)}"
            raise ConfigError(code="C102", message=f"`fluo {verb}` has no format `{output.form}`", hint=hint)
