"""How a check grows with spans and rules, beside bare decoding and a loop in plain Python: whole processes.

The contenders take turns, so that what else the machine does meets all of them; a table of ratios is made of one run.

::

    python benchmarks/scale.py
    python benchmarks/scale.py --sizes 1000000 10000000 --repeat 1
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from generate import SPANS_PER_TRACE, stream, write_json, write_protobuf
from machine import describe_machine

from rules import rules

SIZES: Final = (10_000, 100_000, 1_000_000)
COUNTS: Final = (1, 10, 100, 1_000)
ONE_IN: Final = 1_000
"""One trace in so many is violated."""
EXACT: Final = {"clingo": 100_000, "pydatalog": 10_000}
"""Up to how many spans the engines that take facts one by one are tried."""
JSON_UP_TO: Final = 1_000_000
RIVALS: Final = Path(__file__).with_name("rivals.py")
FLUO: Final = str(Path(sys.executable).with_name("fluo"))
RATIOS: Final = ("times decoding only", "the same in CPU seconds")
PTARS_ONLY: Final = "ptars, decoding only"
JSON_ONLY: Final = "pyarrow.json, parsing only"
FINE: Final = frozenset({0, 1})


@dataclass(frozen=True, slots=True)
class Run:
    """One process: seconds from its start to its end, those of processors, its peak of memory in MiB, what it printed.

    The seconds of processors count all processes that it started, and vary less where the machine does other work.
    """

    seconds: float
    cpu: float
    memory: float
    said: Mapping[str, Any]


class Folder:
    """The files of a benchmark."""

    def __init__(self, path: Path) -> None:
        """Keep them below ``path``."""
        path.mkdir(parents=True, exist_ok=True)
        self.path = path

    def traces(self, spans: int, ending: str = "binpb") -> Path:
        """Return a file with so many spans."""
        file = self.path / f"{spans}.{ending}"
        if not file.exists():
            made = stream(spans // SPANS_PER_TRACE, Counter(), one_in=ONE_IN)
            (write_protobuf if ending == "binpb" else write_json)(made, file)
        return file

    def rules(self, count: int) -> Path:
        """Return a file with so many rules."""
        file = self.path / f"{count}.fluo"
        file.write_text(rules(count), encoding="utf-8")
        return file


def variables() -> dict[str, str]:
    """Return the environment of a process: compiled modules are kept, as they are where a program is installed."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"PYTHONPYCACHEPREFIX": str(Path(tempfile.gettempdir()) / "fluo-benchmark-pycache"), **kept}


def run(command: Sequence[str], limit: float) -> Run | None:
    """Run a process; None where it is not done after ``limit`` seconds."""
    with tempfile.TemporaryFile() as output:
        clock = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, env=variables())
        while True:
            done, status, usage = os.wait4(process.pid, os.WNOHANG)
            seconds = time.perf_counter() - clock
            if done:
                break
            if seconds > limit:
                process.kill()
                os.wait4(process.pid, 0)
                return None
            time.sleep(0.002)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in FINE:
            message = f"{command} ended with {process.returncode}"
            raise SystemExit(message)
        output.seek(0)
        text = output.read()
        cpu = usage.ru_utime + usage.ru_stime
        return Run(seconds, cpu, usage.ru_maxrss / 1024, json.loads(text) if text.startswith(b"{") else {})


def fluo(folder: Folder, spans: int, count: int, *, engine: str = "auto", ending: str = "binpb") -> list[str]:
    """Return the command of a check; the report is JSON, as a program reads it."""
    files = [str(folder.rules(count)), "--traces", str(folder.traces(spans, ending))]
    return [FLUO, "check", *files, "--engine", engine, "--format", "json"]


def rival(name: str, folder: Folder, spans: int) -> list[str]:
    """Return the command of a rival."""
    return [sys.executable, str(RIVALS), name, str(folder.traces(spans, "jsonl" if name == "json" else "binpb"))]


