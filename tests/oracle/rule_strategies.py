"""Random rules, well-formed by construction: variables are bound where they are used, and types fit.

`rules` takes the features that an engine can express; the others do not occur in what it draws.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

from hypothesis import strategies as st

from fluo_logic.facts.model import Kind, Status
from fluo_logic.lang import syntax as sx
from fluo_logic.lang.aliases import alias_mistakes, with_aliases
from tests.oracle import build as b
from tests.oracle import vocabulary as words

FEATURES: Final = frozenset(
    {
        "aggregates",  # count, sum, … over patterns; with "relations" also over relations
        "arithmetic",  # + - * between measures
        "cross-trace",  # scopes that span traces
        "disjunction",  # or between conditions
        "distinct",  # count distinct
        "events",  # event(name).where(…)
        "links",  # linked to, linked from
        "measures",  # comparisons of values of variables outside of where
        "negation",  # not before conditions
        "order-text",  # < <= > >= between texts
        "regex",  # matches
        "relations",  # time relations
        "sums",  # sum, min, max, avg
        "tree",  # child of … sibling of
        "variables",  # as $x
        "windows",  # count … within
        "within",  # before/after … within
    }
)
EQUALITY: Final = ("==", "!=")
ORDER: Final = ("<", "<=", ">", ">=")
TEXT: Final = ("contains", "starts_with", "ends_with")
MEMBERSHIP: Final = ("in", "not in")
TIME: Final = ("before", "after", "before", "after", "during", "covers", "overlaps")
TREE: Final = ("child of", "parent of", "descendant of", "ancestor of", "sibling of")
MEMBERS: Final[tuple[str | int, ...]] = ("x", 1, 4)
LIST_ITEMS: Final[tuple[str | int | float | bool | sx.Duration, ...]] = (
    *words.TEXT_LITERALS,
    *words.NUMBER_LITERALS,
    True,
)
PATTERN_NAMES: Final = ("a", "a", "b", "a", "b", "c", words.NAMES[3], None)
LINKS: Final = ("linked to", "linked from")

T = TypeVar("T")
Scope = tuple[str, ...]
"""The variables in sight."""


@functools.cache
def below(count: int) -> st.SearchStrategy[int]:
    """A number from 0 to ``count`` exclusive; strategies are slow to make, so each is made once."""
    return st.integers(0, count - 1)


class _Writer:
    """Writes one rule from hypothesis' choices; the first choice of each is the simplest, for shrinking."""

    def __init__(self, draw: st.DrawFn, features: frozenset[str]) -> None:
        if not features <= FEATURES:
            message = f"unknown features: {sorted(features - FEATURES)}"
            raise ValueError(message)
        self._draw = draw
        self._features = features
        self._names = 0

    def _pick(self, options: tuple[T, ...]) -> T:
        return options[self._draw(below(len(options)))]

    def _one_of(self, *options: tuple[bool, Callable[[], T]]) -> T:
        return self._pick(tuple(write for is_offered, write in options if is_offered))()

    def _measure(self, *options: tuple[bool, Callable[[], sx.Measure]]) -> sx.Measure:
        return self._one_of(*options)

    def _has(self, *features: str) -> bool:
        return self._features.issuperset(features)

    def _seldom(self, one_in: int = 4) -> bool:
        return self._draw(below(one_in)) == one_in - 1

    def _new_variable(self) -> str:
        self._names += 1
        return "xyzuvw"[self._names - 1] if self._names <= len("xyzuvw") else f"v{self._names}"

    # --- predicates of one span

    def predicate(self, sight: Scope, depth: int = 1, *, of_event: bool = False) -> sx.Predicate:
        return self._one_of(
            (True, lambda: self._comparison(sight)),
            (True, lambda: self._comparison(sight)),
            (not of_event, lambda: self._intrinsic(sight)),
            (True, lambda: b.true(self._pick(("flag", "k")))),
            (True, lambda: b.present(self._pick(words.KEYS))),
            (self._has("events") and not of_event, lambda: self._event(sight)),
            (depth > 0, lambda: b.p_not(self.predicate(sight, depth - 1, of_event=of_event))),
            (depth > 0, lambda: b.p_or(*self._predicates(sight, depth - 1, of_event=of_event))),
            (depth > 0, lambda: b.p_and(*self._predicates(sight, depth - 1, of_event=of_event))),
        )

    def _predicates(self, sight: Scope, depth: int, *, of_event: bool) -> list[sx.Predicate]:
        return [self.predicate(sight, depth, of_event=of_event) for _ in range(2)]

    def _event(self, sight: Scope) -> sx.HasEvent:
        inner = self.predicate(sight, 1, of_event=True) if self._seldom(2) else None
        return b.event(self._pick(words.EVENTS), inner)

    def _comparison(self, sight: Scope) -> sx.Comparison:
        key = self._pick((*words.KEYS, "resource:service.name"))
        return self._one_of(
            (True, lambda: b.cmp(key, self._pick(EQUALITY + ORDER), self._pick(words.NUMBER_LITERALS))),
            (True, lambda: b.cmp(key, self._pick(EQUALITY + TEXT), self._pick(words.TEXT_LITERALS))),
            (self._has("order-text"), lambda: b.cmp(key, self._pick(ORDER), self._pick(words.TEXT_LITERALS))),
            (True, lambda: b.cmp(key, self._pick(EQUALITY), self._pick((True, False)))),
            (True, lambda: b.cmp(key, "contains", self._pick(words.NUMBER_LITERALS))),
            (True, lambda: b.cmp(key, self._pick(MEMBERSHIP), self._literals())),
            (self._has("regex"), lambda: b.cmp(key, "matches", self._pick(words.REGEXES))),
            (True, lambda: b.cmp(key, self._value_operator(), b.own(self._pick(words.KEYS)))),
            (bool(sight), lambda: b.cmp(key, self._value_operator(), self._value(sight))),
        )

    def _value_operator(self) -> str:
        """An operator between two attributes, which may both be texts."""
        return self._pick(EQUALITY + MEMBERSHIP + TEXT + (ORDER if self._has("order-text") else ()))

    def _literals(self) -> list[str | int | float | bool | sx.Duration]:
        return [self._pick(LIST_ITEMS) for _ in range(self._pick((1, 2, 3)))]

    def _value(self, sight: Scope) -> sx.VariableValue:
        return b.val(self._pick(sight), self._pick((*words.KEYS, "tenant")))

    def _intrinsic(self, sight: Scope) -> sx.Predicate:
        kinds, statuses = tuple(kind.value for kind in Kind), tuple(status.value for status in Status)
        return self._one_of(
            (True, lambda: b.cmp("span:kind", self._pick(EQUALITY), self._pick(kinds))),
            (True, lambda: b.cmp("span:status", self._pick(EQUALITY), self._pick(statuses))),
            (True, lambda: b.cmp("span:kind", self._pick(MEMBERSHIP), [self._pick(kinds), self._pick(kinds)])),
            (True, lambda: b.cmp("span:name", self._pick(EQUALITY + TEXT), self._pick(words.NAMES))),
            (True, lambda: b.true(self._pick(("span:root", "span:orphan")))),
            (True, lambda: b.cmp("span:status_message", "==", self._pick(words.MESSAGES))),
            (True, lambda: b.cmp("scope:name", "==", self._pick(words.SCOPES))),
            (True, lambda: b.present(self._pick(("span:parent_id", "span:start", "span:end", "span:duration")))),
            (True, lambda: b.cmp("span:duration", self._pick(EQUALITY + ORDER), self._duration())),
            (True, lambda: b.cmp("span:duration", self._pick(MEMBERSHIP), [self._duration(), self._duration()])),
            (True, lambda: b.cmp(self._time(), self._pick(EQUALITY + ORDER), self._instant())),
            (bool(sight), lambda: self._intrinsic_of_variable(sight)),
        )

    def _intrinsic_of_variable(self, sight: Scope) -> sx.Predicate:
        variable = self._pick(sight)
        return self._one_of(
            (True, lambda: b.cmp(self._time(), self._pick(EQUALITY + ORDER), b.val(variable, self._time()))),
            (
                True,
                lambda: b.cmp("span:duration", self._pick(EQUALITY + ORDER), b.val(variable, "span:duration")),
            ),
            (True, lambda: b.cmp("span:parent_id", self._pick(EQUALITY), b.val(variable, "span:id"))),
            (True, lambda: b.cmp("trace:id", self._pick(EQUALITY), b.val(variable, "trace:id"))),
            (True, lambda: b.cmp("span:kind", self._pick(EQUALITY), b.val(variable, "span:kind"))),
        )

    def _duration(self) -> sx.Duration:
        return sx.Duration(self._pick(words.DURATIONS), origin=b.ORIGIN)

    def _time(self) -> str:
        return self._pick(("span:start", "span:end"))

    def _instant(self) -> sx.Instant:
        seconds = self._pick((0, *words.STARTS))
        return sx.Instant(self._pick(words.EPOCHS) + seconds * b.SECOND, origin=b.ORIGIN)

    # --- patterns and relations

    def pattern(self, sight: Scope, variable: str | None = None) -> sx.Pattern:
        name = self._pick(PATTERN_NAMES)
        count = self._pick((0, 0, 0, 0, 1, 1, 2))
        predicates = [self.predicate(sight) for _ in range(count)]
        return b.pat(name, *predicates, var=variable)

    def _relation_kinds(self) -> tuple[str, ...]:
        offered = (("relations", TIME), ("tree", TREE), ("links", LINKS))
        return tuple(kind for feature, kinds in offered if self._has(feature) for kind in kinds)

    def _relation(self, sight: Scope, left: sx.SpanTerm, right: sx.SpanTerm | None = None) -> sx.Relation:
        kind = self._pick(self._relation_kinds())
        other = self._term(sight) if right is None else right
        has_limit = kind in {"before", "after"} and self._has("within") and not self._seldom(3)
        return sx.Relation(left, sx.RelationKind(kind), other, self._duration() if has_limit else None, origin=b.ORIGIN)

    def _term(self, sight: Scope) -> sx.SpanTerm:
        if sight and self._seldom(2):
            return b.var(self._pick(sight))
        return self.pattern(sight)

    # --- measures

    def _aggregate(self, sight: Scope) -> sx.Aggregate:
        """A number."""
        over = self._over(sight)
        function, of = self._one_of(
            (True, lambda: ("count", None)),
            (self._has("distinct"), lambda: ("count distinct", self._pick((*words.KEYS, "span:duration")))),
            (self._has("sums"), lambda: (self._pick(("sum", "min", "max", "avg")), self._pick(("n", "k")))),
        )
        windowed = function in {"count", "count distinct", "sum"} and self._has("windows") and self._seldom(3)
        limit = sx.Duration(self._pick(words.DURATIONS[2:]), origin=b.ORIGIN) if windowed else None
        path = None if of is None else b.path(of)
        return sx.Aggregate(sx.Function(function), over, path, limit, origin=b.ORIGIN)

    def _over(self, sight: Scope) -> sx.Pattern | sx.Relation:
        if not self._relation_kinds() or not self._seldom(2):
            return self.pattern(sight)
        if self._has("variables") and self._seldom():
            # A variable inside the aggregate lives there only.
            name = self._new_variable()
            return self._relation(sight, self.pattern(sight, name), self.pattern((*sight, name)))
        return self._relation(sight, self.pattern(sight))

    def _number(self, sight: Scope, depth: int = 1) -> sx.Measure:
        return self._measure(
            (self._has("aggregates"), lambda: self._aggregate(sight)),
            (bool(sight), lambda: b.val(self._pick(sight), "n")),
            (self._has("arithmetic") and depth > 0, lambda: self._arithmetic(sight, depth - 1)),
        )

    def _arithmetic(self, sight: Scope, depth: int) -> sx.Arithmetic:
        right = b.lit(self._pick(words.NUMBER_LITERALS)) if self._seldom(2) else self._number(sight, depth)
        return b.calc(self._number(sight, depth), self._pick(("+", "-", "*")), right)

    def _length(self, sight: Scope) -> sx.Measure:
        """A length of time."""
        return self._measure(
            (bool(sight), lambda: b.val(self._pick(sight), "span:duration")),
            (
                self._has("aggregates", "sums"),
                lambda: b.agg(self._pick(("sum", "min", "max", "avg")), self._over(sight), "span:duration"),
            ),
            (
                bool(sight) and self._has("arithmetic"),
                lambda: b.calc(b.val(self._pick(sight), self._time()), "-", b.val(self._pick(sight), self._time())),
            ),
        )

    def _measure_comparison(self, sight: Scope) -> sx.MeasureComparison:
        has_number = bool(sight) or self._has("aggregates")
        has_length = bool(sight) or self._has("aggregates", "sums")
        values = bool(sight) and self._has("measures")
        return self._one_of(
            (has_number, lambda: self._number_comparison(sight)),
            (has_number, lambda: self._number_comparison(sight)),
            (has_length, lambda: b.meas(self._length(sight), self._pick(EQUALITY + ORDER), self._duration())),
            (values, lambda: b.meas(self._value(sight), self._pick(EQUALITY), self._pick(words.TEXT_LITERALS))),
            (values, lambda: b.meas(self._value(sight), self._between_values(), self._value(sight))),
            (values, lambda: b.meas(self._value(sight), self._pick(MEMBERSHIP), self._literals())),
            (values, lambda: b.meas(b.lit(self._pick(MEMBERS)), self._pick(MEMBERSHIP), self._value(sight))),
            (values, lambda: self._time_comparison(sight)),
        )

    def _number_comparison(self, sight: Scope) -> sx.MeasureComparison:
        number, operator = self._number(sight), self._pick(EQUALITY + ORDER)
        if self._seldom():
            return b.meas(number, operator, self._number(sight))
        literal = b.lit(self._pick((*words.NUMBER_LITERALS[:4], 3, *words.NUMBER_LITERALS)))
        return b.meas(literal, operator, number) if self._seldom() else b.meas(number, operator, literal)

    def _between_values(self) -> str:
        return self._pick(EQUALITY + MEMBERSHIP + (ORDER if self._has("order-text") else ()))

    def _time_comparison(self, sight: Scope) -> sx.MeasureComparison:
        left = b.val(self._pick(sight), self._time())
        right = self._instant() if self._seldom() else b.val(self._pick(sight), self._time())
        return b.meas(left, self._pick(EQUALITY + ORDER), right)

    # --- conditions

    def condition(self, sight: Scope, depth: int, exports: Scope = ()) -> sx.Condition:
        """A condition that binds the ``exports`` in every branch."""
        if depth > 0 and self._has("disjunction") and self._seldom(5):
            return b.either(*(self._conjunction(sight, depth - 1, exports) for _ in range(2)))
        return self._conjunction(sight, depth, exports)

    def _conjunction(self, sight: Scope, depth: int, exports: Scope) -> sx.Condition:
        own = [*exports]
        if self._has("variables") and len(own) + len(sight) < 3 and self._seldom(3):  # noqa: PLR2004
            own.append(self._new_variable())
        inner = (*sight, *own)
        parts: list[sx.Condition] = []
        while own:
            parts.append(self._binder(own, inner))
        extra = self._pick((0, 1, 1, 2)) if parts else self._pick((1, 1, 2))
        parts += [self._part(inner, depth) for _ in range(extra)]
        turn = self._draw(below(len(parts)))  # a variable may be used before it is bound
        parts = parts[turn:] + parts[:turn]
        return parts[0] if len(parts) == 1 else b.both(*parts)

    def _binder(self, names: list[str], sight: Scope) -> sx.Condition:
        """A condition that binds the first one or two of ``names`` and takes them off the list."""
        first = self.pattern(sight, names.pop(0))
        if not self._relation_kinds() or not self._seldom(2):
            return b.has(first)
        second = self.pattern(sight, names.pop(0)) if names and self._seldom(2) else None
        return sx.Related(self._relation(sight, first, second), origin=b.ORIGIN)

    def _part(self, sight: Scope, depth: int) -> sx.Condition:
        measures = self._has("aggregates") or (bool(sight) and self._has("measures"))
        return self._one_of(
            (True, lambda: b.has(self.pattern(sight))),
            (bool(self._relation_kinds()), lambda: self._related(sight)),
            (bool(self._relation_kinds()), lambda: self._related(sight)),
            (measures, lambda: self._measure_comparison(sight)),
            (measures, lambda: self._measure_comparison(sight)),
            (len(sight) > 1, lambda: b.same(sight[0], sight[1], negated=self._seldom(2))),
            (bool(sight) and self._has("measures"), lambda: b.var_true(self._pick(sight), "flag")),
            (depth > 0 and self._has("negation"), lambda: b.no(self.condition(sight, depth - 1))),
            (depth > 0 and self._has("disjunction"), lambda: self.condition(sight, depth - 1)),
        )

    def _related(self, sight: Scope) -> sx.Related:
        return sx.Related(self._relation(sight, self._term(sight)), origin=b.ORIGIN)

    # --- rules

    def rule(self) -> sx.Rule:
        bound: Scope = ()
        when = None
        if not self._seldom():
            if self._has("variables"):
                bound = tuple(self._new_variable() for _ in range(self._pick((0, 1, 1, 2))))
            # Most matches are easy, so that there is something to meet.
            when = self.condition((), 1, bound) if self._seldom(3) else self._easy_condition(bound)
        obligations = tuple(self._obligation(bound) for _ in range(self._pick((1, 1, 1, 2))))
        rule = sx.Rule("random", "", sx.Metadata(), self._scope(), when, obligations, origin=b.ORIGIN)
        return with_aliases(replace(rule, metadata=sx.Metadata(aliases=self._aliases(rule))))

    def _aliases(self, rule: sx.Rule) -> tuple[str, ...]:
        """Older names for some keys that the rule may read, none of which the language refuses."""
        if not self._seldom(3):
            return ()
        older = dict.fromkeys(f"{self._pick(words.KEYS)} = {self._pick(words.KEYS)}" for _ in range(2))
        wished = replace(rule, metadata=sx.Metadata(aliases=tuple(older)))
        refused = {text for text, _, _ in alias_mistakes(wished)}
        return tuple(text for text in older if text not in refused)

    def _easy_condition(self, names: Scope) -> sx.Condition:
        parts = [b.has(self.pattern(names, name)) for name in names] or [b.has(self.pattern(()))]
        return parts[0] if len(parts) == 1 else b.both(*parts)

    def _obligation(self, sight: Scope) -> sx.Obligation:
        polarity = self._pick((sx.Polarity.ALWAYS, sx.Polarity.NEVER))
        return sx.Obligation(polarity, self.condition(sight, 2), origin=b.ORIGIN)

    def _scope(self) -> sx.RuleScope:
        per_trace = sx.RuleScope()
        if not self._has("cross-trace"):
            return per_trace
        by_key = tuple(sx.RuleScope(sx.ScopeKind.KEY, b.path(key), origin=b.ORIGIN) for key in words.SCOPE_KEYS)
        return self._pick((per_trace, per_trace, *by_key, sx.RuleScope(sx.ScopeKind.ALL)))


@st.composite
def rules(draw: st.DrawFn, *, features: frozenset[str] = FEATURES) -> sx.Rule:
    """A well-formed rule that uses only the given features."""
    return _Writer(draw, features).rule()


@st.composite
def predicates(draw: st.DrawFn, *, features: frozenset[str] = FEATURES) -> sx.Predicate:
    """A predicate of one span that mentions no variable."""
    return _Writer(draw, features).predicate(())
