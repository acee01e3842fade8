"""A campaign of random (rule, traces) pairs: every engine gives clingo's atoms, and the verdicts are the oracle's.

    python -m tests.agreement.campaign 50000 --seed 1 --jobs 2

Several rules are checked on the same traces at once, as users do; each (rule, traces) counts as a pair.  Options vary
too: the end of the data, the clock skew, whether traces are assumed complete.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fluo_logic.facts.dataset import assemble
from fluo_logic.facts.model import Span
from fluo_logic.lang.format import format_rule
from fluo_logic.lang.syntax import Rule, Ruleset
from fluo_logic.pipeline import Options, solve
from fluo_logic.solve.registry import ENGINES, engine_named
from tests.agreement.compare import oracle, shape_of
from tests.oracle.strategies import rules, traces
from tests.oracle.vocabulary import LATEST

RULES = 8
OPTIONS = st.builds(
    Options,
    engine=st.just("clingo"),
    now=st.sampled_from((None, None, LATEST, LATEST - 10**9, LATEST + 1)),
    clock_skew=st.sampled_from((0, 0, 1, 2, 10**9)),
    assume_complete=st.sampled_from((False, False, False, True)),
)


def disagreement(spans: Sequence[Span], drawn: Sequence[Rule], options: Options, engines: Sequence[str]) -> str:
    """What differs between the oracle, clingo and ``engines`` on these rules and traces; empty where nothing does."""
    named = tuple(replace(rule, id=f"random-{number}") for number, rule in enumerate(drawn))
    session = solve(assemble(spans), Ruleset(named), options)
    for rule, plan in session.plans:
        wanted, found = oracle(rule, spans, options), shape_of(session, rule, plan)
        if wanted != found:
            places = [key for key in {**wanted, **found} if wanted.get(key) != found.get(key)]
            lines = [f"  {key}: the oracle {wanted.get(key)}, clingo {found.get(key)}" for key in places]
            return "\n".join([format_rule(rule), *lines])
    for engine in engines:
        answer = engine_named(engine).solve(session.program, session.store)
        for predicate in session.program.definitions():
            missing = session.answer.rows(predicate) - answer.rows(predicate)
            extra = answer.rows(predicate) - session.answer.rows(predicate)
            if missing or extra:
                text = "\n".join(map(format_rule, named))
                return f"{text}\n  {predicate}: {engine} lacks {sorted(missing)} and adds {sorted(extra)}"
    return ""


def run(pairs: int, start: int, engines: Sequence[str]) -> tuple[int, str]:
    """Check at least ``pairs`` random pairs; return how many were checked, and the first disagreement, shrunk."""
    checked = 0
    last = ""

    @seed(start)
    @settings(
        max_examples=-(-pairs // RULES),
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    @given(traces(), st.lists(rules(), min_size=RULES, max_size=RULES), OPTIONS)
    def agree(spans: list[Span], drawn: list[Rule], options: Options) -> None:
        nonlocal checked, last
        try:
            found = disagreement(spans, drawn, options, engines)
        except Exception:  # noqa: BLE001 - a crash is a disagreement too
            text = "\n".join(map(format_rule, drawn))
            found = f"{text}\n{traceback.format_exc(limit=-6)}"
        if found:
            last = "\n".join([found, str(options), *map(str, spans)])
        assert not found
        checked += len(drawn)

    try:
        agree()
    except BaseException as error:  # noqa: BLE001 - hypothesis reports in several ways
        return checked, last or repr(error)
    return checked, ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign and print what it found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pairs", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--engines", default=",".join(name for name in ENGINES if name != "clingo"))
    chosen = parser.parse_args(arguments)
    engines = [name for name in chosen.engines.split(",") if name]
    began = time.monotonic()
    share = -(-chosen.pairs // chosen.jobs)
    work = [(share, chosen.seed + number, engines) for number in range(chosen.jobs)]
    if chosen.jobs == 1:
        results = [run(*work[0])]
    else:
        with multiprocessing.get_context("spawn").Pool(chosen.jobs) as pool:
            results = pool.starmap(run, work)
    found = [text for _, text in results if text]
    for text in found:
        print(text, end="\n\n")  # noqa: T201
    total = sum(checked for checked, _ in results)
    names = ", ".join(["the oracle", "clingo", *engines])
    seconds = time.monotonic() - began
    print(f"{total:,} pairs on {names} in {seconds:,.0f} s (seed {chosen.seed}): {len(found)} disagreements")  # noqa: T201
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
