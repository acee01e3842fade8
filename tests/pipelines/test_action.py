"""The GitHub Action: its steps are run with a stand-in for the runner, without network."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeAlias

import jsonschema
import pytest
import yaml

from fluo_logic.commands.arguments import parse_arguments
from tests.cli.conftest import RULES, TRACES

ROOT: Final = Path(__file__).parents[2]
ACTION: Final[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL, CHECK = ACTION["runs"]["steps"]
FLUO: Final = Path(sys.executable).with_name("fluo")
SCHEMA: Final = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/github-actions.json")
EXPRESSION: Final = re.compile(r"\$\{\{ inputs\.([\w-]+) \}\}")


@dataclass(frozen=True, slots=True)
class Step:
    """What a step did."""

    status: int
    log: str
    outputs: dict[str, str]
    summary: str


Run: TypeAlias = Callable[..., Step]


def executable(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with rules and traces, one of them with a name that a shell could stumble over."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "rules.fluo").write_text(RULES, encoding="utf-8")
    for name, text in TRACES.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    (folder / "odd $(touch pwned) 'name.json").write_text(TRACES["late"], encoding="utf-8")
    return folder


@pytest.fixture
def step(tmp_path: Path, checkout: Path) -> Run:
    """Run the step that checks with inputs, the others at their defaults, as the runner does."""
    temporary = tmp_path / "temporary"
    executable(temporary / "fluo" / "bin" / "fluo", f'#!/bin/sh\nexec {shlex.quote(str(FLUO))} "$@"\n')

    def run(script: dict[str, Any] = CHECK, **given: str) -> Step:
        inputs = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        inputs |= {name.replace("_", "-"): value for name, value in given.items()}
        output, summary = tmp_path / "output", tmp_path / "summary"
        output.write_text("", encoding="utf-8")
        summary.write_text("", encoding="utf-8")
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FLUO_", "GITHUB_"))}
        environment = clean | {
            "RUNNER_TEMP": str(temporary),
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
            "GITHUB_WORKSPACE": str(checkout),
            **{name: EXPRESSION.sub(lambda found: inputs[found[1]], text) for name, text in script["env"].items()},
        }
        where = checkout / EXPRESSION.sub(lambda found: inputs[found[1]], script.get("working-directory", "."))
        done = subprocess.run(  # noqa: S603 - the step of our own action
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script["run"]],  # noqa: S607
            cwd=where, env=environment, capture_output=True, encoding="utf-8", check=False,
        )  # fmt: skip
        outputs = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
        return Step(done.returncode, done.stdout + done.stderr, outputs, summary.read_text(encoding="utf-8"))

    return run


def test_the_action_is_what_github_expects() -> None:
    """The file is valid by the schema of actions, and its outputs are those of its steps."""
    jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8"))).validate(ACTION)
    assert set(re.findall(r"steps\.(\w+)\.outputs", str(ACTION["outputs"]))) == {CHECK["id"]}


def test_inputs_reach_scripts_by_the_environment_only() -> None:
    """No expression stands in a script, where its value would be run; and every input is used, once."""
    for one in (INSTALL, CHECK):
        assert "${{" not in one["run"]
        assert not any(name.startswith("FLUO_") for name in one["env"])
    used = EXPRESSION.findall(str([INSTALL, CHECK]))
    assert sorted(set(used)) == sorted(ACTION["inputs"])


def test_violations_fail_the_step_and_are_shown(step: Run, checkout: Path) -> None:
    """The log has the text, then the notes; the summary the page; the outputs tell status and SARIF."""
    done = step(rules="rules.fluo", traces="violated.json\n  odd $(touch pwned) 'name.json  \n")
    assert done.status == 1
    assert done.outputs == {"status": "1", "sarif": "fluo.sarif"}
    assert done.summary.startswith("## ✗ fluo: 2 violations of 2 rules\n")
    assert "::error file=rules.fluo,line=2,col=1,endColumn=35,title=audited::" in done.log
    assert not list(checkout.glob("pwned"))
    results = json.loads((checkout / "fluo.sarif").read_text(encoding="utf-8"))["runs"][0]["results"]
    assert len(results) == 2


def test_a_clean_run_passes(step: Run) -> None:
    """Without violations the step passes, and the summary says so."""
    done = step(rules="rules.fluo", traces="clean.json", sarif="")
    assert (done.status, done.outputs) == (0, {"status": "0", "sarif": ""})
    assert done.summary.startswith("## ✓ fluo: nothing violated\n")
    assert "::error" not in done.log


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"rules": "wrong.fluo", "traces": "clean.json"}, 2, "error[E"),
        ({"rules": "rules.fluo", "traces": "nowhere.json"}, 3, "nowhere.json"),
        ({"rules": "rules.fluo", "traces": ""}, 3, "error[C011]: no traces are given"),
        ({"rules": "", "traces": "clean.json"}, 3, "error[C010]: no rules are given"),
        ({"rules": "rules.fluo", "traces": "clean.json", "fail_on": "hihg"}, 3, "did you mean `high`?"),
        ({"rules": "rules.fluo", "traces": "clean.json", "options": "--strct"}, 3, "did you mean `--strict`?"),
    ],
)
def test_what_is_wrong_is_told(step: Run, checkout: Path, given: dict[str, str], status: int, said: str) -> None:
    """A wrong rule, input or option fails the step with fluo's own status and message."""
    (checkout / "wrong.fluo").write_text("rule a { when { x.y } always { } }", encoding="utf-8")
    done = step(**given)
    assert (done.status, done.outputs["status"]) == (status, str(status))
    assert said in done.log


