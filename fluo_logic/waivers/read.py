"""Files of waivers: TOML with a table ``[[waiver]]`` for each, every mistake reported with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final

from fluo_logic.errors import ConfigError, Where
from fluo_logic.lang.suggest import choices, did_you_mean, nearest
from fluo_logic.report.excuse import Waiver
from fluo_logic.values import canonical_text

TABLE: Final = "waiver"
REQUIRED: Final = ("rule", "owner", "reason", "expires")
KEYS: Final = (*REQUIRED, "fingerprint", "scope", "attributes")
HEADER: Final = re.compile(r"\s*\[\[\s*(?P<name>[^\[\]]*?)\s*\]\]")
ERROR_PLACE: Final = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
FINGERPRINT: Final = re.compile(r"[0-9a-f]{16}")
VARIABLE: Final = re.compile(r"\$(?P<variable>[A-Za-z_]\w*)\.(?P<key>.+)")
EXAMPLE: Final = "write it as a date without quotes, for example `expires = 2027-01-31`"


class WaiversError(ConfigError):
    """All the mistakes of a file of waivers, in its order."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        """Keep the first error's code and place as its own; ``errors`` holds every one."""
        first = errors[0]
        super().__init__(first.code, first.message, where=first.where, hint=first.hint)
        self.errors = tuple(errors)


