"""``fluo compile``."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from typing import Final

from fluo_logic.commands.check import rules_of, warn_of_variables
from fluo_logic.commands.forms import write_file
from fluo_logic.commands.output import check_targets, json_text, write_text
from fluo_logic.commands.select import selected
from fluo_logic.commands.settings import Output, read_settings
from fluo_logic.errors import EXIT_OK, ConfigError
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.logic import Program
from fluo_logic.translate.lower import lower
from fluo_logic.translate.passes import run_passes

DEFAULT: Final = "asp"


def run(arguments: Namespace) -> int:
    """Write rules as the text that an engine gets; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    compiler = chosen(FORMS, arguments.to or DEFAULT)
    check_output(arguments.output)
    program = program_of(rules_of(settings), arguments.rule)
    try:
        text = compiler(program)
    except ImportError as error:
        hint = 'install it with `pip install "fluo_logic[duckdb]"`'
        raise ConfigError(code="C150", message=f"this form needs the package {error.name}", hint=hint) from error
    write_result(text, arguments.output)
    return EXIT_OK


def program_of(rules: Ruleset, wanted: str | None) -> Program:
    """Return the program of the rules, or of the one that is wanted."""
    return run_passes(lower(rules if wanted is None else selected(rules, [wanted], [])))


def chosen(forms: dict[str, Callable[[Program], str]], name: str) -> Callable[[Program], str]:
    """Return the function for a form; raises ConfigError for one that does not exist."""
    if name not in forms:
        hint = did_you_mean(name, forms) or f"the forms are {', '.join(forms)}"
        raise ConfigError(code="C102", message=f"--to: there is no form `{name}`", hint=hint)
    return forms[name]


def check_output(path: str | None) -> None:
    """Refuse a file that cannot be written, before the work is done."""
    if path is not None:
        check_targets([Output("", path)])


def write_result(text: str, path: str | None) -> None:
    """Write a text to a file or to standard output."""
    if path is not None:
        write_file(path, text)
    else:
        write_text(text)


def _asp(program: Program) -> str:
    from fluo_logic.translate.asp_text import standalone_asp  # noqa: PLC0415 - only the form that is asked for

    return standalone_asp(program)


def _datalog(program: Program) -> str:
    from fluo_logic.translate.datalog import to_datalog  # noqa: PLC0415 - likewise

    return to_datalog(program)


def _souffle(program: Program) -> str:
    from fluo_logic.translate.souffle import to_souffle  # noqa: PLC0415 - likewise

    return to_souffle(program)


def _sql(program: Program) -> str:
    from fluo_logic.translate.relational import to_sql  # noqa: PLC0415 - likewise, and its package is optional

    return to_sql(program)


def _spark(program: Program) -> str:
    from fluo_logic.translate.relational import to_sql  # noqa: PLC0415 - likewise

    return to_sql(program, "spark")


def _ir(program: Program) -> str:
    from fluo_logic.translate.ir_json import ir_document  # noqa: PLC0415 - likewise

    return json_text(ir_document(program), sys.stdout.encoding or "ascii")


FORMS: Final[dict[str, Callable[[Program], str]]] = {
    "asp": _asp,
    "datalog": _datalog,
    "souffle": _souffle,
    "sql": _sql,
    "spark": _spark,
    "ir": _ir,
}
