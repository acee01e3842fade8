"""Violations with proofs: fluo against xclingo, the explanation tool for clingo, on the same spans and the same rule.

Both are given the spans in memory and have to return every violation with its explanation.  fluo runs all of `check`:
facts, solving, verdicts, and a proof for each violation (an object; printing is measured apart).  xclingo runs what its
documentation shows: the annotated program with all its facts goes to `XclingoControl.add`, then `ground`, `solve`,
`explain_model`, and the explanation tree of each atom that is to be traced.  Its time is broken down, because most of
it goes into the first step.  A second xclingo run gets only the facts that the rule reads, as an expert would write
them by hand.  Both must find the violations that were planted, else the benchmark fails.

::

    python benchmarks/proofs.py
    python benchmarks/proofs.py --sizes 500 1000 2000 --repeat 5 --limit 120
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from queue import Empty
from typing import Final

from generate import EPOCH, MILLISECOND, SPANS_PER_TRACE, Generated, generate
from machine import describe_machine

from fluo_logic.facts.model import Span
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, check
from fluo_logic.solve.registry import engine_named

RULE: Final = "when { admin.action as $a } always { audit.log.where(action == $a.action) after $a }"
ANNOTATED: Final = """
%!trace_rule {"audit log % records the action % after %", L, V, A}.
logged(A) :- span(T, A, "admin.action"), attr(A, "action", V), ends(A, E),
             span(T, L, "audit.log"), attr(L, "action", V), starts(L, B), E <= B.
%!trace_rule {"admin action % in trace % has no audit log of its action after it", A, T}.
violation(T, A) :- span(T, A, "admin.action"), not logged(A).
%!trace {span(T, S, N), "span % of trace % is named %", S, T, N}.
%!show_trace {violation(T, A)}.
"""
"""The rule as an annotated program; times are milliseconds, since clingo's integers have 32 bits."""
ENGINE: Final = "clingo"
"""What solves for fluo: the same solver as for xclingo."""
READ: Final = ("admin.action", "audit.log")
SIZES: Final = (1_000, 2_000, 5_000, 10_000)
GOAL: Final = 50
STAGES: Final = ("translate", "ground", "solve", "explain", "trees")


@dataclass(frozen=True, slots=True)
class Run:
    """One timed run: seconds of each stage, and the violations found as (trace number, span number)."""

    seconds: dict[str, float]
    found: frozenset[tuple[int, int]]

    @property
    def total(self) -> float:
        """The seconds of all the stages."""
        return sum(self.seconds.values())


# --- the two contenders -------------------------------------------------------------------------------------------


def run_fluo(made: Generated) -> Run:
    """Check the spans, with a proof for every violation, and print them."""
    rules = Ruleset((parse_rule(RULE, "audit"),))
    dataset = made.dataset()
    engine_named(ENGINE)  # like xclingo, it is imported before the clock starts
    clock = time.perf_counter()
    report = check(dataset, rules, Options(engine=ENGINE, max_proofs=sys.maxsize))
    checked = time.perf_counter()
    text = report.to_text()
    printed = time.perf_counter()
    numbers = _numbers(made.spans)
    found = frozenset(numbers[violation.witness["a"].span_id] for violation in report.violated)
    if any(violation.proof is None for violation in report.violated) or not text:
        message = "fluo left out a proof"
        raise SystemExit(message)
    return Run({"check": checked - clock, "print": printed - checked}, found)


def run_xclingo(made: Generated, *, only_read: bool) -> Run:
    """Run xclingo as its documentation shows, on all facts or on those that the rule reads."""
    from xclingo import XclingoControl  # noqa: PLC0415 - the other contender does without

    program = facts(made.spans, only_read=only_read) + ANNOTATED
    marks = [time.perf_counter()]
    control = XclingoControl(["1"], n_explanations="1")
    control.add("base", [], program)
    marks.append(time.perf_counter())
    control.ground([("base", [])])
    marks.append(time.perf_counter())
    found: set[tuple[int, int]] = set()
    for model in control.solve():
        marks.append(time.perf_counter())
        for graph in model.explain_model():
            marks.append(time.perf_counter())
            trees = [(atom, graph.explain(atom).ascii_tree()) for atom in graph.show_trace]
            marks.append(time.perf_counter())
            found.update((atom.arguments[0].number, atom.arguments[1].number) for atom, tree in trees if tree)
    stages = [after - before for before, after in pairwise(marks)]
    return Run(dict(zip(STAGES, stages, strict=True)), frozenset(found))


