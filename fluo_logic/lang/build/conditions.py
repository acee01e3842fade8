"""Builds conditions and measures."""

from __future__ import annotations

from dataclasses import replace

from fluo_logic.lang.build import base, patterns, predicates
from fluo_logic.lang.build.base import Child, Context, Node, children, is_tree, token, tree, trees
from fluo_logic.lang.kinds import Kind, kind_of
from fluo_logic.lang.syntax import (
    Aggregate,
    And,
    Arithmetic,
    Comparison,
    Condition,
    Exists,
    Function,
    Literal,
    Measure,
    MeasureComparison,
    Not,
    Or,
    Origin,
    Path,
    Pattern,
    Predicate,
    PredicateAnd,
    Related,
    Relation,
    SameSpan,
    Variable,
    VariableIsTrue,
    VariableValue,
)


def condition(context: Context, node: Node) -> Condition:
    """Return the condition of a tree."""
    origin = context.origin(node)
    match node.data:
        case "any_of":
            return Or(tuple(condition(context, part) for part in trees(node)), origin=origin)
        case "all_of":
            return And(tuple(condition(context, part) for part in trees(node)), origin=origin)
        case "negated":
            return Not(condition(context, tree(node.children[1])), origin=origin)
        case "exists":
            return _exists(context, tree(node.children[0]), origin)
        case "related":
            left = patterns.span_term(context, tree(node.children[0]))
            return Related(patterns.related(context, left, tree(node.children[1]), origin), origin=origin)
        case "same_span":
            return _same_span(context, node, origin)
        case "compared":
            first, operator, second = (tree(child) for child in node.children)
            sides = measure(context, first), measure(context, second)
            return compared(context, sides[0], predicates.operator_of(operator), sides[1], origin)
        case "variable_is_true":
            return VariableIsTrue(base.variable_value(context, tree(node.children[0])), origin=origin)
        case _:
            message = f"no condition: {node.data}"
            raise TypeError(message)


def _exists(context: Context, node: Node, origin: Origin) -> Condition:
    text_first = _text_comparison(context, node, origin)
    return text_first if text_first is not None else Exists(patterns.pattern(context, node), origin=origin)


def _text_comparison(context: Context, node: Node, origin: Origin) -> Condition | None:
    """Return ``"text" == $x.attr``, which the grammar takes for a pattern with a quoted name."""
    inner = tree(node.children[0])
    if children(node)[1] is not None or inner.data != "filtered_span":
        return None
    core, selector, operator, right_node = children(inner)
    word = tree(core).children[0]
    if selector is not None or len(tree(core).children) > 1 or is_tree(word) or token(word).type != "STRING":
        return None
    right = predicates.operand(context, tree(right_node))
    if not isinstance(right, VariableValue):
        return None
    left = Literal(base.text_of(context, token(word)), origin=context.origin(token(word)))
    return compared(context, left, predicates.operator_of(tree(operator)), right, origin)


def _same_span(context: Context, node: Node, origin: Origin) -> SameSpan:
    left, _, negated, right = children(node)
    sides = [Variable(base.variable_name(token(side)), origin=context.origin(token(side))) for side in (left, right)]
    return SameSpan(sides[0], sides[1], negated is not None, origin=origin)


def compared(context: Context, left: Measure, operator: str, right: Measure, origin: Origin) -> MeasureComparison:
    """Return a comparison of two measures; a string beside a time is a point in time."""
    if kind_of(left) is Kind.TIME and isinstance(right, Literal) and not right.bare:
        right = base.as_instant(context, right)
    elif kind_of(right) is Kind.TIME and isinstance(left, Literal) and not left.bare:
        left = base.as_instant(context, left)
    return MeasureComparison(left, operator, right, origin=origin)


# --- measures -----------------------------------------------------------------------------------------------------


def measure(context: Context, node: Node) -> Measure:
    """Return the measure of a tree."""
    origin = context.origin(node)
    match node.data:
        case "arithmetic":
            left, operator, right = node.children
            return Arithmetic(measure(context, tree(left)), str(operator), measure(context, tree(right)), origin=origin)
        case "count":
            _, counted, related, window = children(node)
            over = _over(context, patterns.pattern(context, tree(counted)), tree(counted), related)
            return Aggregate(Function.COUNT, over, within=base.within(context, window), origin=origin)
        case "count_distinct":
            _, _, counted, related, window = children(node)
            return _aggregate(context, Function.COUNT_DISTINCT, tree(counted), related, window, origin)
        case "function":
            function, counted, related, window = children(node)
            return _aggregate(context, Function(str(function)), tree(counted), related, window, origin)
        case "trace_count":
            return _trace_count(context, node, origin)
        case "list":
            return base.list_literal(context, node)
        case "variable_value":
            return base.variable_value(context, node)
        case _:
            return base.literal(context, node)


def _aggregate(
    context: Context, function: Function, node: Node, related: Child, window: Child, origin: Origin
) -> Aggregate:
    core, selector, variable = children(node)
    pattern, path = patterns.measured(context, tree(core), selector)
    pattern = replace(pattern, variable=patterns.bound_name(variable), origin=context.origin(node))
    over = _over(context, pattern, node, related)
    return Aggregate(function, over, path, base.within(context, window), origin=origin)


def _over(context: Context, pattern: Pattern, node: Node, related: Child) -> Pattern | Relation:
    if not is_tree(related):
        return pattern
    return patterns.related(context, pattern, related, context.origin(node, related))


def _trace_count(context: Context, node: Node, origin: Origin) -> Aggregate:
    """Return ``trace.count(P).where(…)``, where ``k == unique`` asks for the number of different values."""
    pattern = patterns.pattern(context, tree(node.children[1]))
    conjuncts: list[Predicate] = []
    for part in trees(node, "where"):
        test = predicates.where(context, part)
        conjuncts.extend(test.parts if isinstance(test, PredicateAnd) and _has_unique(test) else (test,))
    distinct: list[Path] = [test.path for test in conjuncts if isinstance(test, Comparison) and _is_unique(test)]
    others = tuple(test for test in conjuncts if not (isinstance(test, Comparison) and _is_unique(test)))
    for extra in distinct[1:]:
        message = "only one attribute of a `trace.count` can be `unique`"
        context.mistakes.report_at("E109", message, extra.origin, "compare two counts, joined by `and`")
    pattern = replace(pattern, predicates=pattern.predicates + others)
    function = Function.COUNT_DISTINCT if distinct else Function.COUNT
    path = distinct[0] if distinct else None
    return Aggregate(function, pattern, path, base.within(context, node.children[-1]), origin=origin)


def _has_unique(test: PredicateAnd) -> bool:
    return any(isinstance(part, Comparison) and _is_unique(part) for part in test.parts)


def _is_unique(test: Comparison) -> bool:
    right = test.right
    return test.operator == "==" and isinstance(right, Literal) and right.bare and right.value == "unique"
