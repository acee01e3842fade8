"""Every error a user can meet, with a stable code, a place and, where one exists, a hint.

The layout of a rendered error follows the usual compiler form::

    error[E104]: `payment.chrge` ...
      --> rules/payments.fluo:7:12
       |
     7 |   when { payment.charge.where(attempt >> 1) }
       |                                       ^^
       = hint: ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

EXIT_OK = 0
EXIT_VIOLATIONS = 1
EXIT_RULES = 2
EXIT_INPUT = 3
EXIT_UNDECIDED = 4
EXIT_INTERNAL = 70


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a text file: 1-based line and column, and the source line itself for the caret.

    ``length`` counts the characters that the caret underlines (at least 1).
    """

    file: str
    line: int
    column: int
    length: int = 1
    source: str = ""

    def __str__(self) -> str:
        """Return ``file:line:column``."""
        return f"{self.file}:{self.line}:{self.column}"


class FluoError(Exception):
    """The base of every error that fluo raises on purpose.

    ``code`` is stable (``E…`` rules, ``I…`` input, ``U…`` unsupported, ``C…`` usage, ``X…`` internal);
    ``exit_status`` is what the command line returns for it.
    """

    exit_status = EXIT_INPUT

    def __init__(self, code: str, message: str, *, where: Where | None = None, hint: str | None = None) -> None:
        """Keep the four parts apart, so that reports can lay them out."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        """Return the rendered error without colour."""
        return render_error(self)

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows in the place of a traceback: whoever reads it looks for the rule's mistake."""
        return str(self).splitlines()


class RuleError(FluoError):
    """A rule is wrong: syntax, names, types or structure."""

    exit_status = EXIT_RULES


class RuleFilesError(RuleError):
    """All the mistakes of the rule files that were loaded together, in file order."""

    def __init__(self, errors: Sequence[RuleError]) -> None:
        """Keep the first error's code and place as its own; ``errors`` holds every one."""
        first = errors[0]
        super().__init__(first.code, first.message, where=first.where, hint=first.hint)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        """Return every error rendered, a blank line between them."""
        return "\n\n".join(render_error(error) for error in self.errors)


class UnsupportedError(RuleError):
    """A rule is right, but the chosen engine cannot express a clause of it."""


class InputError(FluoError):
    """A trace input could not be read, or a part of it could not."""


class ConfigError(FluoError):
    """The command line or the configuration is wrong."""


class InternalError(FluoError):
    """Two independent answers disagree: a defect of fluo, with what is needed to reproduce it."""

    exit_status = EXIT_INTERNAL

    def _render_traceback_(self) -> list[str]:
        """Return the traceback: it tells where the defect lies."""
        from traceback import format_exception  # noqa: PLC0415 - start-up counts

        return "".join(format_exception(self)).splitlines()


def render_error(error: FluoError) -> str:
    """Return the compiler-style text of ``error``: code, message, place, caret, hint."""
    lines = [f"error[{error.code}]: {error.message}"]
    where = error.where
    if where is not None:
        gutter = " " * len(str(where.line))
        lines.append(f"{gutter}--> {where}")
        if where.source.strip():
            # Tabs keep their width under the caret because the prefix repeats them.
            prefix = "".join("\t" if char == "\t" else " " for char in where.source[: where.column - 1])
            lines.append(f"{gutter} |")
            lines.append(f"{where.line} | {where.source}")
            lines.append(f"{gutter} | {prefix}{'^' * max(1, where.length)}")
    if error.hint is not None:
        gutter = " " * (len(str(where.line)) if where is not None else 1)
        lines.append(f"{gutter} = hint: {error.hint}")
    return "\n".join(lines)
