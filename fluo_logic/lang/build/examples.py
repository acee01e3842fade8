"""Builds the examples inside rules."""

from __future__ import annotations

from typing import Final

from fluo_logic.lang.build import base, patterns
from fluo_logic.lang.build.base import Child, Context, Node, children, is_tree, token, tree, trees
from fluo_logic.lang.suggest import choices, did_you_mean
from fluo_logic.lang.syntax import Assignment, Example, ExampleSpan, Literal
from fluo_logic.values import Value

VERDICTS: Final = ("violated", "satisfied", "vacuous", "pending", "inconclusive")
"""The verdicts that an example may name."""


def example(context: Context, node: Node) -> Example:
    """Return the example of an ``example`` node; spans outside ``trace`` blocks are one trace."""
    _, verdict, title, *rest = node.children
    word = token(verdict)
    if word not in VERDICTS:
        hint = did_you_mean(word, VERDICTS) or f"it is one of {choices(VERDICTS)}"
        context.report("E131", f"`{word}` is not a verdict", word, hint)
    traces = [tree(child) for child in rest]
    if traces and traces[0].data == "trace":
        spans = tuple(_spans(context, trace) for trace in traces)
    else:
        spans = (tuple(_span(context, span) for span in traces),)
    return Example(str(word), base.text_of(context, token(title)), spans, origin=context.origin(node))


def _spans(context: Context, node: Node) -> tuple[ExampleSpan, ...]:
    return tuple(_span(context, span) for span in trees(node, "example_span"))


def _span(context: Context, node: Node) -> ExampleSpan:
    name, assignments, _, service, times, nested = children(node)
    word = token(name)
    start, end = children(tree(times))
    return ExampleSpan(
        patterns.span_name(context, word) or "",
        _assignments(context, assignments),
        base.duration(context, token(start)).nanoseconds,
        None if end is None else base.duration(context, token(end)).nanoseconds,
        None if service is None else base.text_of(context, token(service)),
        _spans(context, tree(nested)) if is_tree(nested) else (),
        origin=context.origin(node),
    )


def _assignments(context: Context, node: Child) -> tuple[Assignment, ...]:
    if not is_tree(node):
        return ()
    return tuple(
        Assignment(
            base.path(context, tree(part.children[0])),
            _datum(context, tree(part.children[1])),
            origin=context.origin(part),
        )
        for part in trees(node)
    )


def _datum(context: Context, node: Node) -> Value:
    match node.data:
        case "data_list":
            return tuple(_datum(context, item) for item in trees(node))
        case "data_map":
            return {
                base.text_of(context, token(entry.children[0])): _datum(context, tree(entry.children[1]))
                for entry in trees(node)
            }
        case _:
            constant = base.literal(context, node)
            return constant.value if isinstance(constant, Literal) else constant.nanoseconds
