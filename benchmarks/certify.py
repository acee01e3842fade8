"""Proofs of many violations with their certification, beside the time that clingo alone takes to derive them.

In one run, on the same spans (ten a trace) and the same rule:

* *clingo*: the program and the facts, as `fluo compile` and `fluo facts` write them, go as text to clingo, which
  grounds, solves and gives the failures.  Once with all facts of the traces, once with those that the rule reads.
* *prove*: `fluo` builds a proof for each of the failures, from the answer of its engine.
* *certify*: it makes one certificate of all of them, and the independent checker, which reads the traces as OTLP anew,
  accepts every node and every claim.

    python benchmarks/certify.py
    python benchmarks/certify.py --sizes 1000 1 --repeat 5

Sizes are pairs: traces, and of how many of them one is broken.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from typing import Final

import clingo
from generate import SPANS_PER_TRACE, generate
from machine import describe_machine

from fluo_logic.certification import as_otlp, certify_session, recheck
from fluo_logic.facts.store import FactStore
from fluo_logic.lang.parse import parse_rule
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import Options, RuleCheck, solve
from fluo_logic.tooling.fact_rows import asp_facts
from fluo_logic.translate.asp_text import standalone_asp

RULE: Final = "when { admin.action as $a } always { audit.log.where(action == $a.action) after $a }"
HEADS: Final = (
    *("spans", "violations", "nodes", "clingo", "clingo, picked", "prove", "certificate", "check"),
    *("a proof", "its certification", "ratio", "ratio, picked"),
)
SIZES: Final = (1_000, 1, 10_000, 10)


def derive(program: str, facts: str) -> int:
    """Return how many failures clingo derives from texts."""
    control = clingo.Control(["--warn=none"])
    control.add("base", [], program)
    control.add("base", [], facts)
    control.ground([("base", [])])
    with control.solve(yield_=True) as models:
        return sum(atom.name == "failure" for model in models for atom in model.symbols(shown=True))


def run(traces: int, one_in: int) -> tuple[dict[str, float], int, int]:
    """Return the seconds of each part, and how many violations and nodes there were; fail where the parts disagree."""
    made = generate(traces, one_in=one_in)
    dataset = made.dataset()
    rules = Ruleset((parse_rule(RULE, "audit"),))
    session = solve(dataset, rules, Options(engine="clingo"))
    program, facts = standalone_asp(session.program), asp_facts(FactStore(dataset), session.program)
    # What the rule reads is written in a form of its own; all else is what any rule might read.
    every = facts + asp_facts(FactStore(dataset), None)
    otlp = as_otlp(dataset)

    marks = [time.perf_counter()]
    derived = derive(program, every)
    marks.append(time.perf_counter())
    picked = derive(program, facts)
    marks.append(time.perf_counter())
    ((rule, plan),) = session.plans
    checked = RuleCheck(session, rule, plan)
    proofs = [
        checked.judgement.proof(row, obligation, *checked.judgement.verdict(row, obligation))
        for row, _, obligation in checked.failures()
    ]
    marks.append(time.perf_counter())
    held = certify_session(session)
    marks.append(time.perf_counter())
    findings = recheck(held, session.program, [otlp], complete=False)
    marks.append(time.perf_counter())

    claims = [finding for finding in findings if finding.about.startswith("claim")]
    nodes = [finding for finding in findings if finding.about.startswith("node")]
    if not all(finding.accepted for finding in findings):
        message = "the checker refused something"
        raise SystemExit(message)
    if len({derived, picked, len(proofs), len(claims), made.violations}) != 1:
        message = f"{derived} derived, {len(proofs)} proved, {len(claims)} claimed, {made.violations} planted"
        raise SystemExit(message)
    names = ("clingo", "clingo, picked", "prove", "certificate", "check")
    seconds = {name: after - before for name, before, after in zip(names, marks, marks[1:], strict=False)}
    return seconds, made.violations, len(nodes)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--repeat", type=int, default=3)
    chosen = parser.parse_args(arguments)
    print(describe_machine())
    print("Median seconds; a ratio is (prove + certificate + check) / clingo.")
    print(f"| {' | '.join(HEADS)} |")
    print(f"|{'---|' * len(HEADS)}")
    for traces, one_in in zip(chosen.sizes[::2], chosen.sizes[1::2], strict=True):
        runs = [run(traces, one_in) for _ in range(chosen.repeat)]
        _, violations, nodes = runs[0]
        told = {name: statistics.median(seconds[name] for seconds, _, _ in runs) for name in runs[0][0]}
        certify = told["certificate"] + told["check"]
        ours = [seconds["prove"] + seconds["certificate"] + seconds["check"] for seconds, _, _ in runs]
        ratios = [
            statistics.median(own / seconds[name] for own, (seconds, _, _) in zip(ours, runs, strict=True))
            for name in ("clingo", "clingo, picked")
        ]
        cells = [
            f"{traces * SPANS_PER_TRACE:,}",
            f"{violations:,}",
            f"{nodes:,}",
            *(f"{value:.3f}" for value in told.values()),
            f"{1000 * told['prove'] / violations:.2f} ms",
            f"{1000 * certify / violations:.2f} ms",
            *(f"{ratio:.2f}" for ratio in ratios),
        ]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
