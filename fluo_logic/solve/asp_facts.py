"""The facts an answer-set program asks for, as text: gringo reads text faster than Python can make symbols.

The forms and their meaning are in `fluo_logic.translate.asp`.  Everything is computed exactly here: comparisons with
`fluo_logic.facts.terms`, times and values as ranks among those that occur.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from fluo_logic.facts.store import EventRef, FactStore, Ground, Row
from fluo_logic.facts.terms import holds
from fluo_logic.logic import Compare, Const, Field, Sort
from fluo_logic.translate.asp import AspProgram, Test, field_name, quote
from fluo_logic.values import Value, as_number, canonical_text, compare


def facts_text(program: AspProgram, store: FactStore) -> str:
    """Return every fact that ``program`` can see, one a line."""
    return "\n".join(
        chain(
            *(_catalogue(predicate, store) for predicate in sorted(program.facts)),
            *(_texts(space, key, store) for space, key in sorted(program.texts)),
            *(_passing(number, test, store) for number, test in enumerate(program.tests)),
            _times(program, store),
            *(_same(space, key, store) for space, key in sorted(program.same)),
            _orders(program, store),
            *(_buckets(length, store) for length in sorted(program.buckets)),
            "",
        )
    )


def atom_text(predicate: str, row: Row) -> str:
    """Return a ground atom in gringo's syntax."""
    return f"{predicate}({','.join(map(_ground, row))})."


def _ground(value: Ground) -> str:
    match value:
        case str():
            return quote(value)
        case int():
            return str(value)
        case (span, number):
            return f"({span},{number})"


def _catalogue(predicate: str, store: FactStore) -> Iterator[str]:
    if predicate == "text":
        return
    for row in store.rows(predicate):
        yield atom_text(predicate, row)


def _texts(space: str, key: str, store: FactStore) -> Iterator[str]:
    prefix = f"{quote(space)},{quote(key)}"
    for span in range(len(store.spans)):
        text = store.text(span, space, key)
        if text is not None:
            yield f"text({span},{prefix},{quote(text)})."


# --- comparisons with constants -----------------------------------------------------------------------------------


def _passing(number: int, test: Test, store: FactStore) -> Iterator[str]:
    passes = _tester(test, store)
    if test.variable.sort is Sort.EVENT:
        events: Iterable[EventRef] = (
            (index, event) for index, span in enumerate(store.spans) for event in range(len(span.events))
        )
        yield from (f"test_{number}(({span},{event}))." for span, event in events if passes((span, event)))
        return
    spans: Iterable[int] = range(len(store.spans))
    if test.names is not None:
        spans = chain.from_iterable(store.by_name.get(name, ()) for name in test.names)
    yield from (f"test_{number}({span})." for span in spans if passes(span))


def _tester(test: Test, store: FactStore) -> Callable[[int | EventRef], bool]:
    match test.literal:
        case Compare(left=Field(space=space, key=key), op=op, right=Const(value=value), mode=mode):
            # The common form, without the general evaluator.
            return lambda entity: compare(op, store.field(entity, space, key), value, mode)
        case literal:
            return lambda entity: holds(literal, {test.variable: entity}, store)


# --- ranks --------------------------------------------------------------------------------------------------------


def _times(program: AspProgram, store: FactStore) -> Iterator[str]:
    keys = sorted(program.times | {key for key, _ in program.shifts})
    columns = {key: _integers(key, store) for key in keys}
    times = sorted({time for column in columns.values() for _, time in column})
    rank = {time: position for position, time in enumerate(times)}
    for key, column in columns.items():
        name = quote(key)
        yield from (f"at({name},{span},{rank[time]})." for span, time in column)
    for key, shift in sorted(program.shifts):
        name = f'{quote(key)},"{shift}"'
        for span, time in columns[key]:
            yield f"at({name},{span},{bisect_right(times, time + shift) - 1})."
            yield f"until({name},{span},{bisect_left(times, time + shift)})."


def _integers(key: str, store: FactStore) -> list[tuple[int, int]]:
    column = []
    for span in range(len(store.spans)):
        value = store.field(span, "intrinsic", key)
        if isinstance(value, int):
            column.append((span, value))
    return column


def _buckets(length: int, store: FactStore) -> Iterator[str]:
    starts = _integers("span:start", store)
    numbers = sorted({start // length for _, start in starts})
    # Neighbouring intervals keep neighbouring numbers; any wider gap becomes a gap of two, so 32 bits always suffice.
    place: dict[int, int] = {}
    position = 0
    previous: int | None = None
    for number in numbers:
        if previous is not None:
            position += 1 if number == previous + 1 else 2
        place[number] = position
        previous = number
    yield from (f'bucket("{length}",{span},{place[start // length]}).' for span, start in starts)


def _column(space: str, key: str, store: FactStore) -> Iterator[tuple[int, Value]]:
    for span in range(len(store.spans)):
        value = store.field(span, space, key)
        if value is not None:
            yield span, value


def equality_class(value: Value) -> str:
    """Return a text that two values share exactly when they are equal as two attributes are.

    Numbers are written exactly (a double as the fraction it is), everything else by its canonical text.
    """
    number = as_number(value)
    if number is None or number in {float("inf"), float("-inf")}:
        return f"t{canonical_text(value)}"
    if isinstance(number, int) or number.is_integer():
        return f"n{int(number)}"
    numerator, denominator = number.as_integer_ratio()
    return f"n{numerator}/{denominator}"


def _same(space: str, key: str, store: FactStore) -> Iterator[str]:
    name = quote(field_name(space, key))
    for span, value in _column(space, key, store):
        yield f"same({name},{span},{quote(equality_class(value))})."


def _orders(program: AspProgram, store: FactStore) -> Iterator[str]:
    columns = {(space, key): list(_column(space, key, store)) for space, key in sorted(program.order)}
    values = [value for column in columns.values() for _, value in column]
    numbers = sorted({number for value in values if (number := as_number(value)) is not None})
    texts = sorted({canonical_text(value) for value in values})
    number_rank = {number: position for position, number in enumerate(numbers)}
    text_rank = {text: position for position, text in enumerate(texts)}
    for (space, key), column in columns.items():
        name = quote(field_name(space, key))
        for span, value in column:
            number = as_number(value)
            ranks = (0, 0) if number is None else (1, number_rank[number])
            yield f"order({name},{span},{ranks[0]},{ranks[1]},{text_rank[canonical_text(value)]})."
