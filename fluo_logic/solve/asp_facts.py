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
from fluo_logic.translate.asp import AspProgram, Key, Test, field_name, quote
from fluo_logic.translate.names import Names
from fluo_logic.values import Value, as_number, canonical_text, compare


def facts_text(program: AspProgram, store: FactStore) -> str:
    """Return every fact that ``program`` can see, one a line."""
    return "\n".join(
        chain(
            *(_catalogue(predicate, store) for predicate in sorted(program.facts)),
            *(_texts(space, key, names, store) for (space, key), names in sorted(program.texts.items(), key=_by_key)),
            *(_passing(number, test, store) for number, test in enumerate(program.tests)),
            _times(program, store),
            _same(program, store),
            _orders(program, store),
            *(_buckets(length, names, store) for length, names in sorted(program.buckets.items(), key=_by_key)),
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


def _by_key(item: tuple[Key, object]) -> Key:
    return item[0]


def _named(names: Names, store: FactStore) -> Iterable[int]:
    """Return the spans of the given names, in order."""
    if names is None:
        return range(len(store.spans))
    return sorted(chain.from_iterable(store.by_name.get(name, ()) for name in names))


def _texts(space: str, key: str, names: Names, store: FactStore) -> Iterator[str]:
    prefix = f"{quote(space)},{quote(key)}"
    for span in _named(names, store):
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
    yield from (f"test_{number}({span})." for span in _named(test.names, store) if passes(span))


def _tester(test: Test, store: FactStore) -> Callable[[int | EventRef], bool]:
    match test.literal:
        case Compare(left=Field(space=space, key=key), op=op, right=Const(value=value), mode=mode):
            # The common form, without the general evaluator.
            return lambda entity: compare(op, store.field(entity, space, key), value, mode)
        case literal:
            return lambda entity: holds(literal, {test.variable: entity}, store)


# --- ranks --------------------------------------------------------------------------------------------------------


def _times(program: AspProgram, store: FactStore) -> Iterator[str]:
    plain = {key: _integers(key, names, store) for key, names in program.times.items()}
    shifted = {(key, shift): _integers(key, names, store) for (key, shift), names in program.shifts.items()}
    columns = (*plain.values(), *shifted.values())
    times = sorted({time for column in columns for _, time in column})
    rank = {time: position for position, time in enumerate(times)}
    for key, column in sorted(plain.items(), key=_by_key):
        name = quote(key)
        yield from (f"at({name},{span},{rank[time]})." for span, time in column)
    for (key, shift), column in sorted(shifted.items(), key=_by_key):
        name = f'{quote(key)},"{shift}"'
        for span, time in column:
            yield f"at({name},{span},{bisect_right(times, time + shift) - 1})."
            yield f"until({name},{span},{bisect_left(times, time + shift)})."


def _integers(key: str, names: Names, store: FactStore) -> list[tuple[int, int]]:
    values = ((span, store.field(span, "intrinsic", key)) for span in _named(names, store))
    return [(span, value) for span, value in values if isinstance(value, int)]


def _buckets(length: int, names: Names, store: FactStore) -> Iterator[str]:
    starts = _integers("span:start", names, store)
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


def _column(space: str, key: str, names: Names, store: FactStore) -> Iterator[tuple[int, Value]]:
    for span in _named(names, store):
        value = store.field(span, space, key)
        if value is not None:
            yield span, value


def equality_class(value: Value) -> str:
    """Return a text that two values share when they are equal as two attributes are, bytes that read as numbers apart.

    Numbers are written exactly (a double as the fraction it is), everything else by its canonical text.
    """
    number = as_number(value)
    if number is None or number in {float("inf"), float("-inf")}:
        return f"t{canonical_text(value)}"
    if isinstance(number, int) or number.is_integer():
        return f"n{int(number)}"
    numerator, denominator = number.as_integer_ratio()
    return f"n{numerator}/{denominator}"


def _same(program: AspProgram, store: FactStore) -> Iterator[str]:
    columns = {
        (space, key): list(_column(space, key, names, store))
        for (space, key), names in sorted(program.same.items(), key=_by_key)
    }
    values = [value for column in columns.values() for _, value in column]
    # Bytes are no number, though their base64 may read as one: then they equal the numbers that are written so.
    texts = {
        text for value in values if isinstance(value, bytes) and as_number(text := canonical_text(value)) is not None
    }
    for (space, key), column in columns.items():
        name = quote(field_name(space, key))
        for span, value in column:
            yield f"same({name},{span},{quote(equality_class(value))})."
            if texts and as_number(value) is not None and canonical_text(value) in texts:
                yield f"same({name},{span},{quote(f't{canonical_text(value)}')})."


def _orders(program: AspProgram, store: FactStore) -> Iterator[str]:
    columns = {
        (space, key): list(_column(space, key, names, store))
        for (space, key), names in sorted(program.order.items(), key=_by_key)
    }
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
