"""Builds whole rules: head, scope, body."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from lark import Token

from fluo_logic.lang.aliases import with_aliases
from fluo_logic.lang.build import base, conditions, examples
from fluo_logic.lang.build.base import Context, Node, token, tree, trees
from fluo_logic.lang.build.display import display
from fluo_logic.lang.build.reading import read_bare
from fluo_logic.lang.suggest import choices, did_you_mean
from fluo_logic.lang.syntax import (
    Category,
    Condition,
    Display,
    Example,
    Metadata,
    Obligation,
    Origin,
    Path,
    PathKind,
    Polarity,
    Reading,
    Rule,
    RuleScope,
    ScopeKind,
    Severity,
)

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(slots=True)
class Draft:
    """A rule while its parts are being put together."""

    severity: Severity | None = None
    category: Category | None = None
    tags: tuple[str, ...] | None = None
    controls: tuple[str, ...] | None = None
    aliases: tuple[str, ...] | None = None
    runbook: str | None = None
    description: str | None = None
    display: Display | None = None
    scope: RuleScope | None = None
    when: Condition | None = None
    obligations: list[Obligation] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    reading: Reading = Reading.BLOCKS

    def rule(self, rule_id: str, title: str, origin: Origin) -> Rule:
        """Return the finished rule."""
        metadata = Metadata(
            self.severity or Severity.MEDIUM,
            self.category,
            self.tags or (),
            self.controls or (),
            self.runbook,
            self.description,
            self.display,
            self.aliases or (),
        )
        read = Rule(
            rule_id,
            title,
            metadata,
            self.scope or RuleScope(),
            self.when,
            tuple(self.obligations),
            tuple(self.examples),
            self.reading,
            origin=origin,
        )
        return with_aliases(read)


def rule(context: Context, node: Node) -> Rule:
    """Return the rule of a ``rule`` node."""
    _, rule_id, title, *content = base.children(node)
    draft = content_of(context, [tree(part) for part in content])
    text = "" if title is None else base.text_of(context, token(title))
    return draft.rule(str(rule_id), text, context.origin(node))


def content_of(context: Context, parts: list[Node], reads_as: Reading | None = None) -> Draft:
    """Return what stands between the braces of a rule: header, body and examples."""
    draft = Draft()
    for part in parts:
        match part.data:
            case "header":
                for item in trees(part):
                    add_header(context, draft, item)
            case "blocks":
                for item in trees(part):
                    add_block(context, draft, item)
            case "bare":
                add_bare(context, draft, tree(part.children[0]), reads_as)
            case _:
                draft.examples.extend(examples.example(context, item) for item in trees(part))
    return draft


def add_bare(context: Context, draft: Draft, node: Node, reads_as: Reading | None = None) -> None:
    """Add a body that is one condition without blocks."""
    condition = conditions.condition(context, node)
    draft.reading, draft.when, obligations = read_bare(context.mistakes, condition, reads_as)
    draft.obligations.extend(obligations)


def add_block(context: Context, draft: Draft, node: Node) -> None:
    """Add a ``when``, ``always`` or ``never`` block."""
    keyword, inner = token(node.children[0]), tree(node.children[1])
    condition = conditions.condition(context, inner)
    if keyword != "when":
        draft.obligations.append(Obligation(Polarity(str(keyword)), condition, origin=context.origin(node)))
    elif draft.when is None:
        draft.when = condition
    else:
        hint = "join the two conditions with `and` in one block, or write two rules"
        context.report("E122", "a rule has at most one `when` block", keyword, hint)


def add_header(context: Context, draft: Draft, node: Node) -> None:
    """Add one piece of metadata, or the scope."""
    keyword = token(node.children[0])
    name = "scope" if keyword.type in {"PER_TRACE", "ACROSS_TRACES"} else str(keyword)
    if getattr(draft, name) is not None:
        context.report("E121", f"`{name}` is given twice", keyword, "keep one of them")
        return
    values = [token(child) for child in node.children[1:] if isinstance(child, Token)]
    match name:
        case "scope":
            draft.scope = _scope(context, node)
        case "severity":
            draft.severity = _choice(context, Severity, values[0], "severity")
        case "category":
            draft.category = _choice(context, Category, values[0], "category")
        case "tags":
            draft.tags = tuple(base.text_of(context, value) for value in values)
        case "controls":
            draft.controls = tuple(base.text_of(context, value) for value in values)
        case "aliases":
            draft.aliases = tuple(base.text_of(context, value) for value in values)
        case "runbook":
            draft.runbook = base.text_of(context, values[0])
        case "description":
            draft.description = base.text_of(context, values[0])
        case _:
            draft.display = display(context, values[0])


def _choice(context: Context, known: type[Choice], word: Token, what: str) -> Choice | None:
    values = [choice.value for choice in known]
    if word in values:
        return known(str(word))
    hint = did_you_mean(word, values) or f"it is one of {choices(values)}"
    context.report("E123", f"`{word}` is not a {what}", word, hint)
    return None


def _scope(context: Context, node: Node) -> RuleScope:
    origin = context.origin(node)
    match node.data:
        case "per_trace":
            return RuleScope(ScopeKind.TRACE, origin=origin)
        case "all_traces":
            return RuleScope(ScopeKind.ALL, origin=origin)
        case _:
            key = _scope_key(context, tree(node.children[2]))
            return RuleScope(ScopeKind.KEY, key, origin=origin)


def _scope_key(context: Context, node: Node) -> Path:
    key = base.path(context, node)
    if key.kind is PathKind.INTRINSIC:
        hint = "name a span or resource attribute, such as `user.id`"
        context.report("E124", f"traces are joined by an attribute, and `{key.key}` is none", node, hint)
    return key


def add(context: Context, draft: Draft, node: Node) -> None:
    """Add one part of a rule that was parsed on its own."""
    match node.data:
        case "block":
            add_block(context, draft, node)
        case "example":
            draft.examples.append(examples.example(context, node))
        case "per_trace" | "all_traces" | "keyed" | "severity" | "category" | "tags":
            add_header(context, draft, node)
        case "controls" | "aliases" | "runbook" | "description" | "display":
            add_header(context, draft, node)
        case _:
            add_bare(context, draft, node)
