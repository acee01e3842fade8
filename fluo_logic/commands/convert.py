"""``fluo convert``."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from fluo_logic.commands.check import warn_of_variables
from fluo_logic.commands.compile import check_output, write_result
from fluo_logic.commands.settings import read_settings
from fluo_logic.errors import EXIT_OK, ConfigError, RuleError, RuleFilesError
from fluo_logic.lang.format import format_ruleset
from fluo_logic.lang.layout import laid_out
from fluo_logic.lang.parse import YAML_SUFFIXES, is_yaml, load_rules, rule_files
from fluo_logic.resources import rules_path


def run(arguments: Namespace) -> int:
    """Write the rules of YAML packs as ``.fluo`` text; return the exit status."""
    settings = read_settings(arguments)
    warn_of_variables()
    if not settings.rules:
        hint = "name YAML packs, which end in `.yaml` or `.yml`"
        raise ConfigError(code="C010", message="no rules are given", hint=hint)
    check_output(arguments.output)
    write_result(laid_out(format_ruleset(load_rules(_packs(settings.rules)))), arguments.output)
    return EXIT_OK


def _packs(named: Sequence[str]) -> list[Path]:
    """Return the YAML packs that are named, and those below folders that are."""
    files: list[Path] = []
    errors: list[RuleError] = []
    for name in named:
        path = rules_path(name)
        if not path.is_dir() and not is_yaml(path):
            message = f"`{name}` is no YAML pack by its name"
            raise ConfigError(code="C144", message=message, hint="packs end in `.yaml` or `.yml`")
        files.extend(rule_files(path, errors, YAML_SUFFIXES))
    if errors:
        raise RuleFilesError(errors)
    return files
