"""Lowering of rules: from the checked syntax tree to clauses and a plan for each rule.

Every rule becomes a scope, the matches of its ``when``, a condition for each obligation, and a predicate of failures::

    failure(C, X) :- when(C, X), not always(C, X).      failure(C, X) :- when(C, X), never(C, X).
"""

from __future__ import annotations

from dataclasses import replace

from fluo_logic.lang import syntax as s
from fluo_logic.logic import Atom, Compare, Const, Field, Literal, Not, ObligationPlan, Program, RulePlan, Sort, Var
from fluo_logic.translate.conditions import define, define_exporting
from fluo_logic.translate.context import Context, Environment, origin_of
from fluo_logic.translate.free import bound_by
from fluo_logic.translate.spans import field_of
from fluo_logic.values import Mode


def lower(ruleset: s.Ruleset) -> Program:
    """Return the program of a rule set; equal predicates of one span are defined once for all its rules."""
    context = Context()
    plans = tuple(_lower_rule(rule, context) for rule in ruleset.rules)
    return Program(tuple(context.clauses), plans)


def _lower_rule(rule: s.Rule, context: Context) -> RulePlan:
    scope, member, key = _scope(rule, context)
    scope_term = scope.args[0]
    whole = origin_of(rule.id, rule.origin)
    outside = Environment(rule.id, scope_term, member.predicate, (scope,))
    when, variables = _when(rule, outside, context)
    inside = replace(outside, guard=(when,), bound=tuple((label.removeprefix("$"), var) for label, var in variables))
    obligations = tuple(
        _obligation(rule, number, obligation, inside, when, context)
        for number, obligation in enumerate(rule.obligations)
    )
    return RulePlan(
        rule=rule.id,
        scope_kind=rule.scope.kind.value,
        scope_key=key,
        scope=replace(scope, origin=whole),
        member=member,
        when=when,
        obligations=obligations,
        variables=tuple(var for _, var in variables),
    )


def _when(rule: s.Rule, outside: Environment, context: Context) -> tuple[Atom, list[tuple[str, Var]]]:
    if rule.when is None:
        return outside.guard[0] if isinstance(outside.guard[0], Atom) else _never(), []
    exports = [(name, context.variable(Sort.SPAN, "X", f"${name}")) for name in bound_by(rule.when)]
    inner = outside.extended(exports, ())
    atom = define_exporting(rule.when, exports, f"{rule.id}_when", inner, context)
    return atom, [(f"${name}", var) for name, var in exports]


def _never() -> Atom:
    message = "the guard of a rule is its scope"
    raise TypeError(message)


def _obligation(
    rule: s.Rule, number: int, obligation: s.Obligation, inside: Environment, when: Atom, context: Context
) -> ObligationPlan:
    polarity = obligation.polarity.value
    origin = origin_of(rule.id, obligation.condition.origin)
    condition = define(obligation.condition, f"{rule.id}_{polarity}", inside, context)
    failure = Atom(context.predicate(f"{rule.id}_fails_{number + 1}"), when.args, origin)
    tail: Literal = Not(condition, origin) if obligation.polarity is s.Polarity.ALWAYS else condition
    context.add(failure, (when, tail), origin)
    return ObligationPlan(polarity, condition, failure, origin)


def _scope(rule: s.Rule, context: Context) -> tuple[Atom, Atom, Field | None]:
    """Return the atoms of scopes and of their members, defined once for each kind and key."""
    origin = replace(origin_of(rule.id, rule.scope.origin or rule.origin), text=_scope_text(rule.scope))
    span, trace, name = Var("S", Sort.SPAN), Var("T", Sort.TRACE), Var("N", Sort.TEXT)
    in_trace = Atom("span", (trace, span, name), origin)
    key = None
    scope_term: Var | Const
    match rule.scope:
        case s.RuleScope(kind=s.ScopeKind.TRACE):
            label, scope_term = "in_trace", trace
        case s.RuleScope(kind=s.ScopeKind.ALL):
            label, scope_term = "in_all_traces", Const("")
        case s.RuleScope(key=s.Path() as path):
            key = field_of(span, path)
            label, scope_term = f"in_{path.key}", Var("C", Sort.TEXT)
        case _:
            message = "a keyed scope has a key"
            raise TypeError(message)
    shared = f"scope {rule.scope.kind} {key}"
    if shared not in context.shared:
        context.shared[shared] = context.predicate(label)
        context.shared[f"{shared} itself"] = context.predicate(label.replace("in_", "scope_", 1))
        member = Atom(context.shared[shared], (scope_term, span), origin)
        if key is None:
            context.add(member, [in_trace], origin)
        else:
            _keyed_members(member, key, context)
        # All traces together are one scope, even where there is none.
        some_span = [member] if isinstance(scope_term, Var) else []
        context.add(Atom(context.shared[f"{shared} itself"], (scope_term,), origin), some_span, origin)
    member = Atom(context.shared[shared], (scope_term, span), origin)
    return Atom(context.shared[f"{shared} itself"], (scope_term,), origin), member, key


def _scope_text(scope: s.RuleScope) -> str:
    return scope.kind.value if scope.key is None else f"{scope.kind.value} {scope.key.key}"


def _keyed_members(member: Atom, key: Field, context: Context) -> None:
    """Define membership by key: a span's own value, or else the one value that its trace has."""
    origin = member.origin
    if origin is None:
        message = "a scope has an origin"
        raise TypeError(message)
    trace, span, other_value = Var("T", Sort.TRACE), Var("S", Sort.SPAN), Var("D", Sort.TEXT)
    value = Var("C", Sort.TEXT)

    def own(text: Var) -> Atom:
        return Atom("text", (span, Const(key.space), Const(key.key), text), origin)

    in_trace = Atom("span", (trace, span, Var("N", Sort.TEXT)), origin)
    has_own = Atom(context.predicate(f"{member.predicate}_own"), (span,), origin)
    trace_value = Atom(context.predicate(f"{member.predicate}_of_trace"), (trace, value), origin)
    ambiguous = Atom(context.predicate(f"{member.predicate}_ambiguous"), (trace,), origin)
    context.add(member, [own(value)], origin)
    context.add(has_own, [own(value)], origin)
    context.add(trace_value, [in_trace, own(value)], origin)
    other = Atom(trace_value.predicate, (trace, other_value), origin)
    differ = Not(Compare(value, "==", other_value, Mode.TEXT, origin), origin)
    context.add(ambiguous, [trace_value, other, differ], origin)
    context.add(member, [in_trace, trace_value, Not(has_own, origin), Not(ambiguous, origin)], origin)
