"""Solves questions about rules over generated traces with clingo and clingo-dl, and decodes the traces."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import clingo
from clingo.ast import ProgramBuilder, parse_string

from fluo_logic.consistency.encode import Encoding, encode
from fluo_logic.consistency.encode_traces import traces_text
from fluo_logic.consistency.vocabulary import NO_HINTS, Hints
from fluo_logic.errors import ConfigError
from fluo_logic.facts.model import Event, Kind, Link, Resource, Scope, Span, Status
from fluo_logic.logic import Program
from fluo_logic.values import Value

try:
    from clingodl import ClingoDLTheory
except ModuleNotFoundError as error:
    message = "reasoning about rules needs clingo-dl, which is not there"
    raise ConfigError(code="C140", message=message, hint='pip install "fluo_logic[analyze]"') from error

EPOCH: Final = 1_767_225_600 * 10**9
"""When every generated trace begins: 2026-01-01T00:00:00Z."""
CHOSEN: Final = {
    "in": (2, 0), "named": (2, 0), "parent": (2, 0), "own": (3, 1), "fix": (3, 1), "link": (2, 0), "ev": (2, 0),
}  # fmt: skip
"""The atoms that say all of a generated trace but its times: how many arguments, and which is the span."""


class UndecidedError(Exception):
    """The time for a question was over before it was decided."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a rule, by its number in the program: ``active`` and ``violated``, None where either will do."""

    rule: int
    active: bool | None = None
    violated: bool | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """A generated trace: its spans, the atoms that were chosen for it, and the times, in steps, by their terms."""

    spans: tuple[Span, ...]
    chosen: frozenset[str]
    times: Mapping[str, int]


