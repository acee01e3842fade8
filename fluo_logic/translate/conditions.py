"""Lowering of conditions: an atom over the scope and the variables that the condition mentions.

Conjuncts that share a variable bound among them become one clause body; conjuncts that share none become predicates of
their own, so that no clause joins what it need not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from fluo_logic.lang import syntax as s
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Compare,
    Const,
    Literal,
    Not,
    Sort,
    Term,
    Var,
    literal_variables,
)
from fluo_logic.translate.context import Context, Environment, binds, head_variables
from fluo_logic.translate.free import bound_by, conjuncts, mentioned
from fluo_logic.translate.relations import relation_literals
from fluo_logic.translate.spans import NEGATED, comparison, constant, field_of, lower_pattern
from fluo_logic.values import Mode


def define(condition: s.Condition, stem: str, environment: Environment, context: Context) -> Atom:
    """Define a predicate that holds where ``condition`` does; return its atom over scope and mentioned variables."""
    return define_exporting(condition, (), stem, environment, context)


def define_exporting(
    condition: s.Condition, exports: Sequence[tuple[str, Var]], stem: str, environment: Environment, context: Context
) -> Atom:
    """Define a predicate for ``condition`` whose head also has the variables that the condition binds for others."""
    origin = environment.origin(condition)
    used = head_variables(environment, mentioned(condition))
    outer = tuple(var for var in used if var not in {var for _, var in exports})
    scope = (environment.scope,)
    head = Atom(context.predicate(stem), (*scope, *outer, *(var for _, var in exports)), origin)
    branches = condition.parts if isinstance(condition, s.Or) else (condition,)
    for branch in branches:
        literals = _conjunction(conjuncts(branch), dict(exports), environment, context)
        needed = tuple(arg for arg in head.args if isinstance(arg, Var))
        guarded = literals if _safe(literals, needed) else [*environment.guard, *literals]
        context.add(head, guarded, environment.origin(branch))
    return head


def _safe(literals: Sequence[Literal], needed: Sequence[Var]) -> bool:
    """Return whether a body needs no guard: its atoms bind what its head, comparisons and negations mention."""
    rest = [literal for literal in literals if not isinstance(literal, Atom)]
    if any(isinstance(literal, Aggregate) for literal in rest):
        return False
    mention = {var for literal in rest for var in literal_variables(literal)}
    return binds(literals, [*needed, *mention])


def _conjunction(
    parts: Sequence[s.Condition], exported: dict[str, Var], environment: Environment, context: Context
) -> list[Literal]:
    """Return the body for a conjunction; variables in ``exported`` are the caller's, other new ones are local."""
    outer = {name for name, _ in environment.bound} - exported.keys()
    body: list[Literal] = []
    for group in _groups(parts, outer):
        names = tuple(dict.fromkeys(name for part in group for name in bound_by(part)))
        if len(parts) > len(group) and not exported.keys() & set(names) and any(map(_seeks_a_span, group)):
            # Nothing of this group is seen outside it: a predicate of its own, so that nothing is joined in vain.
            joined = group[0] if len(group) == 1 else s.And(tuple(group), origin=group[0].origin)
            body.append(define(joined, _stem(joined), environment, context))
        else:
            body.extend(_joined(group, names, exported, environment, context))
    return body


def _seeks_a_span(part: s.Condition) -> bool:
    return isinstance(part, s.Exists | s.Related)


def _groups(parts: Sequence[s.Condition], outer: set[str]) -> list[list[s.Condition]]:
    """Split conjuncts into groups that share variables bound among them, in reading order."""
    binders = {name for part in parts for name in bound_by(part)} - outer
    groups: list[tuple[set[str], list[s.Condition]]] = []
    for part in parts:
        names = set(mentioned(part)) & binders
        touching = [group for group in groups if names & group[0]]
        merged = (names.union(*(group[0] for group in touching)), [p for group in touching for p in group[1]] + [part])
        position = groups.index(touching[0]) if touching else len(groups)
        groups = [group for group in groups if group not in touching]
        groups.insert(min(position, len(groups)), merged)
    return [sorted(group[1], key=parts.index) for group in groups]


def _joined(
    group: Sequence[s.Condition],
    names: Sequence[str],
    exported: dict[str, Var],
    environment: Environment,
    context: Context,
) -> list[Literal]:
    """Return one body for conjuncts that share variables: first what binds them, then what only uses them."""
    fresh = [(name, exported.get(name) or context.variable(Sort.SPAN, "S", f"${name}")) for name in names]
    inner = environment.extended([pair for pair in fresh if pair[0] not in dict(environment.bound)], ())
    body: list[Literal] = []
    pending = list(group)
    ready: set[str] = {name for name, _ in environment.bound} - set(names)
    while pending:
        # Patterns first; a part whose variables are bound further on waits for them ("order has no meaning").
        part = next(
            (part for part in pending if bound_by(part) and _needs(part) <= ready | set(bound_by(part))),
            next((part for part in pending if _needs(part) <= ready), pending[0]),
        )
        pending.remove(part)
        here = replace(inner, guard=(*environment.guard, *body))
        body.extend(_literals(part, here, context))
        ready |= set(bound_by(part))
    return body


def _needs(part: s.Condition) -> set[str]:
    return set(mentioned(part))


