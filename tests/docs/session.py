"""A folder in which the blocks of one document run, in order, as a reader would run them at the root of a checkout."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from typing import Any, Final

import cfgv
import jsonschema
import yaml
from pre_commit.clientlib import CONFIG_SCHEMA

from fluo_logic.errors import RuleFilesError
from fluo_logic.facts.readers import read_traces
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lang.yaml_pack import parse_pack
from fluo_logic.values import canonical_text
from tests.docs.markdown import Block, Command, SpanTable, blocks, commands

ROOT: Final = Path(__file__).resolve().parents[2]
SHOWN: Final = ("README.md", "docs", "examples", "rules", "schemas", "tests", "fluo_logic")
"""What of the checkout is in the folder."""
OUTSIDE: Final = ROOT / "../shared/traces"
"""Where recordings may lie that are not part of the repository."""
RECORDINGS: Final = ("onlineboutique-checkout-fault.otlp.jsonl",)
VARYING: Final = re.compile(
    r"\b[0-9a-f]{16}(?:[0-9a-f]{16})?\b|\b(?=[a-f]*\d)[0-9a-f]{8}\b"  # ids and fingerprints
    r"|\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d(?:\.\d+)?\b|\b[\d.]+ ?(?:ns|µs|ms|s)\b"  # days, times and durations
)
RULED: Final = re.compile(r"([=_-])\1{2,}")
"""Lines that fill the width of a terminal around a text that varies."""
END: Final = "\x1e"
"""What is printed after each command, so that its output can be told from the next one's."""