def test_inputs_are_options(step: Run, checkout: Path) -> None:
    """Threshold, waivers, baseline, files and further options are those of the command line."""
    (checkout / "w.toml").write_text(
        '[[waiver]]\nrule = "audited"\nowner = "o"\nreason = "r"\nexpires = 2999-01-01\n', encoding="utf-8"
    )
    both = {"rules": "rules.fluo", "traces": "violated.json\nlate.json"}
    assert step(**both, fail_on="high", waivers="w.toml").status == 0
    assert step(**both, options="--write-baseline\nb.json").status == 0
    assert step(**both, baseline="b.json", junit="j.xml", html="r.html", options="--ignore\ngranted").status == 0
    assert {path.name for path in checkout.iterdir()} >= {"b.json", "j.xml", "r.html"}


def test_a_folder_inside_the_checkout_can_be_checked(step: Run, checkout: Path) -> None:
    """Paths are relative to the folder; notes and SARIF name files as the checkout does."""
    (checkout / "sub").mkdir()
    for name in ("rules.fluo", "violated.json"):
        (checkout / name).rename(checkout / "sub" / name)
    done = step(rules="rules.fluo", traces="violated.json", working_directory="sub")
    assert (done.status, done.outputs["sarif"]) == (1, "sub/fluo.sarif")
    assert "::error file=sub/rules.fluo," in done.log
    log = json.loads((checkout / "sub" / "fluo.sarif").read_text(encoding="utf-8"))
    place = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "sub/rules.fluo"


def test_what_traces_say_is_no_command(step: Run, checkout: Path) -> None:
    """Everything that fluo prints stands between the two lines by which the runner takes no commands."""
    hostile = TRACES["violated"].replace("admin.action", "admin.action ::error::pwned")
    rules = RULES.replace("when { admin.action }", 'when { *.where(span:name contains "::error::") }')
    (checkout / "hostile.json").write_text(hostile, encoding="utf-8")
    (checkout / "rules.fluo").write_text(rules, encoding="utf-8")
    log = step(rules="rules.fluo", traces="hostile.json").log
    token = re.search(r"^::stop-commands::([0-9a-f]{32})$", log, re.MULTILINE)
    assert token is not None
    before, _, rest = log.partition(token[0])
    printed, _, after = rest.partition(f"::{token[1]}::")
    assert before.strip() == ""
    assert "::error::pwned" in printed
    assert all(re.match(r"::(error|warning|notice) ", line) for line in after.splitlines() if line.startswith("::"))


def test_without_notes_and_summary_there_are_none(step: Run) -> None:
    """Both can be turned off."""
    done = step(rules="rules.fluo", traces="violated.json", annotations="false", summary="false")
    assert (done.summary, "::error " in done.log) == ("", False)


def test_every_command_line_is_one_of_fluo(step: Run, tmp_path: Path) -> None:
    """With all inputs given, the command that the step runs is accepted by fluo's own parser."""
    fluo = tmp_path / "temporary" / "fluo" / "bin" / "fluo"
    executable(fluo, '#!/bin/sh\nprintf "%s\\n" "$@" > "$RUNNER_TEMP/arguments"\n')
    given = {name.replace("-", "_"): one.get("default") or "x" for name, one in ACTION["inputs"].items()}
    assert step(**given | {"options": "--strict\n--max-proofs\n3", "working_directory": "."}).status == 0
    arguments = (tmp_path / "temporary" / "arguments").read_text(encoding="utf-8").splitlines()
    parsed = parse_arguments(arguments)
    assert not isinstance(parsed, int)
    assert (parsed.rules, parsed.traces, parsed.max_proofs, parsed.strict) == (["x"], ["x"], "3", True)


@pytest.mark.parametrize(("extras", "suffix"), [("", ""), ("duckdb,frames", "[duckdb,frames]")])
def test_the_action_installs_its_own_version(step: Run, tmp_path: Path, extras: str, suffix: str) -> None:
    """An environment of its own gets the package that the action comes with, and its extras."""
    tools = tmp_path / "tools"
    record = '#!/bin/sh\nprintf "%s\\n" "$@" >> "$RUNNER_TEMP/installed"\n'
    executable(tools / "python3", record)
    executable(tmp_path / "temporary" / "fluo" / "bin" / "python", record)
    script = INSTALL | {"run": f"PATH={shlex.quote(str(tools))}:$PATH\n{INSTALL['run']}"}
    assert step(script, extras=extras).status == 0
    called = (tmp_path / "temporary" / "installed").read_text(encoding="utf-8").splitlines()
    assert called[2:5] == ["-m", "venv", str(tmp_path / "temporary" / "fluo")]
    assert called[-1] == f"{ROOT}{suffix}"


def test_an_old_python_is_told(step: Run, tmp_path: Path) -> None:
    """Where the runner's Python is too old, the step says what to do and installs nothing."""
    tools = tmp_path / "tools"
    executable(tools / "python3", "#!/bin/sh\nexit 1\n")
    done = step(INSTALL | {"run": f"PATH={shlex.quote(str(tools))}:$PATH\n{INSTALL['run']}"})
    assert (done.status, done.log.startswith("::error title=fluo::Python 3.11 or later is needed")) == (3, True)
