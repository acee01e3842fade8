"""The configuration file: ``fluo.toml``, or the table ``[tool.fluo]`` of ``pyproject.toml``, of a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fluo_logic.errors import ConfigError, Where
from fluo_logic.lang.suggest import choices, did_you_mean

OWN_FILE: Final = "fluo.toml"
PROJECT_FILE: Final = "pyproject.toml"
TABLE: Final = "tool.fluo"
HEADER: Final = re.compile(r"\s*\[\s*(?P<name>[^\[\]]*?)\s*\]")
ERROR_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The values of a configuration file; without one, ``file`` is empty."""

    file: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    lines: tuple[str, ...] = ()

    def place_of(self, key: str) -> Where | None:
        """Return where a key stands, None where that cannot be told."""
        begin = re.compile(rf"""\s*(?P<key>["']?{re.escape(key)}["']?)\s*=""")
        inside = self.file == OWN_FILE
        for number, line in enumerate(self.lines, 1):
            header = HEADER.match(line)
            if header is not None:
                inside = header["name"] == TABLE or (self.file == OWN_FILE and header["name"] == key)
                if header["name"] in {f"{TABLE}.{key}", key} and (inside or self.file == PROJECT_FILE):
                    return Where(self.file, number, header.start("name") + 1, len(header["name"]), line)
            found = begin.match(line)
            if found is not None and inside:
                return Where(self.file, number, found.start("key") + 1, len(found["key"]), line)
        return None


def read_configuration(folder: Path, keys: Sequence[str]) -> Configuration:
    """Return the configuration of a folder.

    Args:
        folder: where the file is looked for; its parents are not.
        keys: the keys that the file may hold.

    Raises:
        ConfigError: the file is not TOML, a key is unknown, or both files hold a configuration.
    """
    own = _read(folder / OWN_FILE)
    project = _read(folder / PROJECT_FILE, TABLE)
    if own is not None and project is not None:
        message = f"both {OWN_FILE} and [{TABLE}] of {PROJECT_FILE} configure fluo"
        raise ConfigError(code="C110", message=message, where=Where(OWN_FILE, 1, 1), hint="keep one of them")
    found = own or project
    if found is None:
        return Configuration()
    for key in found.values:
        if key not in keys:
            hint = did_you_mean(key, keys) or f"the keys are {choices(keys)}"
            message = f"`{key}` is not a setting of fluo" + ("" if found.place_of(key) else f" ({found.file})")
            raise ConfigError(code="C111", message=message, where=found.place_of(key), hint=hint)
    return found


def _read(file: Path, table: str = "") -> Configuration | None:
    """Return what a file says of fluo, None where it is not there or says nothing."""
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"`{file.name}` cannot be read: {error.strerror or error}"
        raise ConfigError(code="C112", message=message) from error
    if table and b"fluo" not in data:
        return None
    import tomllib  # noqa: PLC0415 - start-up counts

    try:
        text = data.decode("utf-8")
        document: object = tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(code="C113", message="the file is not UTF-8", where=Where(file.name, line, 1)) from error
    except tomllib.TOMLDecodeError as error:
        raise _toml_mistake(file.name, text, str(error)) from error
    values: object = document
    for name in table.split(".") if table else []:
        values = values.get(name) if isinstance(values, dict) else None
    if values is None:
        return None
    lines = tuple(text.splitlines())
    if not isinstance(values, dict):
        raise ConfigError(code="C113", message=f"`{table}` of {file.name} is not a table")
    return Configuration(file.name, values, lines)


def _toml_mistake(name: str, text: str, said: str) -> ConfigError:
    place = ERROR_PLACE.search(said)
    reason = ERROR_PLACE.sub("", said)
    message = f"the file is not TOML: {reason[:1].lower()}{reason[1:]}"
    lines = text.splitlines()
    line = int(place["line"]) if place is not None and place["line"] else max(1, len(lines))
    column = int(place["column"]) if place is not None and place["column"] else 1
    source = lines[line - 1] if line <= len(lines) else ""
    return ConfigError(code="C113", message=message, where=Where(name, line, column, 1, source))
