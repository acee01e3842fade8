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


class UndecidedError(Exception):
    """The time for a question was over before it was decided."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked of a rule, by its number in the program: ``active`` and ``violated``, None where either will do."""

    rule: int
    active: bool | None = None
    violated: bool | None = None


class Solver:
    """The traces of at most ``bound`` spans for some rules; raises UnsupportedError for rules it cannot express."""

    def __init__(self, program: Program, bound: int, seconds: float, extra: str = "") -> None:
        """Ground the traces, the rules, and further constraints; each question may take ``seconds``."""
        self.encoding: Encoding = encode(program, bound)
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
        self.core: list[int] = []
        self.atoms = {
            f"{atom.symbol}": atom.literal
            for name in ("act", "viol")
            for atom in self.control.symbolic_atoms.by_signature(name, 1)
        }

    def find(self, demands: Iterable[Demand]) -> tuple[Span, ...] | None:
        """Return a smallest trace that meets every demand, None where there is none; raises UndecidedError."""
        assumptions: list[int] = []
        for demand in demands:
            for name, wanted in (("act", demand.active), ("viol", demand.violated)):
                if wanted is None:
                    continue
                literal = self.atoms.get(f"{name}({demand.rule})")
                if literal is None:
                    if wanted:
                        return None
                    continue
                assumptions.append(literal if wanted else -literal)
        best: tuple[Span, ...] | None = None
        deadline = time.monotonic() + self.seconds
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

    def beginnings(self, size: int, most: int) -> Iterator[tuple[tuple[Span, ...], str]]:
        """Yield traces of ``size`` spans where rule 0 fails and rule 1 does not, with constraints that fix each.

        The constraints let every further span start after all that the trace has.
        """
        solving = self.control.configuration.solve
        solving.models, solving.opt_mode = most, "ignore"  # type: ignore[union-attr]
        wanted = {"act(0)": 1, "viol(0)": 1, "act(1)": 1, "viol(1)": -1}
        known = [(sign, self.atoms.get(name)) for name, sign in wanted.items()]
        if any(literal is None and sign > 0 for sign, literal in known):
            return
        used = next(
            (
                one.literal
                for one in self.control.symbolic_atoms.by_signature("used", 1)
                if f"{one.symbol}" == f"used({size})"
            ),
            None,
        )
        if used is None:
            return
        assumptions = [used, *(sign * literal for sign, literal in known if literal is not None)]
        with self.control.solve(assumptions=assumptions, yield_=True) as handle:
            for model in handle:
                self.theory.on_model(model)
                yield self._spans(model), self._fixed(model, size)

    def _fixed(self, model: clingo.Model, size: int) -> str:
        kept = {"in": 2, "named": 2, "parent": 2, "own": 3, "fix": 3, "link": 2, "ev": 2}
        lines = [f"#defined {name}/{arity}." for name, arity in kept.items()]
        lines += [f":- not {symbol}." for symbol in model.symbols(atoms=True) if symbol.name in kept]
        times = self._times(model)
        present = {f"{symbol}" for symbol in model.symbols(atoms=True)}
        lines += [f":- used(S), S <= {size}, own(F,S,V), not keep(F,S,V). #defined keep/3."]
        lines += [f"keep{text.removeprefix('own')}." for text in sorted(present) if text.startswith("own(")]
        lines += [f":- parent(S,P), S <= {size}, not held(S,P). #defined held/2."]
        lines += [f"held{text.removeprefix('parent')}." for text in sorted(present) if text.startswith("parent(")]
        last = 0
        for slot in range(1, size + 1):
            for time_of in ("s", "e"):
                at = times.get(f"{time_of}({slot})", 0)
                last = max(last, at)
                lines.append(f"&diff{{ {time_of}({slot}) - 0 }} <= {at}. &diff{{ 0 - {time_of}({slot}) }} <= {-at}.")
        lines.append(f"&diff{{ 0 - s(S) }} <= {-last - 1} :- used(S), S > {size}.")
        return "\n".join(lines) + "\n"

    def _times(self, model: clingo.Model) -> dict[str, int]:
        assigned = self.theory.assignment(model.thread_id)
        return {str(symbol): value for symbol, value in assigned if isinstance(value, int)}

    def _spans(self, model: clingo.Model) -> tuple[Span, ...]:
        facts: dict[str, list[list[clingo.Symbol]]] = {}
        for symbol in model.symbols(atoms=True):
            if symbol.name in {"in", "named", "parent", "own", "fix", "link", "ev"}:
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
                    links=tuple(Link(trace[one], _id(one)) for one in links),
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
