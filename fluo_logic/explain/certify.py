"""An independent checker of fluo's answers: one file, standard library only, importing nothing of the package.

    python certify.py [--complete] IR.json CERTIFICATE.json TRACES...

IR.json is what ``fluo compile --to ir`` prints; TRACES are OTLP as JSON or protobuf, also gzipped.  Each node of a
certificate follows from the facts and the nodes before it by the clauses of the IR.  ``holds p(...)`` names a clause
and a binding under which its body holds; ``extension p(...)`` has all tuples of a pattern, by every clause of p:
absence is an empty one, a count the size of one.  Claims rest on nodes; what is not known is refused.  A failure is
*open* where data may be missing: that is said, and fluo decides whether it matters.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import operator
import re
import struct
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
REGEX = r"(?:[^\\(\[]|\\[dDwWsSbBAztnrfv.\\+*?()|\[\]{}^$/-]|\((?!\?)|\(\?:|\[\^?(?:[^\\\[\]]|\\[dDwWtnr.\\\]-])+\])*"
SHARED = {"$": r"\Z", r"\z": r"\Z", r"\s": r"[\t\n\f\r ]", r"\S": r"[^\t\n\f\r ]"}  # what RE2 means, for `re`
DEADLINE = re.compile(r'"op": "\+".{,400}?"value": "(\d+)"}, "unit": "duration"')
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
BIG = struct.Struct(">I")
BY_FLUO = "`fluo facts --to otlp` writes OTLP that can be read here"
FEW = 8  # of more tuples than this, a node gives the number
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "contains": operator.contains, "starts_with": str.startswith, "ends_with": str.endswith,
    "+": operator.add, "-": operator.sub, "*": operator.mul,
}

class Refused(Exception):  # noqa: N818 - it is what a checker does
    """Why a node, a claim or an input is not accepted."""

def _demand(is_so: object, otherwise: str) -> None:
    if not is_so:
        raise Refused(otherwise)

# --- OTLP: protobuf becomes the objects that OTLP JSON has, and those become spans ---------------------------------
WIRE = """traces: 1 resourceSpans batch*; batch: 1 resource resource, 2 scopeSpans group*; group: 1 scope scope, \
2 spans span*; resource: 1 attributes pair*, 2 droppedAttributesCount uint; scope: 1 name text; span: 1 traceId hex, \
2 spanId hex, 4 parentSpanId hex, 5 name text, 6 kind uint, 7 startTimeUnixNano fixed, 8 endTimeUnixNano fixed, \
9 attributes pair*, 10 droppedAttributesCount uint, 11 events event*, 12 droppedEventsCount uint, 13 links link*, \
14 droppedLinksCount uint, 15 status status; event: 1 timeUnixNano fixed, 2 name text, 3 attributes pair*, \
4 droppedAttributesCount uint; link: 1 traceId hex, 2 spanId hex; status: 2 message text, 3 code uint; \
pair: 1 key text, 2 value any; any: 1 stringValue text, 2 boolValue bool, 3 intValue int, 4 doubleValue double, \
5 arrayValue anys, 6 kvlistValue pairs, 7 bytesValue bytes; anys: 1 values any*; pairs: 1 values pair*"""
FIELDS = {kind.strip(): {int(field.split()[0]): field.split()[1:] for field in fields.split(",")}
          for kind, fields in (row.split(":") for row in WIRE.split(";"))}
SCALARS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "uint": (0, int), "bool": (0, bool), "int": (0, lambda raw: raw - (raw >> 63 << 64)), "hex": (2, bytes.hex),
    "fixed": (1, lambda raw: struct.unpack("<Q", raw)[0]), "double": (1, lambda raw: struct.unpack("<d", raw)[0]),
    "text": (2, bytes.decode), "bytes": (2, lambda raw: base64.b64encode(raw).decode()),
}
VALUES: dict[str, Callable[[Any], Any]] = {  # of OTLP, and of constants of the IR
    "stringValue": str, "boolValue": bool, "intValue": int, "doubleValue": float, "bytesValue": base64.b64decode,
    "arrayValue": lambda raw: tuple(one for one in map(any_value, raw.get("values", ())) if one is not None),
    "kvlistValue": lambda raw: attributes(raw.get("values")),
    "text": str, "boolean": bool, "integer": int, "double": float, "bytes": base64.b64decode,
    "list": lambda raw: tuple(map(_constant, raw)), "map": lambda raw: {key: _constant(raw[key]) for key in raw},
}

def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value, at, shift = value | (data[at] & 127) << shift, at + 1, shift + 7
        if data[at - 1] < 128 or shift > 63:
            return value & (2**64 - 1), at

def message(data: bytes, kind: str) -> dict[str, Any]:
    """Return a protobuf message as OTLP JSON has it; unknown fields are left out, but for those around the traces."""
    found: dict[str, Any] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        size, at = _varint(data, at) if tag & 7 in {0, 2} else ({1: 8, 5: 4}[tag & 7], at)
        raw, at = (data[at : at + size], at + size) if tag & 7 else (size, at)
        name, what = FIELDS[kind].get(tag >> 3, ("", ""))
        wire, convert = SCALARS.get(what, (2, partial(message, kind=what.rstrip("*"))))
        _demand(at <= len(data) and (tag & 7 == wire if name else kind != "traces"), "it is no OTLP, or breaks off")
        if name:
            found[name] = [*found.get(name, ()), convert(raw)] if what[-1] == "*" else convert(raw)
    return found

def _framed(data: bytes, length: Callable[[int], tuple[int, int]]) -> list[Any]:
    found, at = [], 0
    while at < len(data):
        size, at = length(at)
        found.append(message(data[at : at + size] if at + size <= len(data) else b"?", "traces"))
        at += size
    return found

def documents(data: bytes) -> list[Any]:
    """Return the OTLP documents of a file: JSON, whole or by lines; protobuf, bare or each behind its length."""
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    with suppress(ValueError):
        return [json.loads(data)]
    with suppress(ValueError):
        return [json.loads(line) for line in data.splitlines() if line.strip()]
    lengths = (lambda at: (len(data), at), lambda at: (*BIG.unpack_from(data, at), at + 4), partial(_varint, data))
    for length in lengths:
        with suppress(Exception):
            return _framed(data, length)
    raise Refused(f"a file is neither OTLP JSON nor OTLP protobuf; {BY_FLUO}")

def any_value(raw: Any) -> Any:
    """Return an attribute's value (text, Boolean, integer, double, bytes, tuple, dict), None for an empty one."""
    for kind, item in (raw or {}).items():
        if item is not None:
            return VALUES[kind](item)
    return None

