"""The finite vocabulary of rules: which names, fields, values and durations a generated trace needs.

Every field that a rule compares gets the values at, just below and just above each literal, the other kinds of value,
and fresh ones; of those that no comparison of the rules tells apart, one is kept (a few, where fields are compared
with each other).  Comparisons are evaluated on these values with `fluo_logic.values`, so no solver sees a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from types import MappingProxyType
from typing import Final, TypeAlias

from fluo_logic.errors import UnsupportedError
from fluo_logic.facts.model import Kind, Status
from fluo_logic.facts.terms import arithmetic
from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    Present,
    Program,
    Sort,
    Term,
    Unit,
    Var,
)
from fluo_logic.values import Value, as_number, canonical_text, compare

Key: TypeAlias = tuple[str, str]
"""The space and the key of a field."""
FRESH: Final = 3
"""How many values of one kind are told apart where fields are compared with each other."""
MOST_FRESH: Final = 10
"""How many at most, where distinct values are counted."""
TIMES: Final = frozenset({"span:start", "span:end", "span:duration"})
FIXED: Final = ("span:name", "span:kind", "span:status", "span:root")
"""Intrinsics that every span has."""
OTHER_NAME: Final = "other"
SAMPLES: Final = 24
"""How many texts are drawn for a regular expression."""
Hints: TypeAlias = Mapping[Key, Sequence[Value]]
"""Values that fields may have, beside those that stand in comparisons."""
NO_HINTS: Final[Hints] = MappingProxyType({})


def unsupported(reason: str) -> UnsupportedError:
    """Return the error for a rule that the bounded encoding cannot express."""
    return UnsupportedError(code="U401", message=reason)


def fields_of(term: Term) -> tuple[Field, ...]:
    """Return the fields in a term, left to right."""
    match term:
        case Field():
            return (term,)
        case Arith(left=left, right=right):
            return (*fields_of(left), *fields_of(right))
        case _:
            return ()


def literal_fields(literal: Compare | Present) -> tuple[Field, ...]:
    """Return the distinct fields of a comparison."""
    found = (literal.term,) if isinstance(literal, Present) else (*fields_of(literal.left), *fields_of(literal.right))
    return tuple(dict.fromkeys(found))


def is_timed(literal: Compare | Present) -> bool:
    """Return whether a comparison is one of times."""
    return any(one.space == "intrinsic" and one.key in TIMES for one in literal_fields(literal))


def key_of(term: Field) -> Key:
    """Return what a field is of any span."""
    return (term.space, term.key)


def evaluated(literal: Compare | Present, values: dict[Field, Value | None]) -> bool:
    """Return the truth of a comparison for given values of its fields."""
    if isinstance(literal, Present):
        return values[literal.term] is not None
    return compare(literal.op, _value(literal.left, values), _value(literal.right, values), literal.mode)


def _value(term: Term, values: dict[Field, Value | None]) -> Value | None:
    match term:
        case Const(value=value):
            return value
        case Field():
            return values[term]
        case Arith(op=op, left=left, right=right):
            return arithmetic(op, _value(left, values), _value(right, values))
        case Var():
            message = "a comparison of fields holds the result of an aggregate"
            raise unsupported(message)


def literals_of(program: Program) -> Iterator[Literal]:
    """Yield every literal, without its negation."""
    for clause in program.clauses:
        for literal in clause.body:
            yield literal.literal if isinstance(literal, Not) else literal


@dataclass(slots=True)
class Vocabulary:
    """What traces are generated over: ``values`` of each field, None among them where it may be missing."""

    names: list[str] = field(default_factory=list)
    values: dict[Key, list[Value | None]] = field(default_factory=dict)
    events: list[str] = field(default_factory=list)
    durations: set[int] = field(default_factory=set)
    linked: bool = False
    counted: int = 0
    """The largest number that a count is compared with."""


def vocabulary_of(program: Program, hints: Hints = NO_HINTS) -> Vocabulary:
    """Return the vocabulary of a program; raises UnsupportedError for what cannot be enumerated."""
    found = Vocabulary()
    compared: list[Compare | Present] = []
    for literal in literals_of(program):
        match literal:
            case Atom():
                _atom(literal, found)
            case Compare() | Present():
                _constants(literal, found)
                if literal_fields(literal) and not is_timed(literal):
                    compared.append(literal)
            case Aggregate(function=function, target=target, window=window):
                if function not in {"count", "count distinct"}:
                    message = f"it compares a {function} of values"
                    raise unsupported(message)
                if target is not None:
                    if target.key in TIMES:
                        message = "it counts distinct times"
                        raise unsupported(message)
                    found.values.setdefault(key_of(target), [])
                if window is not None:
                    found.durations.add(window)
            case Not():
                continue
    _fill(found, compared, hints)
    return found


def _atom(atom: Atom, found: Vocabulary) -> None:
    match atom:
        case Atom(predicate="span", args=(_, _, Const(value=str() as name))) if name not in found.names:
            found.names.append(name)
        case Atom(predicate="event", args=(_, _, Const(value=str() as name))) if name not in found.events:
            found.events.append(name)
        case Atom(predicate="link"):
            found.linked = True
        case Atom(predicate="text", args=(_, Const(value=str() as space), Const(value=str() as key), _)):
            found.values.setdefault((space, key), [])
        case _:
            return


def _constants(literal: Compare | Present, found: Vocabulary) -> None:
    if isinstance(literal, Present):
        return
    sides = [term for side in (literal.left, literal.right) for term in _leaves(side)]
    counts = any(isinstance(term, Var) and term.sort is Sort.NUMBER for term in sides)
    for term in sides:
        match term:
            case Const(value=int() as number, unit=Unit.DURATION):
                found.durations.add(abs(number))
            case Const(unit=Unit.TIME):
                message = "it names a point in time"
                raise unsupported(message)
            case Const(value=int() as number) if counts:
                found.counted = max(found.counted, number)
            case _:
                continue


def _leaves(term: Term) -> Iterator[Term]:
    if isinstance(term, Arith):
        yield from _leaves(term.left)
        yield from _leaves(term.right)
    else:
        yield term


# --- values -------------------------------------------------------------------------------------------------------


def _fill(found: Vocabulary, compared: Sequence[Compare | Present], hints: Hints) -> None:
    # Distinct values that are counted are as many as they are counted to.
    fresh = max(FRESH, min(found.counted, MOST_FRESH) + 1)
    group: dict[Key, set[Key]] = {key: {key} for key in found.values}
    joined: set[Key] = set(found.values)
    for literal in compared:
        keys = {key_of(one) for one in literal_fields(literal)}
        merged = set().union(*(group.get(key, {key}) for key in keys))
        for key in merged:
            group[key] = merged
        if len(literal_fields(literal)) > 1:
            joined |= keys
    for key in list(group):
        twin = ("resource", key[1])
        if key[0] == "attribute" and twin in group:
            merged = group[key] | group[twin]
            for one in merged:
                group[one] = merged
            joined |= {key, twin}
    for key, members in group.items():
        own = [one for one in compared if {key_of(part) for part in literal_fields(one)} == {key}]
        near = [one for one in compared if {key_of(part) for part in literal_fields(one)} & members]
        given = [value for one in near for part in literal_fields(one) for value in hints.get(key_of(part), ())]
        pool: list[Value | None] = _intrinsic_pool(key, found, near, fresh, given) or [
            None,
            *_pool(near, fresh, given),
        ]
        for literal in own:
            if not isinstance(literal, Compare) or literal.op != "matches":
                continue
            if not any(_true_of(literal, value) for value in pool):
                message = f"no text is generated that matches `{_pattern(literal)}`"
                raise unsupported(message)
        found.values[key] = _distinct(pool, own, fresh if members & joined else 1)
    extra = [name for name in found.values.get(("intrinsic", "span:name"), []) if isinstance(name, str)]
    found.names = list(dict.fromkeys([*found.names, *extra]))
    other = OTHER_NAME
    while other in found.names:
        other += "-span"
    if not extra:
        found.names.append(other)
    elif ("intrinsic", "span:name") in found.values:
        found.values["intrinsic", "span:name"] = list(found.names)


def _true_of(one: Compare | Present, value: Value | None) -> bool:
    """Return whether a comparison of one field is true of a value of it."""
    return evaluated(one, dict.fromkeys(literal_fields(one), value))


def _pattern(one: Compare) -> str:
    """Return the regular expression of a comparison, empty where it is no constant."""
    return one.right.value if isinstance(one.right, Const) and isinstance(one.right.value, str) else ""


def _matching(one: Compare) -> Iterator[str]:
    """Yield texts that match a regular expression, as RE2 has it, the shortest of some."""
    from rstr import Rstr  # noqa: PLC0415 - only where a rule has a regular expression

    drawn: list[str] = []
    for seed in range(SAMPLES):
        try:
            # A space is a space to every engine; what else is one, they do not agree on.
            drawn.append(Rstr(Random(seed)).xeger(_pattern(one).replace("\\s", " ")))  # noqa: S311 - the same in each run
        except Exception:  # noqa: BLE001 - RE2 has what the parser of the library refuses, in ways of its own
            return
    matching = [text for text in drawn if _true_of(one, text)]
    yield from sorted(matching, key=lambda text: (len(text), text))[:3]


def _intrinsic_pool(
    key: Key, found: Vocabulary, near: Sequence[Compare | Present], fresh: int, given: Sequence[Value]
) -> list[Value | None]:
    if key[0] != "intrinsic":
        return []
    match key[1]:
        case "span:name":
            texts = [value for value in _pool(near, fresh, given) if isinstance(value, str) and value]
            return list(dict.fromkeys([*found.names, *texts, *(f"{OTHER_NAME}-{n}" for n in range(1, fresh + 1))]))
        case "span:kind":
            return [Kind.INTERNAL.value, *(kind.value for kind in Kind if kind is not Kind.INTERNAL)]
        case "span:status":
            return [status.value for status in Status]
        case "span:root":
            return [True, False]
        case "span:status_message" | "scope:name":
            return [None, *(value for value in _pool(near, fresh, given) if isinstance(value, str) and value)]
        case name:
            message = f"it asks for `{name}`"
            raise unsupported(message)


def _pool(near: Sequence[Compare | Present], most: int, given: Sequence[Value]) -> list[Value]:
    """Return values at, beside and unlike each literal, and those that are given."""
    literals: list[Value] = []
    pieces: list[str] = []
    samples: list[str] = []
    for one in near:
        if isinstance(one, Present):
            continue
        for side in (*_leaves(one.left), *_leaves(one.right)):
            if isinstance(side, Const):
                items = side.value if isinstance(side.value, tuple) else (side.value,)
                literals.extend(items)
                if one.op == "matches" and isinstance(side.value, str):
                    pieces.extend(side.value.strip("^$").split("|"))
                    samples.extend(_matching(one))
                elif one.op in {"contains", "starts_with", "ends_with"}:
                    pieces.append(canonical_text(side.value))
    numbers = sorted({number for value in literals if (number := as_number(value)) is not None})
    beside: list[Value] = []
    if numbers:
        beside += [numbers[0] - 1, numbers[-1] + 1]
        for low, high in pairwise(numbers):
            whole = int(low) + 1
            beside.append(whole if low < whole < high else (low + high) / 2)
    texts = [piece for piece in dict.fromkeys(pieces) if piece]
    around = [text for one in texts for text in (one, f"{one}-x", f"x-{one}", f"x-{one}-x")]
    mixed = [f"{one}{two}" for one in texts for two in texts if one != two]
    fresh = [f"v{number}" for number in range(1, most + 1)]
    plain: list[Value] = [True, False, "1", "abc"] if any(isinstance(value, bool) for value in literals) else ["1"]
    ordered: list[Value] = [*literals, *beside, *around, *mixed, *fresh, *plain, *range(1, most + 1), *given, *samples]
    unique = {f"{type(value).__name__} {value!r}": value for value in ordered}
    return list(unique.values())


def _distinct(pool: Sequence[Value | None], own: Sequence[Compare | Present], most: int) -> list[Value | None]:
    """Keep at most ``most`` values of those that no comparison of this field alone tells apart."""
    kept: list[Value | None] = []
    seen: dict[tuple[bool, ...], int] = {}
    for value in pool:
        # A missing value, a number and a text are different things to a comparison with another field.
        kind = (value is None, value is not None and as_number(value) is not None and most > 1)
        truths = (*kind, *(_true_of(one, value) for one in own))
        if seen.get(truths, 0) < most:
            seen[truths] = seen.get(truths, 0) + 1
            kept.append(value)
    return kept
