"""A message type that is OTLP's `TracesData` on the wire, in columns.

``ptars`` turns protobuf into Arrow for types that do not nest in themselves.  Here lists and maps in attribute values
stay bytes, and so do resources and scopes, of which there are few; as *repeated* bytes, so that one which occurs twice
can be told.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE: Final = "fluo.columnar"
FILE: Final = "fluo/columnar.proto"
_Field = descriptor_pb2.FieldDescriptorProto
STRING: Final = _Field.TYPE_STRING
BYTES: Final = _Field.TYPE_BYTES
INT32: Final = _Field.TYPE_INT32
FIXED32: Final = _Field.TYPE_FIXED32
FIXED64: Final = _Field.TYPE_FIXED64
UINT32: Final = _Field.TYPE_UINT32
MANY: Final = True

VALUE_FIELDS: Final = (
    ("string_value", 1, STRING),
    ("bool_value", 2, _Field.TYPE_BOOL),
    ("int_value", 3, _Field.TYPE_INT64),
    ("double_value", 4, _Field.TYPE_DOUBLE),
    ("array_value", 5, BYTES),
    ("kvlist_value", 6, BYTES),
    ("bytes_value", 7, BYTES),
)
MESSAGES: Final[tuple[tuple[str, tuple[tuple[str, int, int | str, bool], ...]], ...]] = (
    ("KeyValue", (("key", 1, STRING, False), ("value", 2, "AnyValue", False))),
    ("Status", (("message", 2, STRING, False), ("code", 3, INT32, False))),
    (
        "Event",
        (
            ("time", 1, FIXED64, False),
            ("name", 2, STRING, False),
            ("attributes", 3, "KeyValue", MANY),
            ("dropped", 4, UINT32, False),
        ),
    ),
    (
        "Link",
        (
            ("trace_id", 1, BYTES, False),
            ("span_id", 2, BYTES, False),
            ("trace_state", 3, STRING, False),
            ("attributes", 4, "KeyValue", MANY),
            ("dropped", 5, UINT32, False),
            ("flags", 6, FIXED32, False),
        ),
    ),
    (
        "Span",
        (
            ("trace_id", 1, BYTES, False),
            ("span_id", 2, BYTES, False),
            ("trace_state", 3, STRING, False),
            ("parent_id", 4, BYTES, False),
            ("name", 5, STRING, False),
            ("kind", 6, INT32, False),
            ("start", 7, FIXED64, False),
            ("end", 8, FIXED64, False),
            ("attributes", 9, "KeyValue", MANY),
            ("dropped_attributes", 10, UINT32, False),
            ("events", 11, "Event", MANY),
            ("dropped_events", 12, UINT32, False),
            ("links", 13, "Link", MANY),
            ("dropped_links", 14, UINT32, False),
            ("status", 15, "Status", False),
            ("flags", 16, FIXED32, False),
        ),
    ),
    ("ScopeSpans", (("scope", 1, BYTES, MANY), ("spans", 2, "Span", MANY), ("schema_url", 3, STRING, False))),
    (
        "ResourceSpans",
        (
            ("resource", 1, BYTES, MANY),
            ("scope_spans", 2, "ScopeSpans", MANY),
            ("schema_url", 3, STRING, False),
            ("older", 1000, BYTES, MANY),
        ),
    ),
    ("TracesData", (("resource_spans", 1, "ResourceSpans", MANY),)),
    # The levels above the spans, to find the spans of a message by their numbers.
    ("RawScopeSpans", (("scope", 1, BYTES, MANY), ("spans", 2, BYTES, MANY))),
    ("RawResourceSpans", (("resource", 1, BYTES, MANY), ("scope_spans", 2, "RawScopeSpans", MANY))),
    ("RawTracesData", (("resource_spans", 1, "RawResourceSpans", MANY),)),
)


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """Return the pool with the message types of this module."""
    file = descriptor_pb2.FileDescriptorProto(name=FILE, package=PACKAGE, syntax="proto3")
    value = file.message_type.add(name="AnyValue")
    value.oneof_decl.add(name="value")
    for name, number, kind in VALUE_FIELDS:
        _add(value, name, number, kind, many=False).oneof_index = 0
    for message_name, fields in MESSAGES:
        message = file.message_type.add(name=message_name)
        for name, number, kind_or_type, many in fields:
            _add(message, name, number, kind_or_type, many=many)
    found = descriptor_pool.DescriptorPool()
    found.Add(file)
    return found


def _add(
    message: descriptor_pb2.DescriptorProto, name: str, number: int, kind: int | str, *, many: bool
) -> descriptor_pb2.FieldDescriptorProto:
    label = _Field.LABEL_REPEATED if many else _Field.LABEL_OPTIONAL
    added = message.field.add(name=name, number=number, label=label)
    if isinstance(kind, str):
        added.type, added.type_name = _Field.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        added.type = kind  # type: ignore[assignment]
    return added


@cache
def raw_traces_data() -> Any:  # noqa: ANN401 - a message class that is made here
    """Return the class of messages whose spans stay bytes."""
    return message_factory.GetMessageClass(pool().FindMessageTypeByName(f"{PACKAGE}.RawTracesData"))


@cache
def handler() -> Any:  # noqa: ANN401 - ptars has no types
    """Return what turns serialized messages into an Arrow record batch; raises ImportError without ptars."""
    from ptars import HandlerPool  # noqa: PLC0415 - an optional package

    found = pool()
    file = found.FindFileByName(FILE)
    message = found.FindMessageTypeByName(f"{PACKAGE}.TracesData")
    return HandlerPool([file]).get_for_message(message)