def attributes(pairs: Any) -> dict[str, Any]:
    """Return key-value pairs as a dictionary, without those that have no value."""
    found = ((pair["key"], any_value(pair.get("value"))) for pair in pairs or ())
    return {key: value for key, value in found if value is not None}

def span_of(raw: Any, resource: Any, scope: Any) -> dict[str, Any]:
    """Return a span by the names that rules have for its parts."""
    trace, own, parent = ((raw.get(key) or "").lower() for key in ("traceId", "spanId", "parentSpanId"))
    start, end = (int(raw.get(f"{side}TimeUnixNano") or 0) or None for side in ("start", "end"))
    status, events = raw.get("status") or {}, raw.get("events") or ()
    dropped = (part.get(f"dropped{what}Count") or 0 for what in ("Attributes", "Events", "Links")
               for part in (raw, resource, *events))
    return {
        "trace:id": trace, "span:id": own, "span:parent_id": parent if parent.strip("0") else None,
        "span:name": raw.get("name") or "", "span:kind": KINDS[int(raw.get("kind") or 0)],
        "span:status": ("unset", "ok", "error")[int(status.get("code") or 0)], "scope:name": scope.get("name") or None,
        "span:status_message": status.get("message") or None, "span:start": start, "span:end": end,
        "attributes": attributes(raw.get("attributes")), "resource": attributes(resource.get("attributes")),
        "events": [(event.get("name") or "", int(event.get("timeUnixNano") or 0) or None,
                    attributes(event.get("attributes"))) for event in events],
        "links": [f"{link['traceId']}:{link['spanId']}".lower() for link in raw.get("links") or ()],
        "dropped": sum(map(int, dropped)),
    }

