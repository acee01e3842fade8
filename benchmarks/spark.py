"""The engine `spark` on one core and on two, beside `fluo check` without it, on the same files in one run.

Each run is a process of its own, and they take turns.  Starting Spark is told apart.  A run that misses a planted
violation fails.

::

    python benchmarks/spark.py
    python benchmarks/spark.py --spans 100000 --repeat 3
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, Final

from generate import SPANS_PER_TRACE, stream, write_protobuf
from machine import describe_machine

from rules import rules

SPANS: Final = 1_000_000
FILES: Final = 8
ONE_IN: Final = 1_000
"""One trace in so many is violated."""
RULES: Final = 10
MEMORY: Final = "4g"
WITHOUT: Final = "fluo check"
MASTERS: Final = ("local[1]", "local[2]")


def write_files(folder: Path, spans: int) -> list[Path]:
    """Write so many spans to files of equal size."""
    made = stream(spans // SPANS_PER_TRACE, Counter(), one_in=ONE_IN)
    files = [folder / f"{number}.binpb" for number in range(FILES)]
    for file in files:
        write_protobuf(islice(made, spans // FILES), file)
    return files


def child(contender: str, folder: Path) -> dict[str, Any]:
    """Check once; return the seconds of the start of Spark, those of the check, and what was found."""
    import fluo_logic  # noqa: PLC0415 - a process that only starts others does without it

    loaded = fluo_logic.load_rules(folder / "rules.fluo")
    clock = time.perf_counter()
    settings: dict[str, Any] = {"engine": "duckdb"}
    if contender != WITHOUT:
        from fluo_logic.spark.session import start  # noqa: PLC0415 - likewise

        settings = {"spark": start({"spark.master": contender, "spark.driver.memory": MEMORY})}
    started = time.perf_counter()
    report = fluo_logic.check(folder / "*.binpb", loaded, max_proofs=1, **settings)
    done = time.perf_counter()
    return {
        "start": started - clock,
        "check": done - started,
        "spans": report.data.spans,
        "violations": len(report.violations),
        "parts": {name: round(seconds, 1) for name, seconds in report.seconds.items()},
    }


def main() -> None:
    """Run all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=SPANS)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench_spark")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args()
    folder: Path = given.folder / str(given.spans)
    if given.child:
        print(json.dumps(child(given.child, folder)))
        return
    folder.mkdir(parents=True, exist_ok=True)
    files = write_files(folder, given.spans)
    (folder / "rules.fluo").write_text(rules(RULES), encoding="utf-8")
    size = sum(file.stat().st_size for file in files) / 2**20
    print(describe_machine("pyspark", "duckdb"))
    print(f"{given.spans:,} spans in {FILES} files of OTLP protobuf, {size:.0f} MiB; {RULES} rules\n")
    found: dict[str, list[dict[str, Any]]] = {contender: [] for contender in (WITHOUT, *MASTERS)}
    for _ in range(given.repeat):
        for contender, runs in found.items():
            command = [sys.executable, __file__, "--child", contender, "--spans", str(given.spans)]
            done = subprocess.run([*command, "--folder", str(given.folder)], capture_output=True, text=True, check=True)
            runs.append(json.loads(done.stdout))
    answers = {(run["spans"], run["violations"]) for runs in found.values() for run in runs}
    if len(answers) != 1 or not min(answers)[1]:
        sys.exit(f"the answers differ, or nothing was found: {answers}")
    print("| | starting Spark, s | check, s | spans/s | parts, s |\n|---|---|---|---|---|")
    for contender, runs in found.items():
        check = median(run["check"] for run in runs)
        start = f"{median(run['start'] for run in runs):.1f}" if contender != WITHOUT else ""
        parts = " · ".join(f"{name} {seconds}" for name, seconds in runs[-1]["parts"].items() if seconds)
        print(f"| {contender} | {start} | {check:.1f} | {given.spans / check:,.0f} | {parts} |")
    one, two = (median(run["check"] for run in found[master]) for master in MASTERS)
    print(f"\n{MASTERS[0]} takes {one / two:.2f} times as long as {MASTERS[1]}; {answers.pop()[1]:,} violations each.")


if __name__ == "__main__":
    main()
