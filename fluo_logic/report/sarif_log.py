"""SARIF 2.1.0, the interchange format of analysers: rules, results, places and flows as data, written as one log.

Nothing here knows what was analysed.  The format is an OASIS standard (Static Analysis Results Interchange Format
2.1.0); what GitHub's code scanning asks for beyond it is kept too: every rule has a help text, every result a place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final, Literal, TypeAlias
from urllib.parse import quote

from fluo_logic.errors import Where
from fluo_logic.explain.as_json import Document, Json
from fluo_logic.resources import rules_folder

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT: Final = "%SRCROOT%"
"""What relative addresses of files are relative to."""
SHIPPED: Final = "%FLUOPACKS%"
"""What those of shipped rules are relative to, which lie elsewhere on every machine."""
UNQUOTED: Final = "/@+,;=~!$&'()*"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST: Final = 1024
"""How many characters GitHub takes of a description."""
Level: TypeAlias = Literal["none", "note", "warning", "error"]
Kind: TypeAlias = Literal["fail", "open", "review", "pass", "informational"]
State: TypeAlias = Literal["new", "unchanged", "absent"]
Importance: TypeAlias = Literal["essential", "important", "unimportant"]
LEVELS: Final[Mapping[str, Level]] = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
    "info": "note",
}
"""The level of each severity of a rule."""


@dataclass(frozen=True, slots=True)
class SarifRule:
    """A kind of result (a reporting descriptor): what it is about, and what helps.

    ``help_markdown`` is what viewers prefer to ``help_text`` where it is there; ``help_uri`` an absolute URL.
    """

    id: str
    short: str
    full: str
    help_text: str
    help_markdown: str = ""
    help_uri: str | None = None
    level: Level = "warning"
    properties: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Logical:
    """A place that is not in a file, such as a span: its name, its full name, what it is."""

    name: str
    full_name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file, outside files, or both, and what is to be said of it."""

    where: Where | None = None
    logical: tuple[Logical, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a flow; ``time`` is in nanoseconds since the Unix epoch."""

    location: Location
    time: int | None = None
    importance: Importance = "important"


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why a result is not to count."""

    justification: str
    accepted: bool = True
    where: Where | None = None
    properties: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SarifResult:
    """One thing that was found.  ``level`` counts only where ``kind`` is ``fail``; ``flow`` is in order of time.

    ``suppressions`` is None where nobody looked for any, which is not the same as that there are none.
    """

    rule: str
    message: str
    level: Level = "warning"
    kind: Kind = "fail"
    message_markdown: str = ""
    location: Location = field(default_factory=Location)
    related: tuple[Location, ...] = ()
    flow: tuple[Step, ...] = ()
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    suppressions: tuple[Suppression, ...] | None = None
    state: State | None = None
    properties: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told of the run itself, such as an input that could not be read."""

    id: str
    message: str
    level: Level = "warning"
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class SarifRun:
    """One run of fluo; ``successful`` says whether all of the input was taken in."""

    rules: Sequence[SarifRule]
    results: Sequence[SarifResult]
    notices: Sequence[Notice] = ()
    successful: bool = True
    category: str = "fluo"
    properties: Document = field(default_factory=dict)


def sarif_log(run: SarifRun, root: Path | None = None) -> dict[str, object]:
    """Return a log of one run, ready for `json.dumps`.

    Args:
        run: what was found.
        root: the folder that the addresses of files are to be relative to, by default the current directory.  Files
            outside of it have absolute addresses.

    Raises:
        KeyError: a result is of a rule that the run does not have.
    """
    from importlib.metadata import version  # noqa: PLC0415 - start-up counts

    writer = _Writer(Path.cwd() if root is None else root, {rule.id: index for index, rule in enumerate(run.rules)})
    driver: Document = {
        "name": "fluo",
        "fullName": "fluo_logic: executable invariants over OpenTelemetry traces",
        "version": version("fluo_logic"),
        "semanticVersion": version("fluo_logic"),
        "rules": [_rule(rule) for rule in run.rules],
    }
    noticed = dict.fromkeys(notice.id for notice in run.notices)
    if noticed:
        driver["notifications"] = [{"id": code} for code in noticed]
    invocation: Document = {"executionSuccessful": run.successful}
    if run.notices:
        invocation["toolExecutionNotifications"] = [writer.notice(notice) for notice in run.notices]
    document: Document = {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"{run.category}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            ROOT: {"description": {"text": "the folder of the project"}},
            SHIPPED: {"description": {"text": "the folder of the rule packs that come with fluo"}},
        },
        "invocations": [invocation],
        "results": [writer.result(result) for result in run.results],
    }
    if run.properties:
        document["properties"] = run.properties
    return {"$schema": SCHEMA, "version": VERSION, "runs": [document]}


def _rule(rule: SarifRule) -> Document:
    help_: Document = {"text": rule.help_text}
    if rule.help_markdown:
        help_["markdown"] = rule.help_markdown
    document: Document = {
        "id": rule.id,
        "shortDescription": {"text": rule.short[:LONGEST]},
        "fullDescription": {"text": rule.full[:LONGEST]},
        "help": help_,
        "defaultConfiguration": {"level": rule.level},
    }
    if rule.help_uri is not None:
        document["helpUri"] = rule.help_uri
    if rule.properties:
        document["properties"] = rule.properties
    return document


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes what refers to files and rules."""

    root: Path
    rules: Mapping[str, int]

    def result(self, result: SarifResult) -> Document:
        document: Document = {
            "ruleId": result.rule,
            "ruleIndex": self.rules[result.rule],
            "kind": result.kind,
            "level": result.level if result.kind == "fail" else "none",
            "message": _message(result.message, result.message_markdown),
            "locations": [self.location(result.location)],
        }
        if result.related:
            document["relatedLocations"] = [
                {"id": number, **self.location(place)} for number, place in enumerate(result.related, 1)
            ]
        if result.flow:
            steps: list[Json] = [self.step(step, order) for order, step in enumerate(result.flow, 1)]
            document["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
        if result.fingerprints:
            document["partialFingerprints"] = dict(result.fingerprints)
        if result.suppressions is not None:
            document["suppressions"] = [self.suppression(one) for one in result.suppressions]
        if result.state is not None:
            document["baselineState"] = result.state
        if result.properties:
            document["properties"] = result.properties
        return document

    def location(self, location: Location) -> Document:
        document: Document = {}
        where = location.where
        if where is not None:
            document["physicalLocation"] = {"artifactLocation": self.artifact(where.file), "region": _region(where)}
        if location.logical:
            document["logicalLocations"] = [
                {"name": one.name, "fullyQualifiedName": one.full_name, "kind": one.kind} for one in location.logical
            ]
        if location.message:
            document["message"] = _message(location.message)
        return document

    def step(self, step: Step, order: int) -> Document:
        document: Document = {
            "location": self.location(step.location),
            "executionOrder": order,
            "importance": step.importance,
        }
        time = _time(step.time)
        if time is not None:
            document["executionTimeUtc"] = time
        return document

    def suppression(self, suppression: Suppression) -> Document:
        document: Document = {
            "kind": "external",
            "status": "accepted" if suppression.accepted else "rejected",
            "justification": suppression.justification,
        }
        if suppression.where is not None:
            document["location"] = self.location(Location(suppression.where))
        if suppression.properties:
            document["properties"] = suppression.properties
        return document

    def notice(self, notice: Notice) -> Document:
        document: Document = {
            "descriptor": {"id": notice.id},
            "level": notice.level,
            "message": _message(notice.message),
        }
        if notice.location is not None:
            document["locations"] = [self.location(notice.location)]
        return document

    def artifact(self, file: str) -> Document:
        """Return the address of a file: relative where it is inside the folder of the project."""
        inside = relative_path(file, self.root)
        if inside is not None:
            return {"uri": quote(inside, safe=UNQUOTED), "uriBaseId": ROOT}
        shipped = relative_path(file, rules_folder())
        if shipped is not None:
            return {"uri": quote(shipped, safe=UNQUOTED), "uriBaseId": SHIPPED}
        return {"uri": _normal(Path.cwd() / file).as_uri()}


def relative_path(file: str, root: Path) -> str | None:
    """Return the path of a file from ``root``, with slashes; None where it is not inside."""
    path, base = Path(file), root.resolve()
    for candidate in (Path.cwd() / path, (Path.cwd() / path).resolve()):
        normal = _normal(candidate)
        if normal.is_relative_to(base):
            return PurePosixPath(normal.relative_to(base)).as_posix()
    return None


def _normal(path: Path) -> Path:
    """Return an absolute path without ``..``, links not followed: a project may link to where it keeps its rules."""
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts = parts[:-1] or parts
        else:
            parts.append(part)
    return Path(*parts)


def _region(where: Where) -> Document:
    """Return the region of a place; one that lacks its line has only a beginning."""
    region: Document = {"startLine": where.line, "startColumn": where.column}
    snippet = where.source[where.column - 1 :][: max(1, where.length)]
    if snippet.strip():
        end = where.column + len(snippet)
        region |= {"endLine": where.line, "endColumn": end, "snippet": {"text": snippet}}
    return region


def _message(text: str, markdown: str = "") -> Document:
    # In a plain message, [a](b) would be a link; what a trace says must not become one.
    document: Document = {"text": text.replace("](", "] (")}
    if markdown:
        document["markdown"] = markdown
    return document


def _time(nanoseconds: int | None) -> str | None:
    """Return a time as RFC 3339 has it, to the nanosecond; None where there is none, or it is beyond the calendar."""
    if nanoseconds is None:
        return None
    seconds, rest = divmod(nanoseconds, 10**9)
    try:
        moment = EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"