def read(files: list[bytes]) -> dict[str, dict[str, Any]]:
    """Return the spans of OTLP files by ``trace:span``."""
    spans: dict[str, dict[str, Any]] = {}
    for batch in chain.from_iterable(document["resourceSpans"] for data in files for document in documents(data)):
        for group in batch.get("scopeSpans") or ():
            for raw in group.get("spans") or ():
                span = span_of(raw, batch.get("resource") or {}, group.get("scope") or {})
                other = spans.setdefault(f"{span['trace:id']}:{span['span:id']}", span)
                same = other is span or ascii(other) == ascii(span)
                _demand(same, f"copies of span {span['span:id']} differ; {BY_FLUO}")
    return spans

# --- values --------------------------------------------------------------------------------------------------------
def _digest(lines: list[str]) -> str:
    return "sha256:" + hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

def text(value: Any) -> str:
    """Return the canonical text of a value: JSON, with whole doubles as integers, bytes in base64."""
    def whole(raw: str) -> float:
        return int(float(raw)) if float(raw).is_integer() and abs(float(raw)) < 1e16 else float(raw)
    once = json.dumps(value, default=lambda raw: base64.b64encode(raw).decode())
    again = json.loads(once, parse_float=whole, parse_constant=str)
    return again if isinstance(again, str) else json.dumps(again, ensure_ascii=False, separators=(",", ":"))

def number(value: Any) -> Any:
    """Return the number that a value is or reads as, or None."""
    if isinstance(value, int | float):
        return None if isinstance(value, bool) or math.isnan(value) else value
    found = NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found and not any(found.groups()) and len(value) <= 20 and -(2**63) <= int(value) < 2**64:
        return int(value)
    return float(value) if found and not math.isinf(float(value)) else None

def compare(op: str, left: Any, right: Any, mode: str) -> bool:
    """Return whether ``left op right``, of which neither is missing."""
    if op == "in":
        modes = ("number", "text") if mode == "each" else (mode, mode)
        alike = (compare("==", left, item, modes[isinstance(item, str | bool)]) for item in right)
        return isinstance(right, tuple) and any(alike)
    if op == "contains" and isinstance(left, tuple):
        return any(compare("==", item, right, mode) for item in left)
    ordered = op[0] in "=<>"
    sides = (number(left), number(right)) if ordered and mode != "text" else (None, None)
    if None not in sides:
        return bool(OPERATORS[op](*sides))
    return not (ordered and mode == "number") and bool(OPERATORS[op](text(left), text(right)))

def matches(said: str, pattern: str) -> bool:
    """Return whether a pattern, of the syntax that RE2 and `re` share, occurs in a text."""
    body, fold = pattern.removeprefix("(?i)"), pattern.startswith("(?i)")
    plain = re.fullmatch(REGEX, body) and not re.search(r"\{,|[*+?}]\+", body)
    _demand(plain and (not fold or (pattern + said).isascii()), f"the pattern {pattern!r} is not checked without RE2")
    same = re.sub(r"\[(?:\\.|[^\]\\])+\]|\\.|\$", lambda found: SHARED.get(found[0], found[0]), body)
    return re.search(same, said, re.ASCII | (re.IGNORECASE if fold else 0)) is not None

OPERATORS["matches"] = matches

