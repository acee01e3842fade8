"""Reads rules: text in, syntax trees and every mistake out."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fluo_logic.errors import RuleError, RuleFilesError, Where
from fluo_logic.lang.attempt import is_too_deep
from fluo_logic.lang.build import rules as build
from fluo_logic.lang.build.base import Context, tree, trees
from fluo_logic.lang.check import check_rule, duplicate_ids
from fluo_logic.lang.grammar import tree_or_none
from fluo_logic.lang.recover import recover
from fluo_logic.lang.scan import scan
from fluo_logic.lang.source import Mistakes, Source, position
from fluo_logic.lang.suggest import did_you_mean_file
from fluo_logic.lang.syntax import Origin, Reading, Rule, Ruleset

MAX_CHARACTERS: Final = 1_000_000
"""How long a rule file may be."""
MAX_RULES: Final = 10_000
"""How many rules a file may hold."""
ID: Final = re.compile(r"[A-Za-z0-9_.-]+")
SUFFIX: Final = ".fluo"
YAML_SUFFIXES: Final = (".yaml", ".yml")


def parse_rules(text: str, file: str) -> tuple[list[Rule], list[RuleError]]:
    """Return the rules of a file that are right, and all mistakes of the others, both in file order.

    A file holds rules, or the content of one rule, whose id is then the stem of the file's name.
    Never raises for any text.
    """
    return parse_source(Source(file, text), anonymous_id=Path(file).stem or "rule")


def parse_rule(text: str, id: str = "rule", file: str = "<rule>", reads_as: Reading | None = None) -> Rule:  # noqa: A002
    """Return the one rule that ``text`` holds: the content of a rule, or a whole ``rule ID { … }``.

    Args:
        text: Blocks or a bare condition, with metadata, a scope and examples where wanted.
        id: The id of the rule, unless the text brings its own.
        file: The name that errors and origins carry.
        reads_as: How a bare condition is read; None decides by its form, and then refuses variables.

    Raises:
        RuleFilesError: With every mistake.
    """
    rules, errors = parse_source(Source(file, text), anonymous_id=id, reads_as=reads_as)
    if not errors and len(rules) != 1:
        message = f"expected one rule, found {len(rules)}"
        errors = [RuleError("E503", message, where=Where(file, 1, 1))]
    if errors:
        raise RuleFilesError(errors)
    return rules[0]


def parse_source(
    source: Source, *, anonymous_id: str, reads_as: Reading | None = None
) -> tuple[list[Rule], list[RuleError]]:
    """Return what `parse_rules` does, for a text that may be a part of a larger file.

    Args:
        source: The text, and where its characters stand.
        anonymous_id: The id of a rule without a head.
        reads_as: As for `parse_rule`.
    """
    text = source.text
    start = Where(source.file, *source.place(0))
    mistakes = Mistakes(source)
    if len(text) > MAX_CHARACTERS:
        message = f"the file has {len(text):,} characters, and {MAX_CHARACTERS:,} is the limit"
        return [], [RuleError("E505", message, where=start, hint="split it into several files")]
    scanned = scan(mistakes)
    if not scanned.readable:
        return [], mistakes.in_order()
    if not scanned.text.strip():
        message = "there is no rule in this text"
        hint = 'write `rule ID "title" { when { … } always { … } }`, or a condition alone'
        return [], [*mistakes.in_order(), RuleError("E504", message, where=start, hint=hint)]
    heads = sum(bracket.kind == "rule" for bracket in scanned.brackets)
    if heads > MAX_RULES:
        message = f"the file holds {heads:,} rules, and {MAX_RULES:,} is the limit"
        return [], [RuleError("E505", message, where=start, hint="split it into several files")]
    rules: list[Rule] = []
    context = Context(mistakes)
    node = tree_or_none(scanned.text, "file") if scanned.sound else None
    if node is None:
        rules = recover(context, scanned)
    elif is_too_deep(context, node):
        rules = []
    elif node.data == "anonymous":
        if ID.fullmatch(anonymous_id) is None:
            message = f"`{anonymous_id}` is not an id, and this rule has no other"
            hint = "an id has letters, digits, `-`, `_` and `.`: rename the file, or write `rule ID { … }`"
            mistakes.report("E120", message, 0, 1, hint)
        draft = build.content_of(context, [tree(part) for part in node.children], reads_as)
        rules = [draft.rule(anonymous_id, "", context.origin(node))]
    else:
        rules = [build.rule(context, item) for item in trees(node)]
    for rule in rules:
        check_rule(rule, mistakes)
    right = [] if mistakes.full else [rule for rule in rules if not _touched(rule.origin, mistakes.errors)]
    return right, sorted([*mistakes.in_order(), *duplicate_ids(right)], key=position)


def _touched(origin: Origin, errors: Sequence[RuleError]) -> bool:
    """Return whether a mistake lies in the text of a node."""
    start, end = (origin.line, origin.column), (origin.end_line, origin.end_column)
    return any(start <= position(error) < end for error in errors)


# --- files --------------------------------------------------------------------------------------------------------


def load_rules(paths: Sequence[str | os.PathLike[str]]) -> Ruleset:
    """Return the rules of files, and of the rule files below folders, in order; a file named twice counts once.

    Files that end in ``.yaml`` or ``.yml`` are YAML packs, all others hold ``.fluo`` text.

    Raises:
        RuleFilesError: With every mistake of every file: what cannot be read, what is wrong, ids that occur twice.
    """
    rules: list[Rule] = []
    errors: list[RuleError] = []
    seen: set[Path] = set()
    for path in paths:
        for file in rule_files(Path(path), errors):
            if file.resolve() in seen:
                continue
            seen.add(file.resolve())
            found, wrong = _load(file)
            rules.extend(found)
            errors.extend(wrong)
    # Twins within one file were reported with it.
    told = {(error.code, str(error.where)) for error in errors}
    errors.extend(error for error in duplicate_ids(rules) if (error.code, str(error.where)) not in told)
    if errors:
        raise RuleFilesError(errors)
    return Ruleset(tuple(rules))


def rule_files(path: Path, errors: list[RuleError], suffixes: Sequence[str] = (SUFFIX, *YAML_SUFFIXES)) -> list[Path]:
    """Return a file, or the files below a folder that end in one of ``suffixes``, in order.

    A folder without one is an error.  YAML in hidden folders (``.github``) belongs to other tools and is left alone.
    """
    if not path.is_dir():
        return [path]
    files = sorted(
        file
        for file in path.rglob("*")
        if file.suffix in suffixes and file.is_file() and not (is_yaml(file) and _hidden(file.relative_to(path)))
    )
    if not files:
        kinds = "rule file" if len(suffixes) > len(YAML_SUFFIXES) else f"`{suffixes[0]}` file"
        errors.append(RuleError("E501", f"the folder `{path}` holds no {kinds}"))
    return files


def is_yaml(file: Path) -> bool:
    """Return whether a file is a YAML pack by its name."""
    return file.suffix in YAML_SUFFIXES


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _load(file: Path) -> tuple[list[Rule], list[RuleError]]:
    try:
        text = read_text(file)
    except RuleError as error:
        return [], [error]
    if is_yaml(file):
        from fluo_logic.lang.yaml_pack import parse_pack  # noqa: PLC0415 - it is built on this module

        return parse_pack(text, str(file))
    return parse_rules(text, str(file))


def read_text(file: Path) -> str:
    """Return the text of a rule file, without a byte order mark.

    Raises:
        RuleError: it cannot be read, or is not UTF-8.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else "cannot be read"
        msg = "E501"
        hint = did_you_mean_file(file) if isinstance(error, FileNotFoundError) else None
        raise RuleError(msg, f"the rule file `{file}` {reason}", hint=hint) from error
    return decoded(data, str(file))


def decoded(data: bytes, name: str) -> str:
    """Return UTF-8 text, without a byte order mark; raises RuleError for any other."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8: byte {error.start} is {data[error.start]:#04x}"
        msg = "E502"
        raise RuleError(msg, message, where=Where(name, line, 1), hint="save it as UTF-8") from error
