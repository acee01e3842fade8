"""Parts of OTLP messages that there are few of, read exactly: resources, scopes, lists and maps."""

from __future__ import annotations

from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2

from fluo_logic.facts.columnar.batch import Unusual
from fluo_logic.facts.model import Resource, Scope
from fluo_logic.facts.problems import ProblemLog
from fluo_logic.facts.readers import otlp_proto
from fluo_logic.facts.readers.scalars import UnreadableError
from fluo_logic.values import Value


def resource(raw: bytes) -> Resource:
    """Return a resource; raises `Unusual` where the exact reader has something to say about it."""
    log = ProblemLog("")
    found, _ = otlp_proto.read_resource(resource_pb2.Resource.FromString(raw), "", log)
    if log.problems():
        message = "a resource with an attribute that cannot be read"
        raise Unusual(message)
    return found


def scope(raw: bytes) -> Scope:
    """Return a scope."""
    message = common_pb2.InstrumentationScope.FromString(raw)
    return Scope(message.name, message.version)


def list_value(raw: bytes) -> Value:
    """Return a list; raises `Unusual` likewise."""
    return _exactly(common_pb2.AnyValue(array_value=common_pb2.ArrayValue.FromString(raw)))


def map_value(raw: bytes) -> Value:
    """Return a map; raises `Unusual` likewise."""
    return _exactly(common_pb2.AnyValue(kvlist_value=common_pb2.KeyValueList.FromString(raw)))


def _exactly(message: common_pb2.AnyValue) -> Value:
    try:
        value = otlp_proto.read_value(message, "")
    except UnreadableError as error:
        raise Unusual(error.message) from None
    if value is None:
        text = "a list or map without a value"
        raise Unusual(text)
    return value
