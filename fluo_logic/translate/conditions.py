"""Lowering of conditions: an atom over the scope and the variables that the condition mentions.

Conjuncts that share a variable bound among them become one clause body; conjuncts that share none become predicates of
their own, so that no clause joins what it need not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar, assert_never, cast

from fluo_logic.lang import syntax as s
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Compare,
    Const,
    Literal,
    Not,
    Present,
    Sort,
    Term,
    Var,
    literal_variables,
)
from fluo_logic.translate.body import Body
from fluo_logic.translate.context import Context, Environment, head_variables
from fluo_logic.translate.free import bound_by, conjuncts, mentioned
from fluo_logic.translate.spans import NEGATED, comparison, constant, field_of
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
        context.add(head, _guarded(literals, head, environment), environment.origin(branch))
    return head


def _guarded(literals: Sequence[Literal], head: Atom, environment: Environment) -> list[Literal]:
    """Return the body with what of the guard it takes to bind what its head, comparisons and negations mention."""
    mentioned_vars = {var for literal in literals for var in literal_variables(literal)}
    bound = {var for literal in literals if isinstance(literal, Atom) for var in literal_variables(literal)}
    results = {literal.result for literal in literals if isinstance(literal, Aggregate)}
    head_vars = {arg for arg in head.args if isinstance(arg, Var)}
    needed = (mentioned_vars | head_vars) - bound - results
    return [*environment.binding(needed), *literals]


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
    """Return one body for conjuncts that share variables, whatever order they are written in."""
    fresh = [(name, exported.get(name) or context.variable(Sort.SPAN, "S", f"${name}")) for name in names]
    inner = environment.extended([pair for pair in fresh if pair[0] not in dict(environment.bound)], ())
    body = Body(inner, context, waiting_for=names)
    for part in sorted(group, key=_seeking_order):
        match part:
            case s.Exists(pattern=pattern):
                body.seek(pattern)
            case s.Related(relation=relation):
                body.relate(relation)
            case _:
                binds_too = bound_by(part)
                needs = set(mentioned(part)) - set(binds_too)
                body.when_ready(needs, partial(_literals, part), binds_too)
    return body.finished()


def _seeking_order(part: s.Condition) -> int:
    """Patterns and relations first; then an ``or`` that binds variables; then what only uses them."""
    if _seeks_a_span(part):
        return 0
    return 1 if bound_by(part) else 2


def _literals(part: s.Condition, environment: Environment, context: Context) -> list[Literal]:
    """Return the literals of one conjunct; variables that it binds are already in the environment."""
    origin = environment.origin(part)
    match part:
        case s.Exists() | s.Related():
            message = "patterns are sought by the body, not literal by literal"
            raise TypeError(message)
        case s.SameSpan(left=left, right=right, negated=negated):
            same = Compare(environment.span_of(left.name), "==", environment.span_of(right.name), Mode.AUTO, origin)
            return [Not(same, origin) if negated else same]
        case s.MeasureComparison() | s.VariableIsTrue():
            return _measured(part, environment, context)
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


def _measured(
    part: s.MeasureComparison | s.VariableIsTrue, environment: Environment, context: Context
) -> list[Literal]:
    origin = environment.origin(part)
    aliased = next(_aliased(part), None)
    if aliased is not None:
        return [_by_each_name(part, aliased, environment, context)]
    if isinstance(part, s.VariableIsTrue):
        field = field_of(environment.span_of(part.value.variable), part.value.path)
        return [Compare(field, "==", Const(value=True), Mode.TEXT, origin)]
    left, left_literals = _measure(part.left, environment, context)
    right, right_literals = _measure(part.right, environment, context)
    aggregates = [*left_literals, *right_literals]
    if not aggregates:
        return [comparison(left, part.operator, right, origin)]
    if part.operator not in NEGATED:
        return [*aggregates, comparison(left, part.operator, right, origin)]
    positive = replace(part, operator=NEGATED[part.operator])
    return [Not(define(positive, "measure", environment, context), origin)]


def _aliased(part: s.MeasureComparison | s.VariableIsTrue | s.Measure) -> Iterator[s.VariableValue]:
    """Yield the values of variables that may have an older name; those inside of aggregates are the patterns'."""
    match part:
        case s.VariableValue(path=path):
            if path.older:
                yield part
        case s.VariableIsTrue(value=value):
            yield from _aliased(value)
        case s.MeasureComparison(left=left, right=right) | s.Arithmetic(left=left, right=right):
            yield from _aliased(left)
            yield from _aliased(right)
        case _:
            return


def _by_each_name(
    part: s.MeasureComparison | s.VariableIsTrue, value: s.VariableValue, environment: Environment, context: Context
) -> Literal:
    """Define a predicate with a clause for each name of a value: that name is there, or all names before it are not."""
    origin = environment.origin(part)
    turned = isinstance(part, s.MeasureComparison) and part.operator in NEGATED
    if isinstance(part, s.MeasureComparison) and turned:
        part = replace(part, operator=NEGATED[part.operator])
    used = head_variables(environment, mentioned(part))
    head = Atom(context.predicate("either"), (environment.scope, *used), origin)
    missing: list[Literal] = []
    for key in (value.path.key, *value.path.older):
        named = replace(value, path=replace(value.path, key=key, older=()))
        literals = [*missing, *_measured(_with(part, value, named), environment, context)]
        context.add(head, _guarded(literals, head, environment), origin)
        field = field_of(environment.span_of(value.variable), named.path)
        missing.append(Not(Present(field, origin), origin))
    return Not(head, origin) if turned else head


Part = TypeVar("Part", bound=s.MeasureComparison | s.VariableIsTrue | s.Measure)


def _with(part: Part, old: s.VariableValue, new: s.VariableValue) -> Part:
    """Return a comparison with one value exchanged, wherever it occurs."""
    if part == old:
        return cast("Part", new)
    match part:
        case s.VariableIsTrue(value=value):
            return cast("Part", replace(part, value=_with(value, old, new)))
        case s.MeasureComparison(left=left, right=right) | s.Arithmetic(left=left, right=right):
            return cast("Part", replace(part, left=_with(left, old, new), right=_with(right, old, new)))
        case _:
            return part


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
    body = Body(environment.extended(fresh, ()), context, waiting_for=bound_inside)
    element = body.relate(over)[0] if isinstance(over, s.Relation) else body.seek(over)
    literals = body.finished()
    used = head_variables(environment, mentioned(over))
    args = (environment.scope, *used, element)
    head = Atom(context.predicate(f"counted_{_name(over)}"), args, environment.origin(over))
    context.add(head, _guarded(literals, head, environment), environment.origin(over))
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
