"""The shipped rule packs: what each rule tells about itself, its examples, and what the READMEs say of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import pytest

from fluo_logic.cli import main
from fluo_logic.lang.layout import laid_out
from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.resources import packs
from fluo_logic.tooling.examples import run_examples
from fluo_logic.tooling.lint import lint
from tests.packs.older import OLDER, aliases_due, with_older_names
from tests.packs.readme import PACKS, RULES, overview, readme, rules_of

DOCS: Final = RULES.parent / "docs"
CONTROL: Final = re.compile(
    r"SOC2:(CC[1-9]|A1|C1|PI1)\.\d+|GDPR:Art\.\d+(\(\d+\))?(\([a-z]\))?"
    r"|HIPAA:164\.\d+(\([a-z0-9]+\))*(\([ivx]+\)|\([A-Z]\))*|PCI-DSS:\d+(\.\d+)+|PSD2:Art\.\d+|SOX:\d+"
    r"|OWASP-LLM:LLM\d\d|EU-AI-Act:Art\.\d+|NIST-AI-RMF:[A-Z]+-\d+\.\d+"
)
"""How controls are written: a framework, a colon, and the number as the framework writes it."""
IMPLIED: Final = {
    ("agent-refund-own-approval", "approved == true"),
    ("agent-refund-own-approval", "amount == $p.amount"),
}
"""Branches of the case studies which another obligation implies; the README there tells why they stay."""
every_pack = pytest.mark.parametrize("pack", PACKS)


def test_the_packs_are_those_that_can_be_named() -> None:
    """Each folder of rules is a pack that ``pack:NAME`` finds."""
    assert packs() == PACKS


def test_ids_are_unique_over_all_packs() -> None:
    """All packs can be loaded together."""
    rules = load_rules([RULES])
    assert len({rule.id for rule in rules.rules}) == len(rules) == sum(len(rules_of(pack)) for pack in PACKS)


@every_pack
def test_every_rule_tells_what_it_is(pack: str) -> None:
    """A rule has a title, a reason, a category, tags and, unless it is quoted, a sentence for its violations.

    Controls are written in one way, and packs have some.
    """
    for rule in rules_of(pack):
        told = rule.metadata
        assert all((rule.title, told.description, told.category, told.tags)), rule.id
        assert told.display or "as-told" in rule.id or pack == "case-studies", rule.id
        assert all(CONTROL.fullmatch(control) for control in told.controls), (rule.id, told.controls)
        assert told.controls or pack == "case-studies", rule.id
        assert "severity " in rule.origin.text, rule.id


@every_pack
def test_every_rule_shows_both_verdicts(pack: str) -> None:
    """Each rule has an example that violates it and one that satisfies it."""
    for rule in rules_of(pack):
        assert {"violated", "satisfied"} <= {example.verdict for example in rule.examples}, rule.id


@every_pack
def test_examples_pass_and_cover_their_rules(pack: str) -> None:
    """Every example has its verdict, and would not keep it without the branches of its rule."""
    results = run_examples(Ruleset(rules_of(pack)))
    assert [(result.rule.id, one.title) for result in results for one in result.examples if not one.passed] == []
    left = {(result.rule.id, branch.text) for result in results for branch in result.undecided}
    assert left == (IMPLIED if pack == "case-studies" else set())


@every_pack
def test_older_names_of_attributes_have_the_same_verdicts(pack: str) -> None:
    """An example has the same verdict when its attributes have the older names that aliases give them."""
    rules = tuple(with_older_names(rule) for rule in rules_of(pack) if rule.metadata.aliases)
    results = run_examples(Ruleset(rules), coverage=False)
    assert [(result.rule.id, one.title) for result in results for one in result.examples if not one.passed] == []


@every_pack
def test_rules_name_the_older_names_of_what_they_read(pack: str) -> None:
    """A rule reads older names as well, wherever the language lets it, and names none that it does not read."""
    if pack != "case-studies":
        for rule in rules_of(pack):
            assert sorted(rule.metadata.aliases) == sorted(aliases_due(rule)), rule.id


@every_pack
def test_packs_are_clean(pack: str) -> None:
    """Nothing in a pack is a warning of ``fluo lint``, and its files are laid out by ``fluo fmt``."""
    warnings = [(one.code, one.message) for one in lint(Ruleset(rules_of(pack))) if one.level != "info"]
    assert warnings == []
    for path in sorted((RULES / pack).glob("*.fluo")):
        text = path.read_text(encoding="utf-8")
        assert laid_out(text) == text, f"run `fluo fmt {path.relative_to(RULES.parent)}`"


@every_pack
def test_the_readme_of_a_pack_is_up_to_date(pack: str, golden: Callable[..., None]) -> None:
    """Its table of rules and its list of telemetry are those of the rules; ``--update-goldens`` writes them."""
    golden(RULES / pack / "README.md", readme(pack))


def test_the_overview_is_up_to_date(golden: Callable[..., None]) -> None:
    """The table of packs counts rules and examples; ``--update-goldens`` writes it."""
    golden(RULES / "README.md", overview())


def test_the_documentation_lists_the_older_names() -> None:
    """The table of docs/packs.md is the one that the rules are held to."""
    rows = re.findall(
        r"^\| `([\w.]+)` \| `([\w.]+)` \|$", (DOCS / "packs.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert dict(rows) == OLDER


def test_the_command_line_lists_the_packs(capsys: pytest.CaptureFixture[str]) -> None:
    """``fluo check --help`` names every pack, and each can be given as rules."""
    assert main(["check", "--help"]) == 0
    shown = re.sub(r"\s+", "", capsys.readouterr().out)
    assert all(f"pack:{pack}" in shown for pack in PACKS)
    assert main(["lint", "-q", *(f"pack:{pack}" for pack in PACKS)]) == 0
