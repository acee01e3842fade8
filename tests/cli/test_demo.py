"""`fluo demo`: the incidents, their replay, and what is printed of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from fluo_logic.commands import demo, incidents
from fluo_logic.errors import ConfigError
from fluo_logic.explain.text import Style
from fluo_logic.resources import incidents_folder, packs, rules_folder

Fluo: TypeAlias = Callable[..., tuple[int, str, str]]


@pytest.fixture
def catalogue() -> incidents.Catalogue:
    pytest.importorskip("opentelemetry.sdk", reason="needs the demo extra")
    pytest.importorskip("opentelemetry.exporter.otlp.proto.common", reason="needs the demo extra")
    return incidents.Catalogue()


def test_all_seven_incidents_are_clean_when_healthy_and_caught_when_broken(
    fluo: Fluo, catalogue: incidents.Catalogue
) -> None:
    """The whole demo succeeds; its table has a line for each incident, none of them a failure."""
    status, out, err = fluo("demo", "-q")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["incident", "healthy", "broken", "as", "told", "stronger", "missed"]
    rows = lines[1 : 1 + len(catalogue.incidents)]
    assert [row[3:].startswith(item.title) for row, item in zip(rows, catalogue.incidents, strict=True)] == [True] * 7
    assert all("✓ clean" in row and "✗ violated" in row for row in rows)
    # Each case study's rule misses something that the stronger rules find.
    assert all(int(row.split()[-1].replace(",", "")) > 0 for row in rows)


def test_one_incident_is_told_in_full(fluo: Fluo, catalogue: incidents.Catalogue, folder: Path) -> None:
    """An incident is named by number or word; its story, both runs, every rule and several proofs are shown."""
    incident = catalogue.incidents[2]
    status, out, err = fluo("demo", "3", "--keep", "kept")
    assert (status, err) == (0, "")
    assert fluo("demo", "AUDIT", "--keep", "kept")[1] == out
    assert incident.title in out
    assert "The tool that deactivates many users" in out
    for rule in (incident.seed_rule_id, *incident.rule_ids):
        assert rule in out
    assert out.count("fingerprint") == 4
    assert max(map(len, out.splitlines())) <= 100
    kept = sorted(path.name for path in (folder / "kept").iterdir())
    assert kept == ["3-admin-audit-broken.otlp.jsonl", "3-admin-audit-healthy.otlp.jsonl"]
    assert fluo("check", "pack:case-studies", "--traces", f"kept/{kept[0]}", "--select", incident.seed_rule_id)[0] == 1


def test_a_broken_run_that_is_not_caught_fails_the_demo(
    fluo: Fluo, catalogue: incidents.Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The status is 1 where the rules do not tell healthy from broken: here the broken run is a healthy one."""
    write = catalogue.module.write
    monkeypatch.setattr(catalogue.module, "write", lambda incident, _, path: write(incident, "healthy", path))
    status, out, _ = fluo("demo", "3", "-q")
    assert status == 1
    assert "unnoticed" in out


def test_a_healthy_run_that_is_not_clean_fails_the_demo(
    fluo: Fluo, catalogue: incidents.Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Likewise where the healthy run is a broken one."""
    write = catalogue.module.write
    monkeypatch.setattr(catalogue.module, "write", lambda incident, _, path: write(incident, "broken", path))
    status, out, _ = fluo("demo", "3", "-q")
    assert status == 1
    assert "not clean" in out


def test_what_the_rule_as_told_misses_is_what_lies_in_other_traces(
    catalogue: incidents.Catalogue, tmp_path: Path
) -> None:
    """Two of the five unlogged actions share a trace with another log; the proof that is shown is of one of them."""
    replay = catalogue.replay(catalogue.incidents[2], tmp_path)
    assert (len(replay.found), len(replay.missed)) == (5, 2)
    (example,) = replay.examples(1)
    assert example in [case.violations[0] for case in replay.missed]
    told = {item.scope["trace_id"] for item in replay.broken.violated if item.rule == replay.incident.seed_rule_id}
    assert len(told) == 3
    assert all(case.traces.isdisjoint(told) for case in replay.missed)


def test_colour_adds_nothing_but_colour(catalogue: incidents.Catalogue, tmp_path: Path) -> None:
    """Without its escapes the coloured text is the plain one."""
    import re  # noqa: PLC0415

    replay = catalogue.replay(catalogue.incidents[5], tmp_path)
    plain, coloured = (
        demo.incident_lines(replay, Style(colour, 100), proofs=2, story=True) for colour in (False, True)
    )
    assert plain != coloured
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured] == [line.rstrip() for line in plain]


@pytest.mark.parametrize("wanted", ["9", "a", "nonsense"])
def test_an_incident_that_is_none_or_several_is_an_error(catalogue: incidents.Catalogue, wanted: str) -> None:
    """The error lists those that there are, or that were meant."""
    with pytest.raises(ConfigError) as caught:
        catalogue.named(wanted)
    assert caught.value.code == "C141"
    assert caught.value.hint is not None
    assert "3 admin-audit" in caught.value.hint


def test_without_the_sdk_the_demo_tells_what_to_install(fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "opentelemetry.sdk" else find(name))
    status, out, err = fluo("demo")
    assert (status, out) == (3, "")
    assert err.endswith("  = hint: pip install 'fluo_logic[demo]'\n")


def test_a_folder_that_cannot_be_made_is_an_error(fluo: Fluo, catalogue: incidents.Catalogue) -> None:
    """A file in the way is told."""
    assert catalogue.incidents
    status, out, err = fluo("demo", "3", "--keep", "rules.fluo")
    assert (status, out) == (3, "")
    assert err == "error[C121]: the folder `rules.fluo` cannot be made: file exists\n"


def test_shipped_files_are_found() -> None:
    """Packs are the folders of the rules that come with fluo; the catalogue lies with the applications."""
    assert "case-studies" in packs()
    assert all((rules_folder() / name).is_dir() for name in packs())
    assert (incidents_folder() / "catalogue.py").is_file()