def facts(spans: Sequence[Span], *, only_read: bool) -> str:
    """Return the spans as a logic program; traces and spans are numbers."""
    lines: list[str] = []
    for (trace, number), span in zip(_numbers(spans).values(), spans, strict=True):
        if only_read and span.name not in READ:
            continue
        lines.append(f"span({trace}, {number}, {json.dumps(span.name)}).")
        lines.append(f"starts({number}, {((span.start or 0) - EPOCH) // MILLISECOND}).")
        lines.append(f"ends({number}, {((span.end or 0) - EPOCH) // MILLISECOND}).")
        lines.extend(
            f"attr({number}, {json.dumps(key)}, {json.dumps(str(value))})."
            for key, value in span.attributes.items()
            if not only_read or key == "action"
        )
    return "\n".join(lines)


def _numbers(spans: Sequence[Span]) -> dict[str, tuple[int, int]]:
    return {span.span_id: (number // SPANS_PER_TRACE, number) for number, span in enumerate(spans)}


CONTENDERS: Final[dict[str, Callable[[Generated], Run]]] = {
    "fluo": run_fluo,
    "xclingo": lambda made: run_xclingo(made, only_read=False),
    "xclingo, facts picked by hand": lambda made: run_xclingo(made, only_read=True),
}


# --- running and telling ------------------------------------------------------------------------------------------


def limited(name: str, spans: int, limit: float) -> Run | None:
    """Run a contender in a process of its own; None where it is not done after ``limit`` seconds."""
    context = multiprocessing.get_context("spawn")
    queue: multiprocessing.Queue[Run] = context.Queue()
    process = context.Process(target=_work, args=(name, spans, queue))
    process.start()
    clock = time.monotonic()
    try:
        while True:
            try:
                return queue.get(timeout=1)
            except Empty:
                if time.monotonic() - clock > limit:
                    return None
                if not process.is_alive() and queue.empty():
                    message = f"{name} failed on {spans:,} spans"
                    raise SystemExit(message) from None
    finally:
        process.terminate()
        process.join()


def _work(name: str, spans: int, queue: multiprocessing.Queue[Run]) -> None:
    made = generate(spans // SPANS_PER_TRACE)
    queue.put(CONTENDERS[name](made))


def main() -> None:
    """Measure, print the tables, and fail where the contenders disagree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of spans")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a run is given up")
    arguments = parser.parse_args()
    print(describe_machine("clingo", "xclingo"))
    print(f"\nrule: {RULE}\neach run in a process of its own; {arguments.repeat} runs; seconds, minimum / median\n")
    columns = ("fluo check", "fluo print", *(f"xclingo {stage}" for stage in (*STAGES, "total")), "ratio")
    print(f"| spans | violations | facts | {' | '.join(columns)} |")
    print(f"|---|---|---|{'---|' * len(columns)}")
    for size in arguments.sizes:
        _print_rows(size, _repeated(size, arguments.repeat, arguments.limit))


def _repeated(size: int, repeat: int, limit: float) -> dict[str, list[Run]]:
    """Return the runs of each contender that were done in time; after one that was not, no other is tried.

    The contenders take turns, so that what else the machine does meets all of them.
    """
    runs: dict[str, list[Run]] = {name: [] for name in CONTENDERS}
    waiting = list(CONTENDERS)
    for _ in range(repeat):
        for name in tuple(waiting):
            run = limited(name, size, limit)
            if run is None:
                waiting.remove(name)
            else:
                runs[name].append(run)
    return runs


def _print_rows(size: int, runs: dict[str, list[Run]]) -> None:
    made = generate(size // SPANS_PER_TRACE)
    if not runs["fluo"]:
        message = f"fluo was not done in time on {size:,} spans"
        raise SystemExit(message)
    for name, done in runs.items():
        if any(run.found != runs["fluo"][0].found or len(run.found) != made.violations for run in done):
            message = f"{name} did not find the {made.violations} violations that were planted in {size:,} spans"
            raise SystemExit(message)
    fluo = runs["fluo"]
    ours = [_told(fluo, lambda run: run.seconds["check"]), _told(fluo, lambda run: run.seconds["print"])]
    for name, done in runs.items():
        if name == "fluo":
            continue
        which = "all" if name == "xclingo" else "picked"
        head = f"| {size:,} | {made.violations:,} | {which} | {' | '.join(ours)} |"
        if not done:
            print(f"{head} {' | '.join(['—'] * len(STAGES))} | not done in time | — |", flush=True)
            continue
        theirs = [_told(done, lambda run, stage=stage: run.seconds[stage]) for stage in STAGES]  # type: ignore[misc]
        theirs.append(_told(done, lambda run: run.total))
        ratio = statistics.median(run.total for run in done) / statistics.median(run.seconds["check"] for run in fluo)
        print(f"{head} {' | '.join(theirs)} | {ratio:.1f} |", flush=True)


def _told(runs: Sequence[Run], seconds: Callable[[Run], float]) -> str:
    values = [seconds(run) for run in runs]
    return f"{min(values):.3f} / {statistics.median(values):.3f}"


if __name__ == "__main__":
    main()
