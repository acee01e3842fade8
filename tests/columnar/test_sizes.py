"""What columns hold is compared with the bytes that they came from, so that nothing is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given

from fluo_logic.facts.columnar.batch import Unusual, Wanted
from fluo_logic.facts.model import Span
from tests.columnar.test_same_report import ODD, hexadecimal, random_examples, span
from tests.readers.strategies import span_lists
from tests.readers.writing import message

pytest.importorskip("ptars")

from fluo_logic.facts.columnar import descriptor  # noqa: E402 - optional packages
from fluo_logic.facts.columnar.otlp import read_messages  # noqa: E402 - likewise
from fluo_logic.facts.columnar.sizes import encoded_size  # noqa: E402 - likewise

GROUP_WITH_ANOTHER_END = bytes([0x83, 0x01, 0x8C, 0x01])
"""Field 16 begins as a group that ends as field 17."""


def decoded_size(data: bytes) -> int:
    return encoded_size(descriptor.handler().list_to_record_batch([data]))


@random_examples(60)
@given(spans=span_lists)
def test_the_size_of_random_spans(spans: list[Span]) -> None:
    """Of what protobuf itself writes, the size is known to the byte: values of any type, events, links, counts."""
    data = message(hexadecimal(spans)).SerializeToString()
    assert decoded_size(data) == len(data)


@pytest.mark.parametrize("name", ODD)
def test_the_size_of_odd_spans(name: str) -> None:
    """Large numbers, long and empty texts, many keys."""
    data = message(ODD[name]).SerializeToString()
    assert decoded_size(data) == len(data)


def test_every_field_counts() -> None:
    """Fields that no rule can see are part of the size: of spans, links, events, groups and batches."""
    found = message([span(1)])
    batch = found.resource_spans[0]
    batch.schema_url = "https://example.com/" + "x" * 200
    batch.scope_spans[0].schema_url = "y"
    item = batch.scope_spans[0].spans[0]
    item.trace_state, item.flags = "a=b", 256
    item.dropped_attributes_count, item.dropped_events_count, item.dropped_links_count = 1, 300, 70_000
    item.status.SetInParent()
    link = item.links.add(trace_id=b"x" * 16, span_id=b"y" * 8, trace_state="c=d", dropped_attributes_count=5, flags=1)
    link.attributes.add(key="k").value.int_value = -1
    item.events.add(name="e", time_unix_nano=7, dropped_attributes_count=3).attributes.add(
        key="k"
    ).value.bool_value = False
    data = found.SerializeToString()
    assert decoded_size(data) == len(data)


def test_a_group_that_ends_as_another_is_damage() -> None:
    """What ptars passes over, and what such a group holds, protobuf refuses."""
    found = message([span(1)])
    sound = found.SerializeToString()
    inner = found.resource_spans[0].scope_spans[0].spans[0].SerializeToString() + GROUP_WITH_ANOTHER_END
    data = sound
    for tag in (0x12, 0x12, 0x0A):
        inner = bytes([tag, len(inner)]) + inner
        data = inner
    descriptor.handler().list_to_record_batch([data])
    with pytest.raises(Unusual):
        read_messages([data], Wanted())
    read_messages([sound], Wanted())
