"""Lowering of patterns: a predicate of one span for what needs no other span, literals for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import assert_never

from fluo_logic.lang import syntax as s
from fluo_logic.logic import (
    Atom,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Origin,
    Present,
    Sort,
    Term,
    Unit,
    Var,
    literal_variables,
)
from fluo_logic.translate.context import Context, Environment
from fluo_logic.translate.free import mentioned
from fluo_logic.values import Mode, Value, literal_mode

NEGATED = {"!=": "==", "not in": "in"}
TIMES = {"span:start": Unit.TIME, "span:end": Unit.TIME, "span:duration": Unit.DURATION}


def local_literals(pattern: s.Pattern, span: Var, environment: Environment, context: Context) -> list[Literal]:
    """Return literals that bind ``span`` to the spans of the scope that match what of a pattern needs no other span."""
    local = tuple(predicate for predicate in pattern.predicates if not list(mentioned(predicate)))
    match = _local_match(replace(pattern, predicates=local, variable=None), span, environment, context)
    return [environment.in_scope(span, environment.origin(pattern)), *match]


def dependent_literals(predicate: s.Predicate, span: Var, environment: Environment, context: Context) -> list[Literal]:
    """Return the literals of a predicate that mentions variables; the guard of ``environment`` binds them all."""
    return _Predicates(span, environment, context).lower(predicate)


def _local_match(pattern: s.Pattern, span: Var, environment: Environment, context: Context) -> list[Literal]:
    """Return one atom for the part of a pattern that speaks of its own span only, defined once for all rules."""
    origin = environment.origin(pattern)
    if not pattern.predicates:
        return [] if pattern.name is None else [_named(pattern.name, span, origin, context)]
    # `repr` tells 1 from 1.0 and from true, where equality does not.
    key = repr(pattern)
    name = context.shared.get(key)
    if name is None:
        name = context.predicate(pattern.name or "any_span")
        context.shared[key] = name
        item = Var("S", Sort.SPAN)
        base = Atom("span", (Var("T", Sort.TRACE), item, _name_term(pattern.name)), _text(origin, pattern.name or "*"))
        inner = replace(environment, guard=(base,), bound=())
        body: list[Literal] = [base]
        for predicate in pattern.predicates:
            body.extend(_Predicates(item, inner, context).lower(predicate))
        context.add(Atom(name, (item,), origin), body, origin)
    return [Atom(name, (span,), origin)]


def _named(name: str, span: Var, origin: Origin, context: Context) -> Atom:
    return Atom("span", (context.variable(Sort.TRACE, "T"), span, Const(name)), _text(origin, name))


def _name_term(name: str | None) -> Var | Const:
    return Var("N", Sort.TEXT) if name is None else Const(name)


def _text(origin: Origin, text: str) -> Origin:
    return replace(origin, text=text)


def field_of(of: Var, path: s.Path) -> Field:
    """Return the term for a path of a span, or of an event for its attributes."""
    if path.kind is s.PathKind.ATTRIBUTE:
        return Field(of, "event" if of.sort is Sort.EVENT else "attribute", path.key)
    return Field(of, path.kind.value, path.key)


def constant(operand: s.Literal | s.Duration | s.Instant | s.ListLiteral) -> Const:
    """Return the constant for a literal."""
    match operand:
        case s.Literal(value=value):
            return Const(value)
        case s.Duration(nanoseconds=nanoseconds):
            return Const(nanoseconds, Unit.DURATION)
        case s.Instant(nanoseconds=nanoseconds):
            return Const(nanoseconds, Unit.TIME)
        case s.ListLiteral(items=items):
            values: tuple[Value, ...] = tuple(
                item.nanoseconds if isinstance(item, s.Duration) else item.value for item in items
            )
            unit = Unit.DURATION if items and isinstance(items[0], s.Duration) else Unit.NONE
            return Const(values, unit)


def comparison_mode(left: Term, right: Term) -> Mode:
    """Return how two terms compare: a literal on either side decides, two values of spans decide for themselves."""
    for side in (right, left):
        if isinstance(side, Const):
            return Mode.EACH if isinstance(side.value, tuple) else literal_mode(side.value)
    return Mode.AUTO


def comparison(left: Term, operator: str, right: Term, origin: Origin) -> Compare | Not:
    """Return the literal for a comparison; ``!=`` and ``not in`` negate the positive form."""
    positive = Compare(left, NEGATED.get(operator, operator), right, comparison_mode(left, right), origin)
    return Not(positive, origin) if operator in NEGATED else positive


class _Predicates:
    """Lowers predicates of one span, or of one event of it."""

    def __init__(self, of: Var, environment: Environment, context: Context, span: Var | None = None) -> None:
        self.of = of
        self.span = of if span is None else span
        self.environment = environment
        self.context = context

    def lower(self, predicate: s.Predicate) -> list[Literal]:
        origin = self.environment.origin(predicate)
        match predicate:
            case s.Comparison() | s.IsTrue() | s.Present():
                return [self.test(predicate, origin)]
            case s.HasEvent():
                return [self.event(predicate, origin)]
            case s.PredicateAnd(parts=parts):
                return [literal for part in parts for literal in self.lower(part)]
            case s.PredicateOr(parts=parts):
                return [self.auxiliary(predicate, parts, origin)]
            case s.PredicateNot(part=part):
                return [self.negation(part, origin)]
            case _:
                assert_never(predicate)

    def test(self, predicate: s.Comparison | s.IsTrue | s.Present, origin: Origin) -> Literal:
        """Return the literal of a test; where attributes have older names, an atom with a clause for each choice."""
        choices = list(self.choices(predicate, origin))
        turned = isinstance(predicate, s.Comparison) and predicate.operator in NEGATED
        literal: Atom | Compare | Present = self.positive(choices[0][1], origin)
        if len(choices) > 1:
            bodies = [((*missing, self.positive(chosen, origin)), origin) for missing, chosen in choices]
            literal = self.either(predicate, bodies, origin)
        return Not(literal, origin) if turned else literal

    def positive(self, predicate: s.Comparison | s.IsTrue | s.Present, origin: Origin) -> Compare | Present:
        match predicate:
            case s.Comparison(path=path, operator=operator, right=right):
                left, other = self.field(path), self.operand(right)
                return Compare(left, NEGATED.get(operator, operator), other, comparison_mode(left, other), origin)
            case s.IsTrue(path=path):
                return Compare(self.field(path), "==", Const(value=True), Mode.TEXT, origin)
            case s.Present(path=path):
                return Present(self.field(path), origin)
            case _:
                assert_never(predicate)

    def choices(
        self, predicate: s.Comparison | s.IsTrue | s.Present, origin: Origin
    ) -> Iterator[tuple[tuple[Literal, ...], s.Comparison | s.IsTrue | s.Present]]:
        """Yield the test for each name that its attributes may have, with what has to be missing for it."""
        for gone, path in self.names(predicate.path, self.field, origin):
            chosen = replace(predicate, path=path)
            if isinstance(chosen, s.Present):
                # A value under any name will do, whatever may have been dropped under another.
                yield (), chosen
            elif isinstance(chosen, s.Comparison) and isinstance(chosen.right, s.OwnValue | s.VariableValue):
                for missing, other in self.names(chosen.right.path, partial(self.right_field, chosen.right), origin):
                    yield (*gone, *missing), replace(chosen, right=replace(chosen.right, path=other))
            else:
                yield gone, chosen

    def names(
        self, path: s.Path, field: Callable[[s.Path], Field], origin: Origin
    ) -> Iterator[tuple[tuple[Literal, ...], s.Path]]:
        missing: tuple[Literal, ...] = ()
        for key in (path.key, *path.older):
            named = replace(path, key=key, older=())
            yield missing, named
            missing = (*missing, Not(Present(field(named), origin), origin))

    def right_field(self, right: s.OwnValue | s.VariableValue, path: s.Path) -> Field:
        if isinstance(right, s.OwnValue):
            return self.field(path)
        return field_of(self.environment.span_of(right.variable), path)

    def field(self, path: s.Path) -> Field:
        return field_of(self.of if path.kind is s.PathKind.ATTRIBUTE else self.span, path)

    def operand(self, operand: s.Operand) -> Term:
        match operand:
            case s.OwnValue(path=path):
                return self.field(path)
            case s.VariableValue(variable=variable, path=path):
                return field_of(self.environment.span_of(variable), path)
            case s.Literal() | s.Duration() | s.Instant() | s.ListLiteral():
                return constant(operand)
            case _:
                assert_never(operand)

    def negation(self, part: s.Predicate, origin: Origin) -> Literal:
        if isinstance(part, s.PredicateAnd):
            return Not(self.auxiliary(part, (part,), origin), origin)
        (literal,) = self.lower(part)
        match literal:
            case Not(literal=inner):
                return inner
            case Atom() | Compare() | Present():
                return Not(literal, origin)
            case _:
                message = f"a predicate of one span became {literal!r}"
                raise TypeError(message)

    def auxiliary(self, predicate: s.Predicate, branches: tuple[s.Predicate, ...], origin: Origin) -> Atom:
        """Define a predicate with a clause for each branch."""
        bodies = [(tuple(self.lower(branch)), self.environment.origin(branch)) for branch in branches]
        return self.either(predicate, bodies, origin)

    def either(
        self, predicate: s.Predicate, bodies: Sequence[tuple[tuple[Literal, ...], Origin]], origin: Origin
    ) -> Atom:
        """Define a predicate with a clause for each body, over the span, its event and the variables it mentions."""
        names = tuple(dict.fromkeys(mentioned(predicate)))
        others = tuple(self.environment.span_of(name) for name in names)
        head_args: tuple[Var | Const, ...] = (*dict.fromkeys((self.span, self.of)), *others)
        if names and isinstance(self.environment.scope, Var):
            head_args = (self.environment.scope, *head_args)
        head = Atom(self.context.predicate("either" if len(bodies) > 1 else "part"), head_args, origin)
        for literals, place in bodies:
            body = (*self.environment.binding(_variables(head, literals)), *literals)
            self.context.add(head, body, place)
        return head

    def event(self, predicate: s.HasEvent, origin: Origin) -> Atom:
        """Define a predicate for the spans that have such an event."""
        event = self.context.variable(Sort.EVENT, "E")
        found = Atom("event", (self.span, event, Const(predicate.name)), origin)
        names = tuple(dict.fromkeys(mentioned(predicate)))
        others = tuple(self.environment.span_of(name) for name in names)
        head_args: tuple[Var | Const, ...] = (self.span, *others)
        if names and isinstance(self.environment.scope, Var):
            head_args = (self.environment.scope, *head_args)
        head = Atom(self.context.predicate(f"event_{predicate.name}"), head_args, origin)
        literals: list[Literal] = [found]
        if predicate.predicate is not None:
            inner = replace(self.environment, guard=(*self.environment.guard, found))
            literals.extend(_Predicates(event, inner, self.context, self.span).lower(predicate.predicate))
        body = (*self.environment.binding(_variables(head, literals)), *literals)
        self.context.add(head, body, origin)
        return head


def _variables(head: Atom, literals: Iterable[Literal]) -> set[Var]:
    """Return the variables that a clause mentions."""
    return {var for literal in (head, *literals) for var in literal_variables(literal)}