def read_waivers(path: str, rules: Sequence[str]) -> tuple[Waiver, ...]:
    """Return the waivers of a file.

    Args:
        path: the file.
        rules: the ids of all the rules that there are.

    Raises:
        WaiversError: the file cannot be read, is not TOML, an entry is wrong, or a rule does not exist.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        message = f"the waivers in `{path}` cannot be read: {(error.strerror or str(error)).lower()}"
        raise WaiversError([ConfigError(code="C180", message=message)]) from error
    return parse_waivers(data, path, rules)


def parse_waivers(data: bytes, name: str, rules: Sequence[str]) -> tuple[Waiver, ...]:
    """Return the waivers of a text; see `read_waivers`."""
    document, text = _toml(data, name)
    lines = tuple(text.splitlines())
    entries = document.get(TABLE, [])
    errors: list[ConfigError] = []
    for key in document:
        if key != TABLE:
            hint = did_you_mean(key, [TABLE]) or f"a waiver is a table `[[{TABLE}]]`"
            errors.append(
                ConfigError(
                    code="C182", message=f"`{key}` is not known here", where=_first(name, lines, key), hint=hint
                )
            )
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        message = f"`{TABLE}` is not a list of tables"
        hint = f"begin each waiver with `[[{TABLE}]]`"
        raise WaiversError(
            [*errors, ConfigError(code="C182", message=message, where=_first(name, lines, TABLE), hint=hint)]
        )
    starts = [number for number, line in enumerate(lines) if (found := HEADER.match(line)) and found["name"] == TABLE]
    if len(starts) != len(entries):  # written inline, or in a text of many lines: there is no telling which is where
        starts = []
    waivers = []
    for index, values in enumerate(entries):
        first = starts[index] if starts else None
        end = starts[index + 1] if index + 1 < len(starts) else len(lines)
        entry = _Entry(values, index + 1, name, lines, first, end)
        waiver = entry.waiver(rules)
        errors.extend(sorted(entry.errors, key=lambda error: error.where.line if error.where is not None else 0))
        if waiver is not None:
            waivers.append(waiver)
    if errors:
        raise WaiversError(errors)
    return tuple(waivers)


def _toml(data: bytes, name: str) -> tuple[dict[str, object], str]:
    try:
        text = data.decode("utf-8-sig")
        return tomllib.loads(text), text
    except UnicodeDecodeError as error:
        where = Where(name, data.count(b"\n", 0, error.start) + 1, 1)
        raise WaiversError(
            [ConfigError(code="C181", message="the file of waivers is not UTF-8", where=where)]
        ) from error
    except tomllib.TOMLDecodeError as error:
        place, said = ERROR_PLACE.search(str(error)), ERROR_PLACE.sub("", str(error))
        lines = text.splitlines()
        line = int(place["line"]) if place is not None and place["line"] else max(1, len(lines))
        column = int(place["column"]) if place is not None and place["column"] else 1
        source = lines[line - 1] if line <= len(lines) else ""
        message = f"the file of waivers is not TOML: {said[:1].lower()}{said[1:]}"
        raise WaiversError(
            [ConfigError(code="C181", message=message, where=Where(name, line, column, 1, source))]
        ) from error


def _first(name: str, lines: Sequence[str], key: str) -> Where | None:
    """Return the place of the first line that begins with ``key``, or with a table of that name."""
    begin = re.compile(rf"""\s*(?:\[+\s*)?(?P<key>["']?{re.escape(key)}["']?)\s*[=.\]]""")
    for number, line in enumerate(lines, 1):
        found = begin.match(line)
        if found is not None:
            return Where(name, number, found.start("key") + 1, len(found["key"]), line)
    return None


@dataclass(slots=True)
class _Entry:
    """One table: its values, its lines ``[first, end)`` where they are known, and what is wrong with it."""

    values: Mapping[str, object]
    number: int
    name: str
    lines: Sequence[str]
    first: int | None
    end: int
    errors: list[ConfigError] = field(default_factory=list)

    def waiver(self, rules: Sequence[str]) -> Waiver | None:
        """Return the waiver, None where something is wrong with it."""
        for key in self.values:
            if key not in KEYS:
                hint = did_you_mean(key, KEYS) or f"the keys are {choices(KEYS)}"
                self.refuse(f"`{key}` is not a key of a waiver", key, hint)
        strange = [key for key in self.values if key not in KEYS]
        missing = [key for key in REQUIRED if key not in self.values and nearest(key, strange) is None]
        if missing:
            hint = "a waiver needs a rule, an owner, a reason and a last day (`expires`)"
            self.refuse(f"the waiver lacks {' and '.join(f'`{key}`' for key in missing)}", None, hint)
        rule, owner, reason = (self.text(key) for key in ("rule", "owner", "reason"))
        if rule and rule not in rules:
            hint = did_you_mean(rule, rules) or "the ids of rules are those after the word `rule` in the rule files"
            self.refuse(f"there is no rule `{rule}` that could be waived", "rule", hint, code="C183")
        fingerprint = self.text("fingerprint")
        if fingerprint and FINGERPRINT.fullmatch(fingerprint) is None:
            hint = "reports have it: 16 hexadecimal digits"
            self.refuse(f"`{fingerprint}` is not a fingerprint", "fingerprint", hint)
        scope, expires, attributes = self.text("scope"), self.day(), dict(self.attributes())
        if self.errors or expires is None:
            return None
        return Waiver(rule, owner, reason, expires, fingerprint or None, scope or None, attributes, self.place("rule"))

    def text(self, key: str) -> str:
        """Return a text, empty where there is none or it is not one."""
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str) or not value.strip():
            self.refuse(f"`{key}` has to be a text that is not empty", key, f'write `{key} = "…"`')
            return ""
        return value.strip()

    def day(self) -> date | None:
        """Return the last day."""
        value = self.values.get("expires")
        if isinstance(value, datetime):
            self.refuse("`expires` is a day, not a time", "expires", EXAMPLE)
        elif isinstance(value, date):
            return value
        elif isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                self.refuse(f"`{value}` is not a date", "expires", EXAMPLE)
        elif value is not None:
            self.refuse("`expires` is not a date", "expires", EXAMPLE)
        return None

    def attributes(self) -> Iterator[tuple[str, str]]:
        """Yield the attributes with their canonical texts."""
        values = self.values.get("attributes", {})
        if not isinstance(values, dict):
            self.refuse("`attributes` is not a table", "attributes", 'write `attributes = { "tenant.id" = "acme" }`')
            return
        for key, value in values.items():
            if isinstance(value, dict):
                hint = f'put the name in quotes, for example `"{key}.{next(iter(value), "x")}"`'
                self.refuse(f"the attribute `{key}` is a table", "attributes", hint)
            elif not isinstance(value, str | int | float | bool):
                self.refuse(f"the attribute `{key}` is not a text, a number or a truth value", "attributes")
            elif key.startswith("$") and VARIABLE.fullmatch(key) is None:
                self.refuse(f"`{key}` names no attribute of a variable", "attributes", "write it as `$p.tenant.id`")
            else:
                yield key, canonical_text(value)

    def refuse(self, message: str, key: str | None, hint: str | None = None, *, code: str = "C182") -> None:
        """Note a mistake at a key, or at the head of the table."""
        where = self.place(key)
        if where is None:
            message = f"{message} (waiver {self.number} of {self.name})"
        self.errors.append(ConfigError(code, message, where=where, hint=hint))

    def place(self, key: str | None) -> Where | None:
        """Return where a key stands, or else the head of the table."""
        if self.first is None:
            return None
        found: Callable[[str], re.Match[str] | None] = re.compile(
            rf"""\s*(?:\[{TABLE}\.)?(?P<key>["']?{re.escape(key or "")}["']?)\s*[=.\]]"""
        ).match
        for number in range(self.first, self.end) if key is not None else ():
            match = found(self.lines[number])
            if match is not None:
                line = self.lines[number]
                return Where(self.name, number + 1, match.start("key") + 1, len(match["key"]), line)
        head = self.lines[self.first]
        column = len(head) - len(head.lstrip()) + 1
        return Where(self.name, self.first + 1, column, len(head.strip()), head)
