"""How long `check` takes, and how much memory, with all the rules of the case studies.

Spans are in memory when the clock starts; proofs are made as the command line makes them, twenty a rule.  Each run is a
process of its own, so that its peak of memory is its own too.

::

    python benchmarks/check.py
    python benchmarks/check.py --sizes 1000 10000 --engine clingo
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from generate import SPANS_PER_TRACE, generate
from machine import describe_machine

from fluo_logic.lang.parse import load_rules
from fluo_logic.pipeline import Options, check
from fluo_logic.solve.registry import engine_for, engine_named

RULES: Final = Path(__file__).parents[1] / "rules" / "case-studies"
SIZES: Final = (1_000, 10_000, 100_000)
STAGES: Final = ("translate", "solve", "prove")
KIBIBYTES: Final = 1024


def measure(spans: int, engine: str) -> dict[str, float]:
    """Check once; return seconds of each stage, memory in MiB before and at its peak, and what was found."""
    rules = load_rules([RULES])
    made = generate(spans // SPANS_PER_TRACE)
    dataset = made.dataset()
    engine_named(engine_for(spans) if engine == "auto" else engine)  # imported before the clock starts
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    clock = time.perf_counter()
    report = check(dataset, rules, Options(engine=engine))
    total = time.perf_counter() - clock
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = sum(violation.rule == "admin-audit-own-log" for violation in report.violated)
    return {
        **{stage: report.seconds[stage] for stage in STAGES},
        "total": total,
        "before": before / KIBIBYTES,
        "peak": peak / KIBIBYTES,
        "violations": len(report.violated),
        "audit": found,
        "planted": made.violations,
        "rules": len(rules),
    }


def main() -> None:
    """Measure each size and print the table; with ``--one``, measure one size and print it as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of spans")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which a run is given up")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one is not None:
        print(json.dumps(measure(arguments.one, arguments.engine)))
        return
    print(describe_machine("clingo", "duckdb"))
    print(
        f"\nthe rules of {RULES.name}, engine {arguments.engine}, {arguments.repeat} runs; seconds: minimum / median\n"
    )
    columns = ("spans", "engine", "rules", "violations", *STAGES, "total", "spans/s", "memory of the spans", "peak")
    print(f"| {' | '.join(columns)} |")
    print(f"|{'---|' * len(columns)}")
    for size in arguments.sizes:
        print(_row(size, arguments.engine, arguments.repeat, arguments.limit), flush=True)


def _row(size: int, engine: str, repeat: int, limit: float) -> str:
    runs: list[dict[str, float]] = []
    solver = engine_for(size) if engine == "auto" else engine
    command = [sys.executable, __file__, "--one", str(size), "--engine", engine]
    for _ in range(repeat):
        try:
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return f"| {size:,} | {solver} | | | | | | not done in {limit:.0f} s | | | |"
        runs.append(json.loads(done.stdout))
    # Two obligations watch each action; one of another action's log, or none, fails both.
    if any(run["audit"] < run["planted"] for run in runs) or len({run["violations"] for run in runs}) != 1:
        message = f"planted violations were not found in {size:,} spans"
        raise SystemExit(message)
    times = [
        f"{min(run[stage] for run in runs):.3f} / {statistics.median(run[stage] for run in runs):.3f}"
        for stage in (*STAGES, "total")
    ]
    speed = size / statistics.median(run["total"] for run in runs)
    memory = [f"{max(run[key] for run in runs):,.0f} MiB" for key in ("before", "peak")]
    head = f"| {size:,} | {solver} | {runs[0]['rules']:.0f} | {runs[0]['violations']:,.0f} |"
    return f"{head} {' | '.join(times)} | {speed:,.0f} | {' | '.join(memory)} |"


if __name__ == "__main__":
    main()
