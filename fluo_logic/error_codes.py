"""What the codes of the families U, C, V and X stand for; the documentation is generated from this table.

Codes of rules (E) stand in `fluo_logic.lang.codes`, those of trace data (I) in `fluo_logic.facts.problems`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One code: what is wrong where it is told, and what helps."""

    code: str
    about: str
    remedy: str


_TABLE: Final = (
    # A rule that is right, and an engine or a form that cannot express it.
    ErrorCode("U101", "A clause has no form in ASP text", "`fluo check` solves it; `--to ir` writes every rule"),
    ErrorCode("U201", "A clause has no form in the relational plan", "take the engine `clingo`, or `auto`"),
    ErrorCode("U202", "A clause has no form in Spark SQL", "take the engine `duckdb` or `clingo`"),
    ErrorCode("U301", "A clause has no form in pyDatalog or Soufflé", "take the engine `clingo`, or `auto`"),
    ErrorCode("U401", "A rule is beyond what an analysis can encode", "the analysis tells which, and goes on"),
    # The command line.
    ErrorCode("C001", "The command line lacks something, or has too much", "`fluo VERB --help` tells what there is"),
    ErrorCode("C002", "There is no such verb", "`fluo --help` lists them"),
    ErrorCode("C003", "There is no such option", "`fluo VERB --help` tells which"),
    ErrorCode("C010", "No rules are given", "name files, folders or a pack, or set `rules`"),
    ErrorCode("C011", "No traces are given", "name them with `--traces`, or set `traces`"),
    ErrorCode("C101", "There is no such engine", "the message lists them"),
    ErrorCode("C102", "A value that an option, a setting or an argument cannot have", "the message tells which it can"),
    ErrorCode("C103", "A duration that is none, or is negative", "write it in one word: `250ms`, `2h`"),
    ErrorCode("C110", "Settings stand in `fluo.toml` and in `pyproject.toml`", "keep one of them"),
    ErrorCode("C111", "There is no such setting", "see [settings](cli.md#settings)"),
    ErrorCode("C112", "The file of settings cannot be read", "see to its permissions"),
    ErrorCode("C113", "The file of settings is not UTF-8, not TOML, or not a table", "the place is told"),
    ErrorCode("C120", "A file or a folder cannot be written", "see to the path and its permissions"),
    ErrorCode("C121", "The folder for the traces of `fluo demo` cannot be made", "name another with `--keep`"),
    ErrorCode("C122", "The system refused to read or write", "the message tells what it said"),
    ErrorCode("C123", "A file of traces changed while it was read", "check a copy that nobody writes to"),
    ErrorCode("C131", "No rule has this id, this tag or this severity", "the message tells the nearest"),
    ErrorCode("C132", "`--select` and `--ignore` leave no rule", "choose less narrowly"),
    ErrorCode("C133", "Several rules are loaded, and one has to be named", "add `--rule ID`"),
    ErrorCode("C140", "A package is needed that is not installed", "install the extra that is told"),
    ErrorCode("C141", "`fluo demo` has no such incident", "the message lists them"),
    ErrorCode("C142", "The incident applications are not where they belong", "install fluo_logic again"),
    ErrorCode("C143", "Facts for Soufflé without rules", "name RULES too"),
    ErrorCode("C144", "`fluo convert` is given a file that is no pack by its name", "packs end in `.yaml` or `.yml`"),
    ErrorCode("C145", "`fluo fmt` is given standard input beside files", "leave the files out, or the `-`"),
    ErrorCode("C146", "`fluo fmt` is given YAML, which has no canonical layout", "`fluo convert` makes `.fluo` of it"),
    ErrorCode("C147", "Facts for Soufflé without a folder, where a relation is a file", "name a folder with `-o`"),
    ErrorCode("C148", "A form that is no text, without a file", "name a file with `-o`"),
    ErrorCode("C150", "A form of output needs a package that is not installed", "install what is told"),
    ErrorCode("C151", "`--graph` has no such format, or lacks a path", "the message lists the formats"),
    ErrorCode("C152", "A certificate without a JSON document that it could be in", "add `--format json=PATH`"),
    ErrorCode("C153", "`fluo certify` cannot read the report", "`fluo check --certificate` writes one"),
    ErrorCode("C154", "A report without a certificate", "make it anew with `--certificate`"),
    ErrorCode("C155", "Evidence is asked for, and no rule names a control", 'write `controls "SOC2:CC7.2"` in a rule'),
    ErrorCode("C156", "No rule names this control", "the message tells the nearest"),
    ErrorCode(
        "C160", "Spans of tests cannot be recorded with this tracer provider", "use one of the OpenTelemetry SDK"
    ),
    ErrorCode("C161", "The marker `invariants` is given what it does not take", "the message tells what it takes"),
    ErrorCode("C162", "A test names a rule that is not loaded", "the message tells the nearest"),
    ErrorCode("C163", "A test is checked, and no rules are given", "name them in the marker, or with `--fluo-rules`"),
    ErrorCode("C164", "Spans are to be seen, and the OpenTelemetry SDK is not installed", "install what is told"),
    ErrorCode("C165", "A running program is given no rule that can be checked trace by trace", "name some"),
    ErrorCode("C170", "The line of `%%fluo` is wrong", "`%%fluo --help` tells what there is"),
    ErrorCode("C171", "`%%fluo` is given traces that are no variable and no path", "the message tells the nearest"),
    ErrorCode("C180", "A file of waivers cannot be read", "see to its path and its permissions"),
    ErrorCode("C181", "A file of waivers is not UTF-8 or not TOML", "the place is told"),
    ErrorCode("C182", "An entry of a file of waivers is wrong", "see [waivers](waivers.md#a-waiver)"),
    ErrorCode("C183", "A waiver is for a rule that does not exist", "the message tells the nearest"),
    ErrorCode("C184", "A baseline cannot be read", "see to its path, or write one with `--write-baseline`"),
    ErrorCode("C185", "A baseline is not one", "write it anew with `--write-baseline`"),
    ErrorCode("C201", "A rule has no scope in these traces", "look at what was read"),
    ErrorCode("C202", "The beginning of a scope's id fits several", "give more of it"),
    ErrorCode("C203", "There is no such scope", "the message tells some"),
    ErrorCode("C301", "There is no such pack of rules", "the message lists them"),
    ErrorCode("C302", "A witness has events or links, which examples do not spell", "use `--format json`"),
    ErrorCode("C303", "`fluo diff` takes the old rules and the new ones, two paths", "`fluo diff OLD NEW`"),
    ErrorCode("C304", "A pair of `fluo diff` names no old rule, or no new one", "write `OLD=NEW`"),
    ErrorCode("C305", "A witness was not found, or ruled out, in time", "give more time with `--seconds`"),
    ErrorCode("C401", "pyDatalog is not installed", "install the extra `datalog`"),
    ErrorCode("C402", "A query of a pyDatalog session is none", "the message tells the form"),
    ErrorCode("C403", "A query names a predicate that is not there, or is taken", "the message lists them"),
    ErrorCode("C404", "pyDatalog cannot answer a query", "bind every variable of a comparison in an atom"),
    ErrorCode("C501", "Spark cannot be started", "see that Java 17 or later is there"),
    ErrorCode("C502", "The session is one of Spark Connect", "hand over one that drives the cluster itself"),
    ErrorCode("C503", "A job of Spark failed", "the message tells the cause; see the logs of the executors"),
    # Violations, as exceptions.
    ErrorCode("V001", "An invariant is violated", "read the proof: see [Reading a proof](explain.md)"),
    ErrorCode("V002", "A test with invariants made no span", "see to the instrumentation, or pass `allow_empty=True`"),
    ErrorCode("V003", "A rule that has to be active in a test had nothing to check", "see what its `when` asks for"),
    ErrorCode("V004", "A waiver has expired: what it waived counts", "renew it with a later day, or remove it"),
    ErrorCode("V005", "A waiver fits no violation", "remove it, unless what it is for comes and goes"),
    # Defects of fluo.
    ErrorCode("X101", "A program is not stratified", ""),
    ErrorCode("X102", "A stratified program has no answer set", ""),
    ErrorCode("X103", "clingo refused a program, or warned of it", ""),
    ErrorCode("X104", "An aggregate has nothing to aggregate", ""),
    ErrorCode("X105", "clingo left an atom undecided", ""),
    ErrorCode("X106", "DuckDB or pyDatalog refused a program, or gave what is no answer", ""),
    ErrorCode("X107", "Spark refused a query", ""),
    ErrorCode("X120", "The canonical layout of a file would change what it says", ""),
    ErrorCode("X201", "What was derived has no proof", ""),
    ErrorCode("X202", "A body that is refuted holds", ""),
    ErrorCode("X203", "A literal has no proof of its own", ""),
    ErrorCode("X204", "A comparison proves to be other than it was derived", ""),
    ErrorCode("X205", "No aggregate defines a number of a proof", ""),
    ErrorCode("X206", "The proof of an ancestry does not begin at a span", ""),
    ErrorCode("X207", "What a certificate is to show has no derivation", ""),
    ErrorCode("X301", "A scan and clingo disagree about a failure", ""),
    ErrorCode("X401", "A repair does not satisfy its rule when it is replayed", ""),
    ErrorCode("X402", "clingo refused the choice of a repair", ""),
    ErrorCode("X403", "A witness has not the verdicts that it was made for", ""),
    ErrorCode("X999", "Anything else that should not happen", ""),
)

OTHER_CODES: Final[Mapping[str, ErrorCode]] = MappingProxyType({row.code: row for row in _TABLE})
"""The table by code."""