class Table:
    """Runs contenders in turn, and keeps the median of each."""

    def __init__(self, folder: Folder, repeat: int, limit: float) -> None:
        """Take what to run with."""
        self.folder = folder
        self.repeat = repeat
        self.limit = limit

    def medians(self, commands: Mapping[str, Sequence[str]]) -> dict[str, Run | None]:
        """Return the run of each contender that took the median time; None for one that was not done in time."""
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        late: set[str] = set()
        for _ in range(self.repeat):
            for name, command in commands.items():
                if name not in late:
                    done = run(command, self.limit)
                    if done is None:
                        late.add(name)
                    else:
                        runs[name].append(done)
        return {
            name: None if name in late else sorted(found, key=lambda run: run.seconds)[(len(found) - 1) // 2]
            for name, found in runs.items()
        }

    def sizes(self, sizes: Sequence[int]) -> None:
        """Print how the check of ten rules grows with the spans, and what the rivals take."""
        columns = ("spans", "who", "seconds", "CPU seconds", "spans/s", "peak memory", *RATIOS, "found")
        print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
        for spans in sizes:
            commands = {
                PTARS_ONLY: rival("ptars", self.folder, spans),
                "fluo check": fluo(self.folder, spans, 10),
                "loop in plain Python": rival("loop", self.folder, spans),
            }
            if spans <= JSON_UP_TO:
                commands[JSON_ONLY] = rival("json", self.folder, spans)
                commands["fluo check, OTLP JSON"] = fluo(self.folder, spans, 10, ending="jsonl")
            for engine, most in EXACT.items():
                if spans <= most:
                    commands[f"fluo check --engine {engine}"] = fluo(self.folder, spans, 10, engine=engine)
            found = self.medians(commands)
            for name, done in found.items():
                bare = found.get(JSON_ONLY if "JSON" in name or name == JSON_ONLY else PTARS_ONLY)
                print(self._row(spans, name, done, bare), flush=True)

    def _row(self, spans: int, name: str, done: Run | None, bare: Run | None) -> str:
        if done is None:
            return f"| {spans:,} | {name} | not done in {self.limit:.0f} s | | | | | | |"
        only = name in {PTARS_ONLY, JSON_ONLY}
        seconds, cpu = (done.said["decode"], done.said["cpu"]) if only else (done.seconds, done.cpu)
        ratios = "|"
        if bare is not None:
            ratios = f"{seconds / bare.said['decode']:.2f} | {cpu / bare.said['cpu']:.2f}"
        violations = done.said.get("violations")
        number = len(violations) if isinstance(violations, list) else violations
        planted = spans // SPANS_PER_TRACE // ONE_IN
        if number is not None and number != planted:
            message = f"{name} found {number} violations in {spans:,} spans, where {planted} were planted"
            raise SystemExit(message)
        told = "" if number is None else f"{number:,.0f} of {planted:,}"
        speed = f"{spans / seconds:,.0f}"
        head = f"| {spans:,} | {name} | {seconds:.2f} | {cpu:.2f} | {speed}"
        return f"{head} | {done.memory:,.0f} MiB | {ratios} | {told} |"

    def counts(self, counts: Sequence[int], spans: int) -> None:
        """Print how the check of one size grows with the rules."""
        columns = ("rules", "seconds", "CPU seconds", "times ten rules", "the same in CPU seconds", "peak memory")
        print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
        found = self.medians({str(count): fluo(self.folder, spans, count) for count in counts})
        ten = found.get("10")
        for name, done in found.items():
            if done is None:
                print(f"| {int(name):,} | not done in {self.limit:.0f} s | | | | |")
            else:
                ratios = "|" if ten is None else f"{done.seconds / ten.seconds:.2f} | {done.cpu / ten.cpu:.2f}"
                head = f"| {int(name):,} | {done.seconds:.2f} | {done.cpu:.2f}"
                print(f"{head} | {ratios} | {done.memory:,.0f} MiB |", flush=True)

    def starts(self) -> None:
        """Print how long it takes to start, beside what a start cannot do without."""
        print("| what | seconds | ratio | the same in CPU seconds |\n|---|---|---|---|")
        python = [sys.executable, "-c"]
        one = self.folder.traces(SPANS_PER_TRACE, "jsonl")
        run([FLUO, "--help"], self.limit)
        for name, ours, theirs in (
            (
                "a check of 10 spans, one rule / import clingo, lark",
                [FLUO, "check", str(self.folder.rules(1)), "--traces", str(one), "--format", "json"],
                "import clingo, lark",
            ),
            ("fluo --help / import argparse", [FLUO, "--help"], "import argparse"),
        ):
            found = self.medians({"ours": ours, "theirs": [*python, theirs]})
            first, second = found["ours"], found["theirs"]
            if first is not None and second is not None:
                ratios = f"{first.seconds / second.seconds:.1f} | {first.cpu / second.cpu:.1f}"
                print(f"| {name} | {first.seconds:.3f} / {second.seconds:.3f} | {ratios} |", flush=True)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of spans")
    parser.add_argument("--rules", type=int, nargs="*", default=COUNTS, help="numbers of rules")
    parser.add_argument("--spans", type=int, default=1_000_000, help="how many spans the rules are checked on")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=float, default=600, help="seconds after which a process is given up")
    parser.add_argument("--folder", type=Path, help="where the files are kept; else they are removed")
    arguments = parser.parse_args()
    print(describe_machine("clingo", "duckdb", "ptars", "pyarrow"))
    print(f"\n{arguments.repeat} runs, medians; one trace in {ONE_IN:,} violated\n")
    with tempfile.TemporaryDirectory() as temporary:
        table = Table(Folder(arguments.folder or Path(temporary)), arguments.repeat, arguments.limit)
        if arguments.sizes:
            table.sizes(arguments.sizes)
        if arguments.rules:
            print(f"\n{arguments.spans:,} spans:\n")
            table.counts(arguments.rules, arguments.spans)
        print()
        table.starts()


if __name__ == "__main__":
    main()