def aggregate(function: str, values: list[Any]) -> Any:
    """Return an aggregate: exact, rounded once where there is a double, None where there is none."""
    if function.startswith("count"):
        return len({text(value) for value in values if value is not None} if "distinct" in function else values)
    numbers = [found for value in values if (found := number(value)) is not None]
    if function in {"min", "max"} or not (numbers or function == "sum"):
        return {"min": min, "max": max}[function](numbers) if numbers else None
    infinite = {value for value in numbers if math.isinf(value)}
    if infinite:
        return infinite.pop() if len(infinite) == 1 else None
    result = sum(map(Fraction, numbers), Fraction(0)) / (len(numbers) if function == "avg" else 1)
    whole = result.denominator == 1 and (function == "avg" or not any(isinstance(value, float) for value in numbers))
    return result.numerator if whole else float(result) if abs(result) < 2**1024 else math.copysign(math.inf, result)

def inside(values: dict[str, Any], key: str) -> Any:
    """Return what a dotted key reaches through maps; the longest name that leads there wins."""
    for at in reversed([found.start() for found in re.finditer(r"\.", key)]):
        held, rest = values.get(key[:at]), key[at + 1 :]
        if isinstance(held, dict) and (found := held[rest] if rest in held else inside(held, rest)) is not None:
            return found
    return None

def _constant(node: Any) -> Any:
    return _constant(node["value"]) if node["type"] == "constant" else VALUES[node["type"]](node["value"])

