"""Builds patterns and relations."""

from __future__ import annotations

import re
from dataclasses import replace

from lark import Token

from fluo_logic.lang.build import base, predicates
from fluo_logic.lang.build.base import KEYWORDS, Child, Context, Node, children, is_tree, token, tree, trees
from fluo_logic.lang.syntax import (
    INTRINSICS,
    Origin,
    Path,
    PathKind,
    Pattern,
    Relation,
    RelationKind,
    SpanTerm,
    Variable,
)


def pattern(context: Context, node: Node) -> Pattern:
    """Return the pattern of a ``pattern`` node."""
    core, variable = tree(node.children[0]), node.children[1]
    built = filtered(context, core) if core.data == "filtered_span" else span(context, core)
    return replace(built, variable=bound_name(variable) or built.variable, origin=context.origin(node))


def bound_name(variable: Child) -> str | None:
    """Return the name that an optional ``as $x`` binds."""
    return base.variable_name(variable) if isinstance(variable, Token) else None


def span(context: Context, node: Node) -> Pattern:
    """Return the pattern of a ``span`` node: a name and its ``where``s."""
    first = node.children[0]
    tests = tuple(predicates.where(context, part) for part in trees(node, "where"))
    if is_tree(first):
        inner = pattern(context, tree(first.children[1]))
        return replace(inner, predicates=inner.predicates + tests, origin=context.origin(node))
    return Pattern(span_name(context, token(first)), tests, origin=context.origin(node))


def span_name(context: Context, word: Token) -> str | None:
    """Return the name that a word asks for, None for ``*``."""
    if word.type == "ANY":
        return None
    if word.type == "STRING":
        return base.text_of(context, word)
    refuse_keyword(context, word)
    return str(word)


def refuse_keyword(context: Context, word: Token) -> None:
    """Report an unquoted span name that begins with a keyword."""
    first, _, rest = word.partition(".")
    if first == "span":
        field = rest.removeprefix("attributes.") if rest.startswith("attributes.") else f"span:{rest or 'name'}"
        hint = f"write `*.where({field} …)`, or quote the name if a span is called that"
        context.report("E106", f"`{word}` is not how a field of a span is written", word, hint)
    elif first in KEYWORDS:
        hint = f'quote the name if a span is called that: `"{word}"`'
        context.report("E106", f"`{first}` is a keyword, so `{word}` is not the name of a span", word, hint)


def measured(context: Context, core: Node, selector: Child) -> tuple[Pattern, Path]:
    """Return the pattern and the path of ``P.attr``, where the attribute may be the last segment of the name."""
    built = span(context, core)
    if is_tree(selector):
        return built, _single_segment(context, base.selector(context, selector), selector)
    word = core.children[0]
    if len(core.children) == 1 and isinstance(word, Token) and word.type == "NAME":
        name, dot, attribute = word.rpartition(".")
        if dot:
            start, end = context.span(word)
            origin = context.mistakes.source.origin(start + len(name) + 1, end)
            if name == "span" and f"span:{attribute}" in INTRINSICS:
                # Reported as the older dialect; read as what it means, so that nothing else is reported.
                return replace(built, name=None), Path(PathKind.INTRINSIC, f"span:{attribute}", origin=origin)
            name_origin = context.mistakes.source.origin(start, start + len(name))
            key = Path(PathKind.ATTRIBUTE, attribute, origin=origin)
            return Pattern(name, built.predicates, built.variable, origin=name_origin), key
        hint = f"write `SPAN.{word}` with the name of a span, or `*.{word}` for any span"
        context.report("E107", f"`{word}` alone does not say of which span", word, hint)
    else:
        context.report(
            "E107", "this names spans, but not which of their attributes to compare", core, "add `.attribute`"
        )
    return built, Path(PathKind.ATTRIBUTE, "", origin=context.origin(core))


def _single_segment(context: Context, path: Path, node: Node) -> Path:
    if path.kind is PathKind.ATTRIBUTE and not path.quoted and "." in path.key:
        hint = f'write `["{path.key}"]`'
        context.report("E108", f"the dotted attribute `{path.key}` of a pattern needs brackets and quotes", node, hint)
    return path


def filtered(context: Context, node: Node) -> Pattern:
    """Return the pattern of ``P.attr op value``."""
    core, selector, operator, right = children(node)
    built, path = measured(context, tree(core), selector)
    # The comparison begins at its attribute, which may lie inside the name.
    origin = _from(context, path.origin, node)
    test = predicates.comparison(context, path, predicates.operator_of(tree(operator)), tree(right), origin)
    return replace(built, predicates=(*built.predicates, test), origin=context.origin(node))


def _from(context: Context, first: Origin, node: Node) -> Origin:
    source = context.mistakes.source
    return source.origin(source.start_of(first), context.span(node)[1])


def span_term(context: Context, node: Node) -> SpanTerm:
    """Return a side of a relation."""
    if node.data == "variable":
        word = token(node.children[0])
        return Variable(base.variable_name(word), origin=context.origin(word))
    return pattern(context, node)


def related(context: Context, left: SpanTerm, node: Node, origin: Origin) -> Relation:
    """Return the relation of ``left`` and a ``related_to`` node."""
    kind, right, within = children(node)
    return Relation(
        left,
        relation_kind(tree(kind)),
        span_term(context, tree(right)),
        base.within(context, within),
        origin=origin,
    )


def relation_kind(node: Node) -> RelationKind:
    """Return the kind of a relation, whatever the white space inside it."""
    return RelationKind(re.sub(r"\s+", " ", token(node.children[0])))
