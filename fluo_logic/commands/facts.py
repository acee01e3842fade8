"""``fluo facts``."""

from __future__ import annotations

import codecs
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fluo_logic.commands.check import rules_of, traces_of, warn_of_variables
from fluo_logic.commands.compile import check_output, program_of, write_result
from fluo_logic.commands.forms import write_file, write_whole_file
from fluo_logic.commands.output import tell_problems, text_width
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_INPUT, EXIT_OK, ConfigError
from fluo_logic.facts.model import Span
from fluo_logic.facts.readers import read_traces
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.suggest import did_you_mean
from fluo_logic.logic import Program
from fluo_logic.tooling.fact_rows import asp_facts, csv_facts, csv_files, datalog_facts, within_scope

FORMS: Final = ("arrow", "asp", "csv", "datalog", "names", "otlp", "parquet", "souffle")
DEFAULT: Final = "asp"
TABLES: Final = frozenset({"arrow", "parquet"})
"""The forms that are not text."""
SPAN_FORMS: Final = TABLES | {"otlp"}
"""The forms that hold the spans themselves."""
FOLDERS: Final = frozenset({"csv", "souffle"})
"""The forms of which ``-o`` names a folder."""


def run(arguments: Namespace) -> int:
    """Write the facts of traces; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    form = arguments.to or DEFAULT
    if form not in FORMS:
        hint = did_you_mean(form, FORMS) or f"the forms are {', '.join(FORMS)}"
        raise ConfigError(code="C102", message=f"--to: there is no form `{form}`", hint=hint)
    program = program_of(rules_of(settings), arguments.rule) if settings.rules or arguments.rule else None
    _check_target(form, arguments.output)
    dataset = read_traces(traces_of(settings))
    tell_problems(dataset.problems, quiet=arguments.quiet, verbose=arguments.verbose)
    lost = any(problem.rejected for problem in dataset.problems)
    if arguments.scope is not None:
        dataset = within_scope(dataset, arguments.scope, program)
    if form == "names":
        from fluo_logic.tooling.name_list import name_list  # noqa: PLC0415 - only the form that is asked for

        write_result(name_list(dataset.spans, text_width(sys.stdout)), arguments.output)
    elif form in SPAN_FORMS:
        _write_spans(form, dataset.spans, arguments.output)
    else:
        _write(form, FactStore(dataset), program, arguments.output)
    return EXIT_INPUT if lost else EXIT_OK


def _check_target(form: str, output: str | None) -> None:
    if form in TABLES:
        if output is None:
            raise ConfigError(code="C148", message=f"{form} is no text", hint=f"name a file with -o, x.{form} for one")
        if find_spec("pyarrow") is None:
            hint = 'install it with `pip install "fluo_logic[parquet]"`'
            raise ConfigError(code="C150", message="this form needs the package pyarrow", hint=hint)
    if form not in FOLDERS:
        check_output(output)
    elif output is not None and Path(output).exists() and not Path(output).is_dir():
        raise ConfigError(code="C120", message=f"`{output}` is a file, and the facts go to a folder")
    elif output is None and form == "souffle":
        raise ConfigError(code="C147", message="Soufflé reads a file for each relation", hint="name a folder with -o")


def _write(form: str, store: FactStore, program: Program | None, output: str | None) -> None:
    match form:
        case "asp":
            write_result(asp_facts(store, program), output)
        case "datalog":
            write_result(datalog_facts(store), output)
        case "csv" if output is None:
            write_result(csv_facts(store), None)
        case "csv":
            _write_folder(csv_files(store), output or "")
        case _:
            _write_folder(_souffle(store, program), output or "")


def _souffle(store: FactStore, program: Program | None) -> Mapping[str, str]:
    from fluo_logic.translate.souffle_facts import souffle_facts  # noqa: PLC0415 - rarely asked for

    if program is None:
        raise ConfigError(code="C143", message="Soufflé's relations are those of rules", hint="name RULES too")
    return souffle_facts(program, store)


def _write_spans(form: str, spans: Sequence[Span], output: str | None) -> None:
    match form:
        case "parquet":
            from fluo_logic.facts.writers.arrow import write_parquet  # noqa: PLC0415 - only the form that is asked for

            write_whole_file(output or "", lambda out: write_parquet(out, spans))
        case "arrow":
            from fluo_logic.facts.writers.arrow import write_arrow  # noqa: PLC0415 - likewise

            write_whole_file(output or "", lambda out: write_arrow(out, spans))
        case _:
            _write_otlp(spans, output)


def _write_otlp(spans: Sequence[Span], output: str | None) -> None:
    from fluo_logic.facts.writers.otlp_json import lines  # noqa: PLC0415 - rarely asked for

    if output is not None:
        write_whole_file(output, lambda out: out.writelines(line.encode() for line in lines(spans)))
        return
    ascii_only = codecs.lookup(sys.stdout.encoding or "ascii").name != "utf-8"
    for line in lines(spans, ascii_only=ascii_only):
        sys.stdout.write(line)


def _write_folder(files: Mapping[str, str], folder: str) -> None:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(code="C120", message=f"the folder `{folder}` cannot be made: {reason}") from error
    for name, text in files.items():
        write_file(str(Path(folder) / name), text)
