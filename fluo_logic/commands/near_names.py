"""Names in rules that are nearly those of the traces that were checked: slips, which leave a rule nothing to judge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fluo_logic.facts.dataset import Dataset
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.resources import rules_folder
from fluo_logic.tooling.lint import typos

MOST_SPANS: Final = 50_000
"""Up to how many spans names are compared after a check; `fluo lint --traces` compares them always."""


def slips(rules: Ruleset, dataset: Dataset) -> Iterator[str]:
    """Yield a warning for each name of a span or attribute that no span has and that is a letter or two off.

    Shipped rules are passed over: they name what some traces have and others do not.
    """
    shipped = rules_folder().resolve()
    own = [rule for rule in rules.rules if not Path(rule.origin.file).resolve().is_relative_to(shipped)]
    if own and len(dataset.spans) <= MOST_SPANS:
        yield from (found.text() for found in typos(own, dataset))
