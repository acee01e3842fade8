"""The body of a clause under construction: literals go in as soon as the variables that they mention are bound."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from fluo_logic.lang import syntax as s
from fluo_logic.logic import Literal, Sort, Var
from fluo_logic.translate.context import Context, Environment
from fluo_logic.translate.free import mentioned
from fluo_logic.translate.relations import relation_literals
from fluo_logic.translate.spans import dependent_literals, local_literals

Lower: TypeAlias = Callable[[Environment, Context], list[Literal]]


class Body:
    """Collects literals; what mentions a variable of ``waiting_for`` waits until a pattern has bound it."""

    def __init__(self, environment: Environment, context: Context, waiting_for: Collection[str]) -> None:
        """Begin a body in ``environment``, which names the variables, bound already or not."""
        self.environment = environment
        self.context = context
        self.unbound = set(waiting_for)
        self.literals: list[Literal] = []
        self.waiting: list[tuple[set[str], Lower, Sequence[str]]] = []

    def seek(self, side: s.SpanTerm) -> Var:
        """Add what a pattern asks of a span, and return the variable for that span."""
        if isinstance(side, s.Variable):
            return self.environment.span_of(side.name)
        name = side.variable
        span = self.context.variable(Sort.SPAN, "S") if name is None else self.environment.span_of(name)
        self.literals.extend(local_literals(side, span, self.environment, self.context))
        for predicate in side.predicates:
            needs = set(mentioned(predicate))
            if needs:
                self.when_ready(needs - ({name} if name else set()), partial(dependent_literals, predicate, span), ())
        if name is not None:
            self.unbound.discard(name)
            self._flush()
        return span

    def relate(self, relation: s.Relation) -> tuple[Var, Var]:
        """Add what a relation asks of its two spans, and return their variables."""
        left, right = self.seek(relation.left), self.seek(relation.right)
        needs = {side.name for side in (relation.left, relation.right) if isinstance(side, s.Variable)}
        self.when_ready(needs, partial(_related, relation, left, right), ())
        return left, right

    def when_ready(self, needs: set[str], lower: Lower, binds: Sequence[str]) -> None:
        """Add the literals of ``lower`` once ``needs`` are bound; they then bind ``binds``."""
        self.waiting.append((needs, lower, binds))
        self._flush()

    def _flush(self) -> None:
        ready = next((item for item in self.waiting if not item[0] & self.unbound), None)
        while ready is not None:
            self.waiting.remove(ready)
            _, lower, binds = ready
            here = replace(self.environment, guard=(*self.environment.guard, *self.literals))
            self.literals.extend(lower(here, self.context))
            self.unbound -= set(binds)
            ready = next((item for item in self.waiting if not item[0] & self.unbound), None)

    def finished(self) -> list[Literal]:
        """Return the body; the checker has seen to it that everything mentioned is bound."""
        if self.waiting:
            message = f"nothing binds {sorted(self.waiting[0][0] & self.unbound)}"
            raise ValueError(message)
        return self.literals


def _related(relation: s.Relation, left: Var, right: Var, environment: Environment, context: Context) -> list[Literal]:
    within = None if relation.within is None else relation.within.nanoseconds
    return relation_literals(relation.kind, left, right, within, environment.origin(relation), context)
