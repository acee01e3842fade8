"""Where settings come from: flag over environment over file, and every mistake with its place."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from fluo_logic.commands.settings import ROWS, SEVERITIES, Output, Settings, read_settings
from fluo_logic.errors import ConfigError
from fluo_logic.lang.syntax import Severity
from fluo_logic.pipeline import DEFAULTS

GOLDEN = Path(__file__).parent / "golden" / "files"
Fluo: TypeAlias = Callable[..., tuple[int, str, str]]

FILE = """
[project]
name = "shop"  # fluo

[tool.fluo]
rules = ["rules.fluo"]
traces = "violated.json"
fail-on = "high"
select = ["audited", "tag:soc2"]
ignore = "granted"
max-proofs = 3
clock-skew = "5ms"
assume-complete = true
strict = true
format = ["text", "json=report.json"]
engine = "clingo"
"""
FROM_FILE = Settings(
    rules=("rules.fluo",),
    traces=("violated.json",),
    engine="clingo",
    format=(Output("text"), Output("json", "report.json")),
    fail_on="high",
    select=("audited", "tag:soc2"),
    ignore=("granted",),
    max_proofs=3,
    clock_skew=5_000_000,
    assume_complete=True,
    strict=True,
)


def settings(folder: Path, environment: dict[str, str] | None = None, **flags: object) -> Settings:
    return read_settings(Namespace(**flags), folder=folder, environment=environment or {})


def test_without_anything_the_defaults_are_those_of_the_pipeline(tmp_path: Path) -> None:
    """The command line and the library check in the same way."""
    found = settings(tmp_path)
    assert found == Settings()
    assert (found.engine, found.max_proofs, found.now, found.clock_skew, found.assume_complete) == (
        DEFAULTS.engine, DEFAULTS.max_proofs, DEFAULTS.now, DEFAULTS.clock_skew, DEFAULTS.assume_complete,
    )  # fmt: skip
    assert tuple(severity.value for severity in Severity) == SEVERITIES


def test_every_setting_can_stand_in_a_project_file(tmp_path: Path) -> None:
    """`[tool.fluo]` of pyproject.toml holds what the options say."""
    (tmp_path / "pyproject.toml").write_text(FILE, encoding="utf-8")
    assert settings(tmp_path) == FROM_FILE


def test_every_setting_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    """`fluo.toml` holds the same keys without the table; a project file that does not speak of fluo is no matter."""
    (tmp_path / "fluo.toml").write_text(FILE.partition("[tool.fluo]")[2], encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'fluo-shop'\n", encoding="utf-8")
    assert settings(tmp_path) == FROM_FILE


def test_the_environment_goes_before_the_file_and_flags_before_both(tmp_path: Path) -> None:
    """Each setting is taken from the first place that has it, lists as a whole."""
    (tmp_path / "pyproject.toml").write_text(FILE, encoding="utf-8")
    environment = {
        "FLUO_FAIL_ON": "low", "FLUO_TRACES": "a.json, b.json", "FLUO_STRICT": "no", "FLUO_MAX_PROOFS": "7",
        "FLUO_NOW": "1970-01-01T00:00:01Z", "FLUO_ENGINE": "",
    }  # fmt: skip
    found = settings(tmp_path, environment, fail_on="medium", traces=["c,d.json"], strict=None, select=[])
    assert found.fail_on == "medium"
    assert found.traces == ("c,d.json",)
    assert (found.strict, found.max_proofs, found.now) == (False, 7, 10**9)
    assert (found.engine, found.select) == ("clingo", ("audited", "tag:soc2"))
    assert settings(tmp_path, environment).traces == ("a.json", "b.json")


def test_a_flag_can_turn_off_what_the_file_turns_on(fluo: Fluo, folder: Path) -> None:
    """`--no-strict` wins over `strict = true`."""
    (folder / "fluo.toml").write_text(
        'rules = "rules.fluo"\ntraces = "pending.json"\nstrict = true\n', encoding="utf-8"
    )
    assert fluo("check")[0] == 4
    assert fluo("check", "--no-strict")[0] == 0


MISTAKES = {
    "unknown key": "[tool.fluo]\nrules = 'r'\nfail-onn = 'high'\n",
    "unknown table": "[tool.fluo]\nstrict = true\n\n[tool.fluo.selct]\na = 1\n",
    "the same key of another tool": "[tool.other]\nshow = 1\n[tool.fluo]\nshow = 1\n",
    "wrong value": "[tool.fluo]\nfail-on = 'bad'\n",
    "wrong type": "[tool.fluo]\nstrict = 1\n",
    "wrong item": "[tool.fluo]\nrules = [1]\n",
    "no unit": "[tool.fluo]\nclock-skew = 5\n",
    "not TOML": "[tool.fluo]\nstrict = yes\n",
    "no table": "tool.fluo = 3\n",
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_file_is_shown_in_its_place(
    tmp_path: Path, golden: Callable[[Path, str], None], name: str
) -> None:
    """Unknown keys come with the nearest known one, wrong values with what was expected, both with their line."""
    (tmp_path / "pyproject.toml").write_text(MISTAKES[name], encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path)
    assert caught.value.exit_status == 3
    golden(GOLDEN / f"{name}.txt", f"{caught.value}\n")


def test_two_configurations_are_one_too_many(tmp_path: Path) -> None:
    """A fluo.toml beside [tool.fluo] is refused, because either could be meant."""
    (tmp_path / "pyproject.toml").write_text(FILE, encoding="utf-8")
    (tmp_path / "fluo.toml").write_text("strict = true\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"both fluo\.toml and \[tool\.fluo\] of pyproject\.toml"):
        settings(tmp_path)


@pytest.mark.parametrize("row", ROWS, ids=[row.key for row in ROWS])
def test_a_wrong_value_in_the_environment_names_the_variable(tmp_path: Path, row: object) -> None:
    """Settings that can be wrong say where they were."""
    variable = str(getattr(row, "variable", ""))
    try:
        settings(tmp_path, {variable: "%&"})
    except ConfigError as error:
        assert error.message.startswith(f"{variable}: ")  # noqa: PT017 - paths and selectors are checked later
    else:
        paths = {"FLUO_RULES", "FLUO_TRACES", "FLUO_WAIVERS", "FLUO_BASELINE", "FLUO_WRITE_BASELINE"}
        assert variable in {*paths, "FLUO_SELECT", "FLUO_IGNORE"}


def test_a_mistyped_variable_is_warned_of(fluo: Fluo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FLUO_ variable that resembles one of fluo's is told; others are nobody's business."""
    monkeypatch.setenv("FLUO_FAIL_ONN", "high")
    monkeypatch.setenv("FLUO_QUX", "1")
    status, _, err = fluo("check", "rules.fluo", "--traces", "clean.json")
    assert status == 0
    assert err == "warning[C104]: the environment variable FLUO_FAIL_ONN has no meaning; did you mean FLUO_FAIL_ON?\n"


def test_a_check_can_be_configured_wholly_in_a_file(fluo: Fluo, folder: Path) -> None:
    """`fluo check` without a word does what the file says."""
    (folder / "pyproject.toml").write_text(FILE, encoding="utf-8")
    status, out, err = fluo("check")
    assert (status, err) == (1, "")
    assert "audited" in out
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["rules"][0]["id"] == "audited"
