"""The settings of a command: a flag over a ``FLUO_*`` environment variable over the configuration file.

Whatever a value comes from, it is read by the one function of its row in `ROWS`, and an error names where it stands.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn, TypeAlias, get_args

from fluo_logic.commands.configuration import Configuration, read_configuration
from fluo_logic.errors import ConfigError, Where
from fluo_logic.lang.suggest import did_you_mean, nearest

Identity: TypeAlias = Literal["fingerprint", "signature"]
FORMATS: Final = ("text", "json", "jsonl", "junit", "sarif", "github", "markdown", "html")
SEVERITIES: Final = ("critical", "high", "medium", "low", "info")
"""As in the rule language, which is not imported to print a help text."""
PREFIX: Final = "FLUO_"
TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Output:
    """A form of a report and where it goes: ``path`` is None for standard output."""

    form: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command was told, whoever told it.  ``now`` and ``clock_skew`` are in nanoseconds."""

    rules: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    engine: str = "auto"
    format: tuple[Output, ...] = (Output("text"),)
    fail_on: str = "info"
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    max_proofs: int = 20
    now: int | None = None
    clock_skew: int = 0
    assume_complete: bool = False
    strict: bool = False
    waivers: str | None = None
    baseline: str | None = None
    baseline_by: Identity = "fingerprint"
    write_baseline: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value stands: what to call it in an error, and the place in a file where it has one."""

    name: str
    where: Where | None = None

    def refuse(self, message: str, hint: str | None = None) -> NoReturn:
        """Raise the error that the value is not one that the setting can have."""
        raise ConfigError(code="C102", message=f"{self.name}: {message}", where=self.where, hint=hint)


Raw: TypeAlias = object
Reader: TypeAlias = Callable[[Raw, Origin], object]


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its key (a flag without the dashes), how its value is read, whether files may hold it."""

    key: str
    read: Reader
    in_file: bool = True

    @property
    def field(self) -> str:
        """The field of `Settings`, which is also the attribute of the parsed arguments."""
        return self.key.replace("-", "_")

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"{PREFIX}{self.field.upper()}"


def _text(raw: Raw, origin: Origin) -> str:
    if not isinstance(raw, str):
        origin.refuse(f"expected a text, not {raw!r}")
    return raw


def _path(raw: Raw, origin: Origin) -> str:
    text = _text(raw, origin)
    if not text.strip():
        origin.refuse("expected a path, not an empty text")
    return text


def _paths(raw: Raw, origin: Origin) -> tuple[str, ...]:
    """Read a list of paths; from the environment they are separated by commas."""
    items: Sequence[Raw] = raw.split(",") if isinstance(raw, str) else raw if isinstance(raw, Sequence) else [raw]
    return tuple(text for text in (_text(item, origin).strip() for item in items) if text)


def _selectors(raw: Raw, origin: Origin) -> tuple[str, ...]:
    items: Sequence[Raw] = raw if isinstance(raw, Sequence) and not isinstance(raw, str) else [raw]
    return tuple(word for item in items for word in _paths(_text(item, origin), origin))


def _choice(known: Sequence[str]) -> Reader:
    def read(raw: Raw, origin: Origin) -> str:
        text = _text(raw, origin)
        if text not in known:
            origin.refuse(f"`{text}` is not one of {', '.join(known)}", did_you_mean(text, known))
        return text

    return read


def _engine(raw: Raw, origin: Origin) -> str:
    from fluo_logic.solve.registry import ENGINES, SPARK  # noqa: PLC0415 - start-up counts

    return str(_choice(("auto", *ENGINES, SPARK))(raw, origin))


def _count(raw: Raw, origin: Origin) -> int:
    if isinstance(raw, str) and raw.isascii() and raw.isdigit():
        raw = int(raw)
    if not isinstance(raw, int) or isinstance(raw, bool) or raw < 0:
        origin.refuse(f"expected a whole number of at least 0, not {raw}")
    return raw


def _flag(raw: Raw, origin: Origin) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.lower() in TRUE | FALSE:
        return raw.lower() in TRUE
    return origin.refuse(f"expected true or false, not {raw!r}")


def _instant(raw: Raw, origin: Origin) -> int:
    from fluo_logic.lang.literals import LiteralError, decode_instant  # noqa: PLC0415 - start-up counts

    try:
        return decode_instant(_text(raw, origin))
    except LiteralError as error:
        origin.refuse(error.message, error.hint)