def _workflow(document: object) -> None:
    """Check a workflow of GitHub, and that what it gives to fluo's action is what that takes."""
    schema = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/github-workflows.json")
    # YAML 1.1 reads the key `on` as a truth value.
    named = {"on" if key is True else key: value for key, value in _mapping(document).items()}
    jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(named)
    inputs = _mapping(yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8")))["inputs"]
    for job in _mapping(named["jobs"]).values():
        for step in _mapping(job)["steps"]:
            if "/fluo_logic@" in step.get("uses", ""):
                assert {*step["with"]} <= {*inputs}, step
                assert {name for name, one in inputs.items() if one.get("required")} <= {*step["with"]}, step


def _hooks(document: object) -> None:
    """Check a configuration of pre-commit, and that its hooks are there."""
    cfgv.validate(document, CONFIG_SCHEMA)
    known = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    for repository in _mapping(document)["repos"]:
        assert {hook["id"] for hook in repository["hooks"]} <= known


def _mapping(document: object) -> dict[Any, Any]:
    assert isinstance(document, dict)
    return document


CONFIGURATIONS: Final[dict[str, Callable[[object], None]]] = {
    ".github/workflows/traces.yml": _workflow,
    ".pre-commit-config.yaml": _hooks,
}
"""Files in YAML that are not packs of rules, and what checks them."""


class Session:
    """Runs the blocks of one document and returns its lines with what they print now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.printed: str | None = None
        """What the last Python block printed, until a text block shows it."""
        self.shell: Any = None
        """The shell of the notebook whose cells the document shows."""
        self.halted = False
        """Whether a Python block needed a recording that is absent, so that no later one can run."""
        for name in SHOWN:
            (folder / name).symlink_to(ROOT / name)
        self.absent = [name for name in RECORDINGS if not (OUTSIDE / name).exists()]
        for name in RECORDINGS:
            if name not in self.absent:
                (folder / name).symlink_to(OUTSIDE / name)

    def run(self, lines: list[str]) -> list[str]:
        """Run every block of a document; return the document with the outputs that it should have."""
        fresh: list[str] = []
        done = 0
        with contextlib.chdir(self.folder):
            for block in blocks(lines):
                fresh.extend(lines[done : block.first])
                fresh.extend(self._spans(block) if isinstance(block, SpanTable) else self._block(block))
                done = block.last
        self._expect_no_output("the document")
        return [*fresh, *lines[done:]]

    def _block(self, block: Block) -> list[str]:
        """Check a block, and return the lines that it should have."""
        if block.kind != "text":
            self._expect_no_output(f"line {block.first}")
        if block.file is not None:
            Path(block.file).parent.mkdir(parents=True, exist_ok=True)
            Path(block.file).write_text(block.text, encoding="utf-8")
        match block.kind:
            case "console":
                return self._console(block)
            case "python":
                self._python(block)
            case "ipython":
                self._cell(block)
            case "text":
                printed, self.printed = self.printed, None
                assert printed is not None, f"line {block.first}: a text block shows what the Python before it prints"
                return list(block.lines) if self.halted else printed.splitlines()
            case "fluo":
                _, mistakes = parse_rules(block.text, block.file or "rule.fluo")
                assert not mistakes, RuleFilesError(mistakes)
            case "yaml" if block.file is not None and block.file in CONFIGURATIONS:
                CONFIGURATIONS[block.file](yaml.safe_load(block.text))
            case "yaml":
                _, mistakes = parse_pack(block.text, block.file or "pack.yaml")
                assert not mistakes, RuleFilesError(mistakes)
            case "json":
                json.loads(block.text)
            case "toml":
                tomllib.loads(block.text)
            case _:
                pass
        return list(block.lines)

    def _expect_no_output(self, place: str) -> None:
        assert not self.printed, f"before {place}, a text block has to show what Python prints: {self.printed}"

    def _cell(self, block: Block) -> None:
        """Run a cell of a notebook, which has to succeed without a word on standard error."""
        from IPython.core.interactiveshell import InteractiveShell  # noqa: PLC0415 - few documents have cells

        if self.shell is None:
            self.shell = InteractiveShell(history_manager=None)  # type: ignore[no-untyped-call]
        said, wrong = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(wrong):
            result = self.shell.run_cell(block.text)
        assert result.success, f"line {block.first}: {said.getvalue()}{wrong.getvalue()}"
        assert not wrong.getvalue(), f"line {block.first}: {wrong.getvalue()}"

    def _python(self, block: Block) -> None:
        self.halted = self.halted or self._needs_absent(block)
        said = io.StringIO()
        if not self.halted:
            with contextlib.redirect_stdout(said), importing(self.folder):
                # Line numbers in a traceback are those of the document.
                exec(compile("\n" * block.first + block.text, "document", "exec"), self.names)  # noqa: S102
        self.printed = said.getvalue()

    def _needs_absent(self, block: Block) -> bool:
        return any(name in block.text for name in self.absent)

    def _console(self, block: Block) -> list[str]:
        if self._needs_absent(block):
            return list(block.lines)
        found = commands(block)
        lines: list[str] = []
        for command, output in zip(found, self._shell(found), strict=True):
            lines.extend(f"{'> ' if number else '$ '}{line}" for number, line in enumerate(command.text.split("\n")))
            lines.extend(output)
        same = block.varies and list(map(lasting, lines)) == list(map(lasting, block.lines))
        return list(block.lines) if same else lines

    def _shell(self, found: list[Command]) -> Iterator[list[str]]:
        steps = [f"{command.text}\n__status=$?; printf '\\036'; (exit $__status)\n" for command in found]
        done = subprocess.run(  # noqa: S603 - the commands are those of the documentation
            ["bash", "-c", "exec 2>&1 </dev/null\n" + "".join(steps)],  # noqa: S607
            cwd=self.folder,
            env=environment(),
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        outputs = done.stdout.split(END)[:-1]
        assert len(outputs) == len(found), done.stdout
        return (output.splitlines() for output in outputs)

    def _spans(self, block: SpanTable) -> list[str]:
        rows = ["| Span | Service | Start | Length | Attributes |", "|---|---|---|---|---|"]
        spans = read_traces(Path(block.file)).spans
        first = min(span.start for span in spans if span.start is not None)
        for span in spans:
            start = (span.start or 0) - first
            length = (span.end or 0) - (span.start or 0)
            told = ", ".join(f"`{key}` {canonical_text(value)}" for key, value in span.attributes.items())
            service = canonical_text(span.resource.attributes["service.name"])
            rows.append(f"| `{span.name}` | {service} | {start / 10**9:g} s | {length / 10**9:g} s | {told} |")
        return rows


def lasting(line: str) -> str:
    """Return a line without what differs from run to run."""
    return RULED.sub(r"\1\1\1", VARYING.sub("*", line))


@contextlib.contextmanager
def importing(folder: Path) -> Iterator[None]:
    """Let modules that the document has saved be imported, by this block only."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]


def environment() -> dict[str, str]:
    """Return the environment of a command: without settings of fluo, and with its command on the path."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLUO_", "OTEL_", "PYTEST_"))}
    # With CI, pytest writes longer lines.
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI", "BUILD_NUMBER"):
        kept.pop(name, None)
    folder = str(Path(sys.executable).parent)
    return {**kept, "PATH": f"{folder}{os.pathsep}{kept.get('PATH', '')}", "PYTHONIOENCODING": "utf-8"}