def _literals(part: s.Condition, environment: Environment, context: Context) -> list[Literal]:
    """Return the literals of one conjunct; variables that it binds are already in the environment."""
    origin = environment.origin(part)
    match part:
        case s.Exists(pattern=pattern):
            return _side(pattern, environment, context)[1]
        case s.Related(relation=relation):
            return _relation(relation, environment, context)[2]
        case s.SameSpan(left=left, right=right, negated=negated):
            same = Compare(environment.span_of(left.name), "==", environment.span_of(right.name), Mode.AUTO, origin)
            return [Not(same, origin) if negated else same]
        case s.MeasureComparison():
            return _measured(part, environment, context)
        case s.VariableIsTrue(value=value):
            field = field_of(environment.span_of(value.variable), value.path)
            return [Compare(field, "==", Const(value=True), Mode.TEXT, origin)]
        case s.Or():
            exports = [(name, environment.span_of(name)) for name in bound_by(part)]
            return [define_exporting(part, exports, "either", environment, context)]
        case s.Not(part=inner):
            return [Not(define(inner, f"not_{_stem(inner)}", environment, context), origin)]
        case s.And():
            return _conjunction(conjuncts(part), {}, environment, context)
        case _:
            assert_never(part)


def _stem(condition: s.Condition) -> str:
    match condition:
        case s.Exists(pattern=pattern):
            return f"some_{pattern.name or 'span'}"
        case s.Related(relation=relation):
            return relation.kind.value
        case s.MeasureComparison():
            return "measure"
        case _:
            return "cond"


def _side(side: s.SpanTerm, environment: Environment, context: Context) -> tuple[Var, list[Literal]]:
    """Return the span variable of a pattern or variable, and the literals that bind it."""
    if isinstance(side, s.Variable):
        return environment.span_of(side.name), []
    name = side.variable
    span = context.variable(Sort.SPAN, "S") if name is None else environment.span_of(name)
    return span, lower_pattern(side, span, environment, context)


def _relation(relation: s.Relation, environment: Environment, context: Context) -> tuple[Var, Var, list[Literal]]:
    left, left_literals = _side(relation.left, environment, context)
    here = replace(environment, guard=(*environment.guard, *left_literals))
    right, right_literals = _side(relation.right, here, context)
    origin = environment.origin(relation)
    within = None if relation.within is None else relation.within.nanoseconds
    related = relation_literals(relation.kind, left, right, within, origin, context)
    return left, right, [*left_literals, *right_literals, *related]


def _measured(part: s.MeasureComparison, environment: Environment, context: Context) -> list[Literal]:
    origin = environment.origin(part)
    left, left_literals = _measure(part.left, environment, context)
    right, right_literals = _measure(part.right, environment, context)
    aggregates = [*left_literals, *right_literals]
    if not aggregates:
        return [comparison(left, part.operator, right, origin)]
    if part.operator not in NEGATED:
        return [*aggregates, comparison(left, part.operator, right, origin)]
    positive = replace(part, operator=NEGATED[part.operator])
    return [Not(define(positive, "measure", environment, context), origin)]


def _measure(measure: s.Measure, environment: Environment, context: Context) -> tuple[Term, list[Literal]]:
    match measure:
        case s.Literal() | s.Duration() | s.Instant() | s.ListLiteral():
            return constant(measure), []
        case s.VariableValue(variable=variable, path=path):
            return field_of(environment.span_of(variable), path), []
        case s.Arithmetic(left=left, operator=operator, right=right):
            left_term, left_literals = _measure(left, environment, context)
            right_term, right_literals = _measure(right, environment, context)
            return Arith(operator, left_term, right_term), [*left_literals, *right_literals]
        case s.Aggregate():
            return _aggregate(measure, environment, context)
        case _:
            assert_never(measure)


def _aggregate(measure: s.Aggregate, environment: Environment, context: Context) -> tuple[Term, list[Literal]]:
    """Define the predicate of the elements, and return the aggregate over it."""
    origin = environment.origin(measure)
    over = measure.over
    bound_inside = _patterns_variables(over)
    fresh = [(name, context.variable(Sort.SPAN, "S", f"${name}")) for name in bound_inside]
    inner = environment.extended(fresh, ())
    if isinstance(over, s.Relation):
        element, _, literals = _relation(over, inner, context)
    else:
        element, literals = _side(over, inner, context)
    used = head_variables(environment, mentioned(over))
    args = (environment.scope, *used, element)
    head = Atom(context.predicate(f"counted_{_name(over)}"), args, environment.origin(over))
    needed = tuple(arg for arg in args if isinstance(arg, Var))
    body = literals if binds(literals, needed) else [*environment.guard, *literals]
    context.add(head, body, environment.origin(over))
    result = context.variable(Sort.NUMBER, "N")
    target = None if measure.path is None else field_of(element, measure.path)
    window = None if measure.within is None else measure.within.nanoseconds
    return result, [Aggregate(measure.function.value, element, target, head, window, result, origin)]


def _patterns_variables(over: s.Pattern | s.Relation) -> tuple[str, ...]:
    sides = (over.left, over.right) if isinstance(over, s.Relation) else (over,)
    return tuple(side.variable for side in sides if isinstance(side, s.Pattern) and side.variable is not None)


def _name(over: s.Pattern | s.Relation) -> str:
    side = over.left if isinstance(over, s.Relation) else over
    return side.name or "span" if isinstance(side, s.Pattern) else side.name
