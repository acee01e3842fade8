"""The hooks for pre-commit: valid, accepted by fluo's parser, and run by pre-commit itself on a repository."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from pre_commit.clientlib import load_manifest

from fluo_logic.commands.arguments import parse_arguments

ROOT: Final = Path(__file__).parents[2]
MANIFEST: Final = ROOT / ".pre-commit-hooks.yaml"
HOOKS: Final[dict[str, dict[str, Any]]] = {
    hook["id"]: hook for hook in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))
}
FLUO: Final = Path(sys.executable).with_name("fluo")
RULES: Final = {
    "good.fluo": """rule quiet "Nothing is noisy" {
  severity low
  category existence
  description "Noise hides what matters."

  never { noise }

  example violated "noise" {
    noise @ 0s .. 1s
  }
  example satisfied "quiet" {
    calm @ 0s .. 1s
  }
}
""",
    "untidy.fluo": "rule a { never {   noise } }\n",
    "broken.fluo": 'rule b { never { noise } example violated "no noise" { calm @ 0s .. 1s } }\n',
    "notes.txt": "not a rule",
}


def words(hook: dict[str, Any]) -> list[str]:
    return [*shlex.split(hook["entry"]), *hook.get("args", [])]


def test_the_hooks_are_what_pre_commit_expects() -> None:
    """The manifest is valid by pre-commit's own schema."""
    assert [hook["id"] for hook in load_manifest(str(MANIFEST))] == ["fluo-fmt", "fluo-lint", "fluo-test"]


@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_every_command_line_is_one_of_fluo(hook: dict[str, Any]) -> None:
    """What a hook runs, with files after it, is accepted by fluo's own parser."""
    program, *arguments = words(hook)
    assert program == "fluo"
    parsed = parse_arguments([*arguments, "a.fluo", "b.fluo"])
    assert not isinstance(parsed, int)
    assert parsed.rules == ["a.fluo", "b.fluo"]


@pytest.mark.parametrize(
    ("name", "file", "status"),
    [
        ("fluo-fmt", "good.fluo", 0),
        ("fluo-fmt", "untidy.fluo", 1),
        ("fluo-lint", "good.fluo", 0),
        ("fluo-test", "good.fluo", 0),
        ("fluo-test", "broken.fluo", 1),
    ],
)
def test_pre_commit_runs_the_hooks_on_rule_files(tmp_path: Path, name: str, file: str, status: int) -> None:
    """In a repository with the hook, pre-commit passes the rule files to fluo, and no other file."""
    hook = {**HOOKS[name], "language": "system", "entry": str(FLUO) + HOOKS[name]["entry"].removeprefix("fluo")}
    config = {"repos": [{"repo": "local", "hooks": [hook]}]}
    (tmp_path / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for path in (file, "notes.txt"):
        (tmp_path / path).write_text(RULES[path], encoding="utf-8")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("GIT_", "FLUO_", "PRE_COMMIT"))}
    environment = clean | {"PRE_COMMIT_HOME": str(tmp_path / ".cache"), "GIT_CONFIG_GLOBAL": os.devnull}
    pre_commit = [sys.executable, "-m", "pre_commit", "run", "--files", file, "notes.txt", "--verbose"]
    for command in (["git", "init", "-q"], ["git", "add", file, "notes.txt", ".pre-commit-config.yaml"], pre_commit):
        done = subprocess.run(  # noqa: S603 - git and pre-commit
            command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False
        )
    assert done.returncode == status, done.stdout
    assert "no files to check" not in done.stdout
    assert "notes.txt" not in done.stdout
    assert ("Failed" if status else "Passed") in done.stdout