def _duration(raw: Raw, origin: Origin) -> int:
    from fluo_logic.lang.literals import LiteralError, decode_duration  # noqa: PLC0415 - start-up counts

    if isinstance(raw, int | float):
        origin.refuse(f"{raw} has no unit", "write it with one, for example `5ms`")
    text = _text(raw, origin)
    try:
        nanoseconds = decode_duration(text)
    except LiteralError as error:
        origin.refuse(error.message, "write a number and its unit, for example `5ms`")
    if nanoseconds < 0:
        origin.refuse(f"`{text}` is negative")
    return nanoseconds


def _outputs(raw: Raw, origin: Origin) -> tuple[Output, ...]:
    outputs = []
    for item in _paths(raw, origin):
        form, _, path = item.partition("=")
        if form not in FORMATS:
            origin.refuse(
                f"there is no format `{form}`", did_you_mean(form, FORMATS) or f"the formats are {', '.join(FORMATS)}"
            )
        if "=" in item and not path:
            origin.refuse(f"`{item}` lacks a path", f"write `{form}` alone for standard output")
        outputs.append(Output(form, None if path in {"", "-"} else path))
    targets = [output.path for output in outputs]
    for target in dict.fromkeys(targets):
        if targets.count(target) > 1:
            both = " and ".join(output.form for output in outputs if output.path == target)
            place = "standard output" if target is None else f"`{target}`"
            origin.refuse(
                f"{both} would both go to {place}", "send one of them to a file, for example `json=report.json`"
            )
    if not outputs:
        origin.refuse("no format is named", f"the formats are {', '.join(FORMATS)}")
    return tuple(outputs)


ROWS: Final = (
    Row("rules", _paths),
    Row("traces", _paths),
    Row("engine", _engine),
    Row("format", _outputs),
    Row("fail-on", _choice(SEVERITIES)),
    Row("select", _selectors),
    Row("ignore", _selectors),
    Row("max-proofs", _count),
    Row("now", _instant, in_file=False),
    Row("clock-skew", _duration),
    Row("assume-complete", _flag),
    Row("strict", _flag),
    Row("waivers", _path),
    Row("baseline", _path),
    Row("baseline-by", _choice(get_args(Identity))),
    Row("write-baseline", _path, in_file=False),
)
"""Every setting."""
FILE_KEYS: Final = tuple(row.key for row in ROWS if row.in_file)
OTHER_VARIABLES: Final = ("FLUO_DEBUG",)


def read_settings(
    arguments: Namespace, *, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of a command.

    Args:
        arguments: the parsed command line; a flag that was not given is None or an empty list there.
        folder: where ``fluo.toml`` or ``pyproject.toml`` is looked for, by default the current directory.
        environment: by default that of the process.

    Raises:
        ConfigError: a key is unknown, or a value is not one that its setting can have.
    """
    variables = os.environ if environment is None else environment
    configuration = read_configuration(Path() if folder is None else folder, FILE_KEYS)
    values: dict[str, object] = {}
    for row in ROWS:
        found = _raw(row, arguments, variables, configuration)
        if found is not None:
            raw, origin = found
            values[row.field] = row.read(raw, origin)
    return Settings(**values)  # type: ignore[arg-type]  # each row reads the type of its field


def _raw(
    row: Row, arguments: Namespace, variables: Mapping[str, str], configuration: Configuration
) -> tuple[Raw, Origin] | None:
    given: Raw = getattr(arguments, row.field, None)
    if given is not None and given != []:
        # The words of a command line were separated by the shell, so a comma in a path stays there.
        return given, Origin("RULES" if row.key == "rules" else f"--{row.key}")
    if variables.get(row.variable):
        return variables[row.variable], Origin(row.variable)
    if row.in_file and row.key in configuration.values:
        name = f"{configuration.file}: {row.key}"
        return configuration.values[row.key], Origin(name, configuration.place_of(row.key))
    return None


def strange_variables(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the environment variables that look like a mistyped one of fluo's, each with the one it resembles."""
    known = [name.removeprefix(PREFIX) for name in (*(row.variable for row in ROWS), *OTHER_VARIABLES)]
    words = [name.removeprefix(PREFIX) for name in sorted(environment) if name.startswith(PREFIX)]
    pairs = [(word, nearest(word, known)) for word in words if word not in known]
    return [(PREFIX + word, PREFIX + found) for word, found in pairs if found is not None]
