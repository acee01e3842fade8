"""The answer of a program on facts, by the engine that is asked for or by the one that suits the data."""

from __future__ import annotations

from fluo_logic.errors import UnsupportedError
from fluo_logic.facts.store import FactStore
from fluo_logic.logic import Program
from fluo_logic.solve.base import Answer, Engine
from fluo_logic.solve.registry import SPARK, engine_for, engine_named


def answer_on(program: Program, store: FactStore, engine: str) -> tuple[Answer, Engine | None]:
    """Return the answer, and the engine that is to confirm what is proved where the answer comes from a scan."""
    if engine not in {"auto", SPARK}:
        return engine_named(engine).solve(program, store), None
    logic = engine_named("clingo")
    scan = engine_for(len(store.spans))
    if scan == logic.name:
        return logic.solve(program, store), None
    try:
        return engine_named(scan).solve(program, store), logic
    except UnsupportedError:
        # The scan is a short cut; what it cannot express, the logic engine can.
        return logic.solve(program, store), None