class Solver:
    """The traces of at most ``bound`` spans for some rules; raises UnsupportedError for rules it cannot express."""

    def __init__(self, program: Program, bound: int, seconds: float, extra: str = "", hints: Hints = NO_HINTS) -> None:
        """Ground the traces, the rules, and further constraints; each question may take ``seconds``."""
        self.program = program
        self.encoding: Encoding = encode(program, bound, hints)
        self.bound = bound
        self.seconds = seconds
        self.theory = ClingoDLTheory()  # type: ignore[no-untyped-call]
        self.control = clingo.Control(["--warn=none"])
        self.theory.register(self.control)
        with ProgramBuilder(self.control) as builder:
            text = self.encoding.text + traces_text(self.encoding, program, bound) + extra
            parse_string(text, lambda node: self.theory.rewrite_ast(node, builder.add))
        self.control.ground([("base", [])])
        self.theory.prepare(self.control)
        self.core: tuple[Demand, ...] = ()
        self.met: frozenset[int] = frozenset()
        self.example: tuple[Span, ...] = ()
        self.atoms = {
            f"{atom.symbol}": atom.literal
            for name in ("act", "viol")
            for atom in self.control.symbolic_atoms.by_signature(name, 1)
        }

    def find(self, demands: Iterable[Demand]) -> tuple[Span, ...] | None:
        """Return a smallest trace that meets every demand, None where there is none; raises UndecidedError.

        Where the time is over before it is known to be a smallest one, it is the smallest that was found.
        """
        assumptions, impossible = self._assumptions(demands)
        if impossible:
            return None
        best: tuple[Span, ...] | None = None
        deadline = time.monotonic() + self.seconds
        self._optimise("opt")
        with self.control.solve(assumptions=assumptions, yield_=True, async_=True) as handle:
            while True:
                handle.resume()
                if not handle.wait(max(0.0, deadline - time.monotonic())):
                    handle.cancel()
                    if best is None:
                        raise UndecidedError
                    return best
                model = handle.model()
                if model is None:
                    return best
                self.theory.on_model(model)
                best = self._spans(model)

    def holds(self, demands: Iterable[Demand], extra: Iterable[int] = (), *, shown: bool = False) -> bool:
        """Return whether some trace meets every demand; raises UndecidedError.

        Where none does, `core` has those of the demands that no trace meets together.  Where one does and ``shown`` is
        set, it is `example`, and `met` has the rules that are active and not violated on it.  ``extra`` are further
        literals to assume.
        """
        wanted = tuple(demands)
        assumptions, impossible = self._assumptions(wanted)
        if impossible:
            self.core = impossible
            return False
        self._optimise("ignore")
        deadline = time.monotonic() + self.seconds
        with self.control.solve(assumptions=[*assumptions, *extra], yield_=True, async_=True) as handle:
            handle.resume()
            if not handle.wait(max(0.0, deadline - time.monotonic())):
                handle.cancel()
                raise UndecidedError
            model = handle.model()
            if model is None:
                blamed = set(handle.core())
                self.core = tuple(one for one in wanted if blamed.intersection(self._assumptions([one])[0]))
                return False
            if not shown:
                return True
            self.theory.on_model(model)
            self.example = self._spans(model)
            symbols = {f"{symbol}" for symbol in model.symbols(atoms=True) if symbol.name in {"act", "viol"}}
        rules = range(len(self.program.rules))
        self.met = frozenset(one for one in rules if f"act({one})" in symbols and f"viol({one})" not in symbols)
        return True

    def _assumptions(self, demands: Iterable[Demand]) -> tuple[list[int], tuple[Demand, ...]]:
        """Return what to assume for demands, and one of them that no trace meets whatever else is asked."""
        assumptions: list[int] = []
        for demand in demands:
            for name, wanted in (("act", demand.active), ("viol", demand.violated)):
                if wanted is None:
                    continue
                literal = self.atoms.get(f"{name}({demand.rule})")
                if literal is None:
                    if wanted:
                        return [], (demand,)
                    continue
                assumptions.append(literal if wanted else -literal)
        return assumptions, ()

    def _optimise(self, mode: str) -> None:
        solving = self.control.configuration.solve
        solving.opt_mode = mode  # type: ignore[union-attr]

    def literal(self, name: str, *arguments: int) -> int | None:
        """Return the literal of an atom over numbers, None where the atom never holds."""
        found = self.control.symbolic_atoms[clingo.Function(name, [clingo.Number(one) for one in arguments])]
        return None if found is None else found.literal

    def beginnings(self, size: int, most: int) -> Iterator[Beginning]:
        """Yield traces of ``size`` spans where rule 0 fails and rule 1 does not, ``most`` of them.

        Raises:
            UndecidedError: it takes longer than a question may.
        """
        used = self.literal("used", size)
        assumptions, impossible = self._assumptions([Demand(0, active=True, violated=True), Demand(1, active=True)])
        others, _ = self._assumptions([Demand(1, violated=False)])
        if used is None or impossible:
            return
        self._optimise("ignore")
        self.control.configuration.solve.models = most  # type: ignore[union-attr]
        deadline = time.monotonic() + self.seconds
        with self.control.solve(assumptions=[used, *assumptions, *others], yield_=True, async_=True) as handle:
            while True:
                handle.resume()
                if not handle.wait(max(0.0, deadline - time.monotonic())):
                    handle.cancel()
                    raise UndecidedError
                model = handle.model()
                if model is None:
                    return
                self.theory.on_model(model)
                times = self._times(model)
                chosen = frozenset(f"{symbol}" for symbol in model.symbols(atoms=True) if symbol.name in CHOSEN)
                yield Beginning(self._spans(model), chosen, times)

    def _times(self, model: clingo.Model) -> dict[str, int]:
        assigned = self.theory.assignment(model.thread_id)
        return {str(symbol): value for symbol, value in assigned if isinstance(value, int)}

    def _spans(self, model: clingo.Model) -> tuple[Span, ...]:
        facts: dict[str, list[list[clingo.Symbol]]] = {}
        for symbol in model.symbols(atoms=True):
            if symbol.name in CHOSEN:
                facts.setdefault(symbol.name, []).append(symbol.arguments)
        times = self._times(model)
        first = min(times.values(), default=0)
        trace = {args[0].number: f"{args[1].number:08x}{0:024x}" for args in facts.get("in", ())}
        vocabulary, step = self.encoding.vocabulary, self.encoding.step
        names = {args[0].number: vocabulary.names[args[1].number] for args in facts.get("named", ())}
        parents = {args[0].number: args[1].number for args in facts.get("parent", ())}
        values = _Values(self.encoding, [*facts.get("own", ()), *facts.get("fix", ())])
        spans = []
        for slot in sorted(trace):
            start = EPOCH + (times.get(f"s({slot})", first) - first) * step
            end = EPOCH + (times.get(f"e({slot})", first) - first) * step
            intrinsic = values.of(str(slot), "intrinsic")
            events = [args[1].number for args in facts.get("ev", ()) if args[0].number == slot]
            links = [args[1].number for args in facts.get("link", ()) if args[0].number == slot]
            spans.append(
                Span(
                    trace_id=trace[slot],
                    span_id=_id(slot),
                    name=names[slot],
                    parent_id=_id(parents[slot]) if slot in parents else None,
                    kind=Kind(str(intrinsic.get("span:kind", Kind.INTERNAL.value))),
                    status=Status(str(intrinsic.get("span:status", Status.UNSET.value))),
                    status_message=str(intrinsic.get("span:status_message", "")),
                    start=start,
                    end=max(start, end),
                    attributes=values.of(str(slot), "attribute"),
                    resource=Resource(values.of(str(slot), "resource")),
                    scope=Scope(str(intrinsic.get("scope:name", ""))),
                    events=tuple(
                        Event(vocabulary.events[one], start, values.of(f"({slot},{one})", "event")) for one in events
                    ),
                    links=tuple(Link(trace[one], _id(one), {}) for one in links),
                )
            )
        return tuple(spans)


class _Values:
    def __init__(self, encoding: Encoding, rows: list[list[clingo.Symbol]]) -> None:
        self.table: dict[tuple[str, str], dict[str, Value]] = {}
        for number, entity, index in rows:
            space, key = encoding.fields[number.number]
            value = encoding.vocabulary.values[space, key][index.number]
            if value is not None:
                self.table.setdefault((str(entity), space), {})[key] = value

    def of(self, entity: str, space: str) -> Mapping[str, Value]:
        return self.table.get((entity, space), {})


def _id(slot: int) -> str:
    return f"{slot:08x}{0:08x}"