# --- nodes and claims: a trace is its id, a span ``trace:span``, an event ``trace:span#number`` ---------------------
def _picked(row: Any, places: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple([row[place] for place in places])

def entered(args: Any, row: Any, binding: Any) -> Iterator[Any]:
    """Yield the binding under which arguments are a tuple, in which None is anything; nothing if they cannot be."""
    found = dict(binding)
    for arg, item in zip(args, row, strict=True):
        known = item if item is None else _constant(arg) if "value" in arg else found.setdefault(arg["name"], item)
        if item != known:
            return
    yield found

class Checker:
    """Checks the nodes of a certificate one after the other, and then what its claims rest on."""

    def __init__(self, program: Any, held: Any, *traces: Any) -> None:
        """Read the traces; raise `Refused` where they or the rules are not those of the certificate."""
        ir = json.loads(program.read_bytes(), object_hook=lambda node: {
            key: item for key, item in node.items() if key not in {"origin", "digest"}})
        self.certificate = json.loads(held.read_bytes())
        self.certificate = told = self.certificate.get("certificate", self.certificate)
        schemas = told["schema"], ir["schema"]
        _demand(schemas == ("fluo-certificate/1", "fluo-ir/1"), "it is no fluo-certificate/1 with a fluo-ir/1")
        _demand(told["ir"] == _digest([json.dumps(ir, sort_keys=True, separators=(",", ":"))]), "it is for other rules")
        self.spans = read([trace.read_bytes() for trace in traces])
        _demand(told["facts"] == _digest([ascii(span) for span in self.spans.values()]), "it is for other traces")
        self.options, self.rules = told["options"], {rule["rule"]: rule for rule in ir["rules"]}
        self.clauses = defaultdict[str, list[Any]](list)
        for clause in ir["clauses"]:
            self.clauses[clause["head"]["predicate"]].append(clause)
        self.held: set[Any] = set()
        self.extensions, self.indexes = defaultdict[str, Any](lambda: defaultdict(dict)), defaultdict[Any, Any](dict)
        above = {own: f"{span['trace:id']}:{span['span:parent_id']}" for own, span in self.spans.items()}
        tops = Counter(self.spans[own]["trace:id"] for own, parent in above.items() if parent not in self.spans)
        for own, span in self.spans.items():
            start, end, top = span["span:start"], span["span:end"], tops[span["trace:id"]]
            root = span["span:parent_id"] is None
            span |= {"span:duration": None if start is None or end is None else end - start, "span:root": root}
            span |= {"span:orphan": not root and above[own] not in self.spans and top > 1}
            span |= {"hole": span["span:orphan"] or not top}
        keys = {(arg["args"][1]["value"]["value"], arg["args"][2]["value"]["value"]) for clause in ir["clauses"]
                for arg in clause["body"] if arg.get("predicate") == "text"}
        named = {own: (own, parent) for own, parent in above.items() if not self.spans[own]["span:root"]}
        said = ((own, *key, self.field(own, *key)) for own in self.spans for key in keys)
        self.facts: dict[str, Any] = {
            "span": [(span["trace:id"], own, span["span:name"]) for own, span in self.spans.items()],
            "parent": [row for row in named.values() if row[1] in self.spans], "parent_ref": [*named.values()],
            "event": [(own, f"{own}#{place}", event[0]) for own, span in self.spans.items()
                      for place, event in enumerate(span["events"])],
            "link": [(own, to) for own, span in self.spans.items() for to in set(span["links"]) if to in self.spans],
            "text": [(*row[:3], text(row[3])) for row in said if row[3] is not None],
        }

    def field(self, entity: str, space: str, key: str) -> Any:
        """Return a value of a span or an event, None where it is missing."""
        own, _, place = entity.partition("#")
        span = self.spans[own]
        if space in {"intrinsic", "resource"}:
            return span[key] if space == "intrinsic" else span["resource"].get(key)
        maps = (span["events"][int(place)][2],) if space == "event" else (span["attributes"], span["resource"])
        found = (look(values, key) for look in (dict.get, inside) for values in maps)
        return next((value for value in found if value is not None), None)

    def rows(self, predicate: str, pattern: Any) -> Any:
        """Return the tuples of a pattern, in which None is anything, as the facts or the nodes so far tell."""
        bound = tuple(place for place, item in enumerate(pattern) if item is not None)
        if predicate in self.facts:
            index = self.indexes[predicate, bound]
            for row in self.facts[predicate] if not index else ():
                index.setdefault(_picked(row, bound), []).append(row)
            return index.get(_picked(pattern, bound), ())
        if (predicate, *pattern) in self.held:
            return [tuple(pattern)]
        for places, known in self.extensions[predicate].items():
            rows = known.get(_picked(pattern, places))
            if rows is not None:
                if len(bound) == len(pattern):
                    return rows & {tuple(pattern)}
                return rows if bound == places else [row for row in rows if all(row[at] == pattern[at] for at in bound)]
        raise Refused(f"no node before it tells {_shown(predicate, pattern)}")

    def value(self, term: Any, binding: Any) -> Any:
        """Return the value of a term under a binding, None where it is missing or free."""
        match term["type"]:
            case "constant":
                return _constant(term)
            case "variable":
                return binding.get(term["name"])
            case "field":
                return self.field(binding[term["of"]["name"]], term["space"], term["key"])
        left, right = (number(self.value(term[side], binding)) for side in ("left", "right"))
        result = None if left is None or right is None else OPERATORS[term["op"]](left, right)
        return None if isinstance(result, float) and not math.isfinite(result) else result

    def solve(self, body: Any, binding: Any) -> Iterator[Any]:
        """Yield the extensions of a binding under which all of a body holds."""
        for found in self.extend(body[0], binding) if body else ():
            yield from self.solve(body[1:], found)
        yield from () if body else (binding,)

    def extend(self, literal: Any, binding: Any) -> Iterator[Any]:
        """Yield the extensions of a binding under which a literal holds."""
        match literal["type"]:
            case "atom":
                pattern = [self.value(arg, binding) for arg in literal["args"]]
                for row in self.rows(literal["predicate"], pattern):
                    yield from entered(literal["args"], row, binding)
            case "not":
                yield from () if any(True for _ in self.extend(literal["literal"], binding)) else (binding,)
            case "present":
                yield from () if self.value(literal["term"], binding) is None else (binding,)
            case "compare":
                left, right = (self.value(literal[side], binding) for side in ("left", "right"))
                spans = literal["left"].get("sort", "number") != "number" and literal["right"]["type"] == "variable"
                known = left is not None and right is not None
                holds = left == right if spans else known and compare(literal["op"], left, right, literal["mode"])
                yield from (binding,) if holds else ()
            case "aggregate":
                result = self.aggregate(literal, binding)
                yield from () if result is None else ({**binding, literal["result"]["name"]: result},)

    def aggregate(self, literal: Any, binding: Any) -> Any:
        """Return the value of an aggregate, of a window the largest; None where there is none."""
        own, target, function = literal["element"]["name"], literal["target"], literal["function"]
        free = {name: item for name, item in binding.items() if name != own}
        elements = [found[own] for found in self.extend(literal["over"], free)]
        timed = [(self.spans[item]["span:start"], target and self.value(target, {own: item})) for item in elements]
        if literal["window"] is None:
            return aggregate(function, [value for _, value in timed])
        timed = sorted((item for item in timed if item[0] is not None), key=lambda item: item[0])
        starts = [start for start, _ in timed]
        windows = {(bisect_left(starts, at), bisect_left(starts, at + int(literal["window"]))) for at in starts}
        found = [aggregate(function, [value for _, value in timed[first:last]]) for first, last in windows]
        return max((value for value in found if value is not None), default=0)

    def tuples(self, predicate: str, pattern: Any) -> set[Any]:
        """Return the tuples of a pattern that the clauses of a predicate derive."""
        rows = set()
        for clause in self.clauses[predicate]:
            head = clause["head"]["args"]
            finals = (self.solve(clause["body"], start) for start in entered(head, pattern, {}))
            rows |= {tuple(self.value(arg, final) for arg in head) for final in chain.from_iterable(finals)}
        return rows

    def node(self, node: Any) -> str:
        """Return what a node tells, once entered: it follows from facts and nodes before it; else raise `Refused`."""
        predicate, *pattern = node["atom"]
        if node["kind"] == "holds":
            clause = dict(enumerate(self.clauses[predicate]))[node["clause"]]
            starts = entered(clause["head"]["args"], pattern, node["binding"])
            final = next((final for start in starts for final in self.solve(clause["body"], start)), None)
            if final is None or None in pattern:
                raise Refused(f"clause {node['clause']} does not derive {_shown(predicate, pattern)} under its binding")
            self.held.add((predicate, *pattern))
        elif node["kind"] == "extension":
            known = tuple(place for place, item in enumerate(pattern) if item is not None)
            slot, key = self.extensions[predicate][known], _picked(pattern, known)
            recursive = f'"{predicate}"' in json.dumps([clause["body"] for clause in self.clauses[predicate]])
            rows, before = set() if recursive else self.tuples(predicate, pattern), None
            while recursive and rows != before:  # it grows from nothing until it stays as it is
                slot[key] = before = rows
                rows = self.tuples(predicate, pattern)
            if node["rows"] != (sorted(map(list, rows)) if len(rows) <= FEW else len(rows)):
                slot.pop(key, None)
                raise Refused(f"{_shown(predicate, pattern)} has {len(rows)}, which are {sorted(rows)[:FEW]}")
            slot[key] = rows
            if not known:  # what is known as a whole is looked up as fast as facts are
                self.facts.setdefault(predicate, rows)
        else:
            raise Refused(f"{node['kind']!r} is no kind of node")
        return f"{node['kind']} {_shown(predicate, pattern)}"

    def claim(self, claim: Any) -> str:
        """Return what a claim says, and what is open where it fails, if the nodes show it; else raise `Refused`."""
        rule, row, number = self.rules[claim["rule"]], claim["match"], claim["obligation"]
        when = self.rows(rule["when"]["predicate"], row + [None] * (len(rule["when"]["args"]) - len(row)))
        if number is None:
            is_so = "vacuous" if self.rows(rule["scope"]["predicate"], row) and not when else ""
        else:
            failure = self.rows(dict(enumerate(rule["obligations"]))[number]["failure"]["predicate"], row)
            is_so = "vacuous" if not when else "fails" if failure else "satisfied"
        said = f"the nodes show `{is_so or 'active, or no scope'}`, not `{claim['claim']}`"
        _demand(is_so and claim["claim"] == is_so and None not in row, said)
        doubts = self.doubts(rule, row[0]) if is_so == "fails" else []
        block = "" if number is None else f" block {number + 1}"
        return f"{_shown(claim['rule'], row)}:{block} {is_so}{'; open: ' * bool(doubts)}{', '.join(doubts)}"

    def doubts(self, rule: Any, scope: Any) -> list[str]:
        """Return what may be missing from a scope, whether or not its failures rest on that."""
        members = [self.spans[row[-1]] for row in self.rows(rule["member"]["predicate"], [scope, None])]
        reached, within = [obligation["condition"]["predicate"] for obligation in rule["obligations"]], [0]
        for clause in chain.from_iterable(self.clauses.get(name, ()) for name in reached):
            said, now = json.dumps(clause["body"]), int(self.options["now"])
            reached += [name for name in self.clauses if f'"{name}"' in said and name not in reached]
            within += map(int, DEADLINE.findall(said))
        until = max((span["span:end"] + max(within) if span["span:end"] else now + 1 for span in members), default=0)
        open_points = {
            "a trace has a hole": any(span["hole"] for span in members) and not self.options["assume_complete"],
            "a span dropped data": any(span["dropped"] for span in members),
            f"a deadline may end at {until}, the data end at {now}": any(within) and until > now,
            "clocks may differ": int(self.options["clock_skew"]) > 0}
        return [name for name, is_so in open_points.items() if is_so]

    def missing(self, claims: Any) -> list[str]:
        """Return the obligations of every rule in every scope, as the nodes tell them, that no claim speaks of."""
        claimed = {(item["rule"], item["obligation"], *item["match"]) for item in claims}
        wanted: list[Any] = []
        for name, rule in self.rules.items():
            for (scope,) in self.rows(rule["scope"]["predicate"], [None]):
                found = self.rows(rule["when"]["predicate"], [scope, *[None] * len(rule["when"]["args"][1:])])
                wanted += [(name, place, *row) for row in found for place in range(len(rule["obligations"]))]
                wanted += [] if found else [(name, None, scope)]
        return [f"no claim about {_shown(one[0], one[1:])}" for one in wanted if one not in claimed]

def _shown(name: str, items: Any) -> str:
    return f"{name}({', '.join('_' if item is None else f'{item}' for item in items)})"

def certify(*paths: Any, complete: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Yield what was looked at, what it says or the reason why it is refused, and whether it is accepted."""
    def attempt(check: Callable[..., Any], *of: Any) -> tuple[Any, bool]:
        try:
            return check(*of), True
        except Exception as reason:  # noqa: BLE001 - whatever is wrong with it, it is refused
            return f"{reason}" if isinstance(reason, Refused) else f"malformed ({type(reason).__name__})", False
    checker, good = attempt(Checker, *paths)
    if not good:
        yield "certificate", checker, good
        return
    told = [f"{len(checker.spans)} spans", *(f"{key} {value}" for key, value in checker.options.items())]
    yield "certificate", ", ".join(told), good
    for kind, check in (("node", checker.node), ("claim", checker.claim)):
        for place, item in enumerate(checker.certificate[f"{kind}s"]):
            said, good = attempt(check, item)
            yield f"{kind} {place}", said, good
    lacking, good = attempt(checker.missing, checker.certificate["claims"]) if complete else ([], True)
    for said in lacking if good else [lacking]:
        yield "complete", said, False

def main(arguments: list[str]) -> int:
    """Check the files that are named; print claims and refusals; return 0 where everything is accepted, else 1."""
    paths = [Path(name) for name in arguments if name != "--complete"]
    found = [*certify(*paths, complete="--complete" in arguments)]
    lines = [f"{name}: {'' if good else 'refused: '}{said}" for name, said, good in found if name[0] != "n" or not good]
    print(*lines, f"{sum(good for *_, good in found)} of {len(found)} steps accepted", sep="\n")
    return 0 if all(good for *_, good in found) else 1

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
