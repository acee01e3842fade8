"""An independent checker of fluo's answers: one file, standard library only, importing nothing of the package.

    python certify.py [--complete] IR.json CERTIFICATE.json TRACES...

IR.json is what ``fluo compile --to ir`` prints; TRACES are OTLP as JSON or protobuf, also gzipped.  Each node of a
certificate follows from the facts and the nodes before it by the clauses of the IR.  ``holds p(...)`` names a clause
and a binding under which its body holds; ``extension p(...)`` has all tuples of a pattern, by every clause of p:
absence is an empty one, a count the size of one.  Claims rest on nodes; what is not known is refused.  A failure is
*open* where data may be missing: that is said, and fluo decides whether it matters.
"""

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
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import partial
from itertools import chain, islice, product
from pathlib import Path
from typing import Any

NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
REGEX = r"(?:[^\\(\[]|\\[dDwWsSbBAztnrfv.\\+*?()|\[\]{}^$/-]|\((?!\?)|\(\?:|\[\^?(?:[^\\\[\]]|\\[dDwWtnr.\\\]-])+\])*"
SHARED = {"$": r"\Z", r"\z": r"\Z", r"\s": r"[\t\n\f\r ]", r"\S": r"[^\t\n\f\r ]"}  # what RE2 means, for `re`
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
DROPPED = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
BY_FLUO = "`fluo facts --to otlp` writes OTLP that can be read here"
FEW = 8  # of more tuples than this, a node gives the number

class Refused(Exception):  # noqa: N818 - it is what a checker does
    """Why a node, a claim or an input is not accepted."""

def _demand(is_so: object, otherwise: str) -> None:
    if not is_so:
        raise Refused(otherwise)

# --- OTLP: protobuf becomes the objects that OTLP JSON has, and those become spans ---------------------------------
WIRE = """traces: 1 resourceSpans batch*; batch: 1 resource resource, 2 scopeSpans group*; group: 1 scope scope, \
2 spans span*; resource: 1 attributes pair*, 2 droppedAttributesCount int; scope: 1 name text; span: 1 traceId hex, \
2 spanId hex, 4 parentSpanId hex, 5 name text, 6 kind int, 7 startTimeUnixNano fixed, 8 endTimeUnixNano fixed, \
9 attributes pair*, 10 droppedAttributesCount int, 11 events event*, 12 droppedEventsCount int, 13 links link*, \
14 droppedLinksCount int, 15 status status; event: 1 timeUnixNano fixed, 2 name text, 3 attributes pair*, \
4 droppedAttributesCount int; link: 1 traceId hex, 2 spanId hex; status: 2 message text, 3 code int; \
pair: 1 key text, 2 value any; any: 1 stringValue text, 2 boolValue int, 3 intValue int, 4 doubleValue double, \
5 arrayValue anys, 6 kvlistValue pairs, 7 bytesValue bytes; anys: 1 values any*; pairs: 1 values pair*"""
FIELDS = {kind.strip(): {int(field.split()[0]): field.split()[1:] for field in fields.split(",")}
          for kind, fields in (row.split(":") for row in WIRE.split(";"))}
SCALARS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "int": (0, lambda raw: raw - (raw >> 63 << 64)), "fixed": (1, lambda raw: int.from_bytes(raw, "little")),
    "double": (1, lambda raw: struct.unpack("<d", raw)[0]), "text": (2, bytes.decode), "hex": (2, bytes.hex),
    "bytes": (2, lambda raw: base64.b64encode(raw).decode())}
VALUES: dict[str, Callable[[Any], Any]] = {  # of OTLP, and of constants of the IR
    "stringValue": str, "boolValue": bool, "intValue": int, "doubleValue": float, "bytesValue": base64.b64decode,
    "arrayValue": lambda raw: tuple(_attributes(raw.get("values")).values()),
    "kvlistValue": lambda raw: _attributes(raw.get("values")), "list": tuple, "map": dict,
    "text": str, "boolean": bool, "integer": int, "double": float, "bytes": base64.b64decode}

def _varint(data: bytes, at: int) -> tuple[int, int]:
    end = next(place for place in range(at, at + 10) if data[place] < 128) + 1
    return sum((byte & 127) << 7 * place for place, byte in enumerate(data[at:end])) & (2**64 - 1), end

def _message(data: bytes, kind: str) -> dict[str, Any]:  # what it has no name for is left out, but around the traces
    found, at = dict[str, Any](), 0
    while at < len(data):
        tag, at = _varint(data, at)
        size, at = _varint(data, at) if tag & 7 in {0, 2} else ({1: 8, 5: 4}[tag & 7], at)
        raw, at = (data[at : at + size], at + size) if tag & 7 else (size, at)
        name, what = FIELDS[kind].get(tag >> 3, ("", ""))
        wire, convert = SCALARS.get(what, (2, partial(_message, kind=what.rstrip("*"))))
        _demand(at <= len(data) and (tag & 7 == wire if name else kind != "traces"), "it is no OTLP, or breaks off")
        if name:
            found[name] = [*found.get(name, ()), convert(raw)] if what[-1] == "*" else convert(raw)
    return found

def _documents(data: bytes) -> list[Any]:  # of JSON, whole or by lines; of protobuf, bare or each behind its length
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    for lines in ([data], data.splitlines()):
        with suppress(ValueError):
            return [json.loads(line) for line in lines if line.strip()]
    bare, four = lambda at: (len(data), at), lambda at: (int.from_bytes(data[at : at + 4]), at + 4)
    for length in (bare, four, partial(_varint, data)):
        with suppress(Exception):
            found, at = [], 0
            while at < len(data):
                size, at = length(at)
                found.append(_message(data[at : at + size], "traces"))
                at += size
            _demand(at == len(data), "it breaks off")
            return found
    raise Refused(f"a file is neither OTLP JSON nor OTLP protobuf; {BY_FLUO}")

def _attributes(pairs: Any) -> dict[Any, Any]:  # without those that have no value; items of a list by their places
    return {pair.get("key", place): VALUES[kind](item) for place, pair in enumerate(pairs or ())
            for kind, item in ((pair.get("value") or {}) if "key" in pair else pair).items() if item is not None}

def _span(raw: Any, resource: Any, scope: Any) -> dict[str, Any]:  # by the names that rules have for its parts
    trace, own, parent = ((raw.get(key) or "").lower() for key in ("traceId", "spanId", "parentSpanId"))
    start, end = (int(raw.get(f"{side}TimeUnixNano") or 0) or None for side in ("start", "end"))
    status, events = raw.get("status") or {}, raw.get("events") or ()
    return {
        "trace:id": trace, "span:id": own, "span:parent_id": parent if parent.strip("0") else None,
        "span:name": raw.get("name") or "", "span:kind": KINDS[int(raw.get("kind") or 0)],
        "span:status": ("unset", "ok", "error")[int(status.get("code") or 0)], "scope:name": scope.get("name") or None,
        "span:status_message": status.get("message") or None, "span:start": start, "span:end": end,
        "attributes": _attributes(raw.get("attributes")), "resource": _attributes(resource.get("attributes")),
        "events": [(event.get("name") or "", int(event.get("timeUnixNano") or 0) or None,
                    _attributes(event.get("attributes"))) for event in events],
        "links": [f"{link['traceId']}:{link['spanId']}".lower() for link in raw.get("links") or ()],
        "dropped": sum(int(part.get(what) or 0) for part in (raw, resource, *events) for what in DROPPED)}

def _read(files: list[bytes]) -> dict[str, dict[str, Any]]:  # the spans of OTLP files by `trace:span`
    spans: dict[str, dict[str, Any]] = {}
    for batch in chain.from_iterable(document["resourceSpans"] for data in files for document in _documents(data)):
        for group in batch.get("scopeSpans") or ():
            for raw in group.get("spans") or ():
                span = _span(raw, batch.get("resource") or {}, group.get("scope") or {})
                was = spans.setdefault(f"{span['trace:id']}:{span['span:id']}", span)
                _demand(was is span or ascii(was) == ascii(span), f"copies of span {span['span:id']} differ; {BY_FLUO}")
    return spans

# --- values --------------------------------------------------------------------------------------------------------
def _digest(lines: list[str]) -> str:
    return "sha256:" + hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()

def _text(value: Any) -> str:  # the canonical one: JSON, with whole doubles as integers, bytes in base64
    def whole(raw: str) -> float:
        return int(float(raw)) if float(raw).is_integer() and abs(float(raw)) < 1e16 else float(raw)
    again = value if isinstance(value, str) else json.loads(
        json.dumps(value, default=lambda raw: base64.b64encode(raw).decode()), parse_float=whole, parse_constant=str)
    return again if isinstance(again, str) else json.dumps(again, ensure_ascii=False, separators=(",", ":"))

def _number(value: Any) -> Any:  # that a value is or reads as, or None
    if isinstance(value, int | float):
        return None if isinstance(value, bool) or math.isnan(value) else value
    found = NUMBER.fullmatch(value) if isinstance(value, str) else None
    if found and not any(found.groups()) and len(value) <= 20 and -(2**63) <= int(value) < 2**64:
        return int(value)
    return float(value) if found and not math.isinf(float(value)) else None

def matches(said: str, pattern: str) -> bool:
    """Return whether a pattern, of the syntax that RE2 and `re` share, occurs in a text."""
    body, fold = pattern.removeprefix("(?i)"), pattern.startswith("(?i)")
    plain = re.fullmatch(REGEX, body) and not re.search(r"\{,|[*+?}]\+", body)
    _demand(plain and (not fold or (pattern + said).isascii()), f"the pattern {pattern!r} is not checked without RE2")
    same = re.sub(r"\[(?:\\.|[^\]\\])+\]|\\.|\$", lambda found: SHARED.get(found[0], found[0]), body)
    return re.search(same, said, re.ASCII | (re.IGNORECASE if fold else 0)) is not None

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "contains": operator.contains, "starts_with": str.startswith, "ends_with": str.endswith, "matches": matches,
    "+": operator.add, "-": operator.sub, "*": operator.mul}

def _compare(op: str, left: Any, right: Any, mode: str) -> bool:  # `left op right`, of which neither is missing
    if op == "in":
        modes, items = ("number", "text") if mode == "each" else (mode, mode), right if isinstance(right, tuple) else ()
        return any(_compare("==", left, item, modes[isinstance(item, str | bool)]) for item in items)
    if op == "contains" and isinstance(left, tuple):
        return any(_compare("==", item, right, mode) for item in left)
    if op[0] in "=<>" and mode != "text":
        sides = _number(left), _number(right)
        if mode == "number" or None not in sides:
            return None not in sides and bool(OPERATORS[op](*sides))
    return bool(OPERATORS[op](_text(left), _text(right)))

def _aggregate(function: str, values: list[Any]) -> Any:  # exact, or rounded once where there is a double
    if function.startswith("count"):
        return len({_text(value) for value in values if value is not None} if "distinct" in function else values)
    numbers = [found for value in values if (found := _number(value)) is not None]
    infinite = {value for value in numbers if math.isinf(value)}
    if function in {"min", "max"}:
        return {"min": min, "max": max}[function](numbers, default=None)
    if infinite or (function == "avg" and not numbers):
        return infinite.pop() if len(infinite) == 1 else None
    result = sum(map(Fraction, numbers), Fraction(0)) / (len(numbers) if function == "avg" else 1)
    whole = result.denominator == 1 and (function == "avg" or not any(isinstance(value, float) for value in numbers))
    return result.numerator if whole else float(result) if abs(result) < 2**1024 else math.copysign(math.inf, result)

def _inside(values: dict[str, Any], key: str) -> Any:  # through maps; the longest name that leads there wins
    cuts = [at for at in reversed(range(len(key))) if key[at] == "." and isinstance(values.get(key[:at]), dict)]
    found = (look(values[key[:at]], key[at + 1 :]) for at in cuts for look in (dict.get, _inside))
    return next((value for value in found if value is not None), None)

# --- nodes and claims: a trace is its id, a span ``trace:span``, an event ``trace:span#number`` ---------------------
def _parts(node: Any) -> Iterator[Any]:  # all objects in JSON
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return chain((node,) if isinstance(node, dict) else (), *map(_parts, inner))

def _entered(args: Any, row: Any, binding: Any) -> Any:  # the binding with which arguments are a tuple, if there is one
    found = dict(binding)
    for arg, item in zip(args, row, strict=True):  # None is anything
        if item is not None and item != (arg["value"] if "value" in arg else found.setdefault(arg["name"], item)):
            return ()
    return (found,)

def _shown(name: str, items: Any) -> str:
    return f"{name}({', '.join('_' if item is None else f'{item}' for item in items)})"

class _Checker:  # of the nodes of a certificate, one after the other, and then of what its claims rest on
    def __init__(self, program: Any, held: Any, *traces: Any) -> None:
        ir = json.loads(program.read_bytes(), object_hook=lambda node: {
            key: item for key, item in node.items() if key not in {"origin", "digest"}})
        told = json.loads(held.read_bytes())
        told = told.get("certificate", told)
        schemas = told["schema"], ir["schema"]
        _demand(schemas == ("fluo-certificate/1", "fluo-ir/1"), "it is no fluo-certificate/1 with a fluo-ir/1")
        canonical = json.dumps(ir, sort_keys=True, separators=(",", ":"))
        _demand(told["ir"] == _digest([canonical]), "it is for other rules")
        self.spans = _read([trace.read_bytes() for trace in traces])
        _demand(told["facts"] == _digest([ascii(span) for span in self.spans.values()]), "it is for other traces")
        self.options, self.claims = told["options"], told["claims"]
        self.steps = [("node", self.node, [*told["nodes"]]), ("claim", self.claim, [*told["claims"]])]
        self.said = ", ".join([f"{len(self.spans)} spans", *(f"{key} {value}" for key, value in self.options.items())])
        ir = json.loads(canonical, object_hook=lambda node: (  # constants become values
            VALUES[node["type"]](node["value"]) if node.get("type") in VALUES else node))
        self.clauses: dict[str, list[Any]] = {}
        for clause in ir["clauses"]:
            self.clauses.setdefault(clause["head"]["predicate"], []).append(clause)
        self.parts = {name: [*_parts([clause["body"] for clause in own])] for name, own in self.clauses.items()}
        self.rules = {rule["rule"]: rule for rule in ir["rules"]}
        for rule in ir["rules"]:  # the longest deadline that its conditions rest on
            reached, rule["within"] = [obligation["condition"]["predicate"] for obligation in rule["obligations"]], 0
            for parts in (self.parts.get(name, ()) for name in reached):
                reached += {part["predicate"] for part in parts if "predicate" in part} - {*reached}
                sums = [part for part in parts if part.get("op") == "+"]
                found = (int(part["value"]) for part in _parts(sums) if part.get("unit") == "duration")
                rule["within"] = max([rule["within"], *found])
        above = {own: f"{span['trace:id']}:{span['span:parent_id']}" for own, span in self.spans.items()}
        tops = Counter(self.spans[own]["trace:id"] for own, parent in above.items() if parent not in self.spans)
        for own, span in self.spans.items():
            start, end, top = span["span:start"], span["span:end"], tops[span["trace:id"]]
            orphan = span["span:parent_id"] is not None and above[own] not in self.spans and top > 1
            span |= {"span:duration": None if start is None or end is None else end - start, "span:orphan": orphan,
                     "span:root": span["span:parent_id"] is None, "hole": orphan or not top}
        keys = {(part["args"][1]["value"], part["args"][2]["value"]) for part in chain(*self.parts.values())
                if part.get("predicate") == "text"}
        named = [(own, parent) for own, parent in above.items() if not self.spans[own]["span:root"]]
        said = ((own, *key, self.field(own, *key)) for own in self.spans for key in keys)
        facts = {
            ("span", 3): [(span["trace:id"], own, span["span:name"]) for own, span in self.spans.items()],
            ("parent", 2): [row for row in named if row[1] in self.spans], ("parent_ref", 2): named,
            ("event", 3): [(own, f"{own}#{place}", event[0]) for own, span in self.spans.items()
                           for place, event in enumerate(span["events"])],
            ("link", 2): [(own, to) for own, span in self.spans.items() for to in {*span["links"]} & self.spans.keys()],
            ("text", 4): [(*row[:3], _text(row[3])) for row in said if row[3] is not None]}
        self.known: dict[Any, Any] = {(name, *[None] * size): (rows, {}) for (name, size), rows in facts.items()}

    def field(self, entity: str, space: str, key: str) -> Any:  # of a span or an event, None where it is missing
        own, _, place = entity.partition("#")
        span = self.spans[own]
        if space in {"intrinsic", "resource"}:
            return span[key] if space == "intrinsic" else span["resource"].get(key)
        maps = (span["events"][int(place)][2],) if space == "event" else (span["attributes"], span["resource"])
        found = (look(values, key) for look in (dict.get, _inside) for values in maps)
        return next((value for value in found if value is not None), None)

    def value(self, term: Any, binding: Any) -> Any:  # of a term under a binding, None where it is missing or free
        if term["type"] in {"variable", "constant"}:
            return term["value"] if "value" in term else binding.get(term["name"])
        if term["type"] == "field":
            return self.field(binding[term["of"]["name"]], term["space"], term["key"])
        left, right = (_number(self.value(term[side], binding)) for side in ("left", "right"))
        result = None if left is None or right is None else OPERATORS[term["op"]](left, right)
        return None if isinstance(result, float) and not math.isfinite(result) else result

    def rows(self, predicate: str, asked: Any) -> Any:  # of a pattern, as facts and nodes so far tell; None is any
        pattern, free = tuple(asked), tuple([item is None for item in asked])
        for wider in product(*[(None,) if item is None else (None, item) for item in pattern]):
            if (predicate, *wider) in self.known:
                rows, indexes = self.known[predicate, *wider]
                for row in () if free in indexes or wider == pattern else rows:
                    key = tuple([None if item is None else own for item, own in zip(pattern, row, strict=True)])
                    indexes.setdefault(free, {}).setdefault(key, []).append(row)
                return rows if wider == pattern else indexes.get(free, {}).get(pattern, ())
        raise Refused(f"no node before it tells {_shown(predicate, pattern)}")

    def extend(self, literal: Any, binding: Any) -> Any:  # the extensions of a binding under which a literal holds
        match literal["type"]:
            case "atom":
                rows = self.rows(literal["predicate"], [self.value(arg, binding) for arg in literal["args"]])
                return chain.from_iterable(_entered(literal["args"], row, binding) for row in rows)
            case "not":
                holds = not any(True for _ in self.extend(literal["literal"], binding))
            case "present":
                holds = self.value(literal["term"], binding) is not None
            case "compare":
                left, right = (self.value(literal[side], binding) for side in ("left", "right"))
                holds = None not in (left, right) and _compare(literal["op"], left, right, literal["mode"])
            case _:
                result = self.aggregate(literal, binding)
                return () if result is None else ({**binding, literal["result"]["name"]: result},)
        return (binding,) if holds else ()

    def aggregate(self, literal: Any, binding: Any) -> Any:  # of windows the largest; None where there is none
        own, target, function = literal["element"]["name"], literal["target"], literal["function"]
        timed = [(self.spans[found[own]]["span:start"], target and self.value(target, found))
                 for found in self.extend(literal["over"], {name: binding[name] for name in binding if name != own})]
        if literal["window"] is None:
            return _aggregate(function, [value for _, value in timed])
        timed = sorted((item for item in timed if item[0] is not None), key=operator.itemgetter(0))
        starts, values, size = [start for start, _ in timed], [value for _, value in timed], int(literal["window"])
        ends = {bisect_left(starts, at): bisect_left(starts, at + size) for at in starts}
        found = (_aggregate(function, values[first:end]) for first, end in ends.items())
        return max((value for value in found if value is not None), default=0)

    def derived(self, clauses: Any, pattern: Any, binding: Any) -> Iterator[Any]:  # the tuples of a pattern
        for clause in clauses:
            found = iter(_entered(clause["head"]["args"], pattern, binding))
            for literal in clause["body"]:
                found = chain.from_iterable(map(partial(self.extend, literal), found))
            yield from (tuple([self.value(arg, final) for arg in clause["head"]["args"]]) for final in found)

    def node(self, node: Any) -> str:  # what it tells, once entered: it follows from facts and nodes before it
        predicate, *pattern = told = tuple(node["atom"])
        said, clauses = _shown(predicate, pattern), self.clauses[predicate]
        if node["kind"] == "holds":
            found = self.derived([dict(enumerate(clauses))[node["clause"]]], pattern, node["binding"])
            rows = {*islice(found, 1)}
            _demand(rows and None not in pattern, f"clause {node['clause']} does not derive {said} under its binding")
        else:
            _demand(node["kind"] == "extension", f"{node['kind']!r} is no kind of node")
            recursive = any(part.get("predicate") == predicate for part in self.parts[predicate])
            rows, before = set[Any](), None
            try:
                while rows != before and (recursive or before is None):  # it grows until it stays as it is
                    self.known[told], before = (rows, {}), rows
                    rows = {*self.derived(clauses, pattern, {})}
            finally:
                del self.known[told]
            is_so = node["rows"] == (sorted(map(list, rows)) if len(rows) <= FEW else len(rows))
            _demand(is_so, f"{said} has {len(rows)}, which are {sorted(rows)[:FEW]}")
        self.known[told] = rows, {}
        return f"{node['kind']} {said}"

    def claim(self, claim: Any) -> str:  # what it says, as the nodes show it, and what is open where it fails
        rule, row, number = self.rules[claim["rule"]], claim["match"], claim["obligation"]
        when = self.rows(rule["when"]["predicate"], row + [None] * (len(rule["when"]["args"]) - len(row)))
        asked = rule["scope"] if number is None else dict(enumerate(rule["obligations"]))[number]["failure"]
        seen = number is None, bool(when), bool(self.rows(asked["predicate"], row))
        so = {(True, False, True): "vacuous", (False, True, True): "fails", (False, True, False): "satisfied"}.get(seen)
        said = f"the nodes show `{so or 'active, or no scope or match'}`, not `{claim['claim']}`"
        _demand(so and so == claim["claim"] and None not in row, said)
        block = "" if number is None else f" block {number + 1}"
        return f"{_shown(claim['rule'], row)}:{block} {so}{self.doubts(rule, row[0]) if so == 'fails' else ''}"

    def doubts(self, rule: Any, scope: Any) -> str:  # what may be missing, whether or not the failures rest on that
        members = [self.spans[row[-1]] for row in self.rows(rule["member"]["predicate"], [scope, None])]
        now, within = int(self.options["now"]), rule["within"]
        until = max((span["span:end"] + within if span["span:end"] else now + 1 for span in members), default=0)
        said = ", ".join(name for name, is_so in {
            "a trace has a hole": any(span["hole"] for span in members) and not self.options["assume_complete"],
            "a span dropped data": any(span["dropped"] for span in members),
            f"a deadline may end at {until}, the data end at {now}": within and until > now,
            "clocks may differ": int(self.options["clock_skew"]) > 0}.items() if is_so)
        return said and f"; open: {said}"

    def missing(self) -> list[str]:  # obligations of any rule in any scope, as nodes tell them, that no claim is about
        claimed = {(item["rule"], item["obligation"], *item["match"]) for item in self.claims}
        due: list[Any] = []
        for name, rule in self.rules.items():
            for (scope,) in self.rows(rule["scope"]["predicate"], [None]):
                found = self.rows(rule["when"]["predicate"], [scope, *[None] * len(rule["when"]["args"][1:])])
                due += [(name, place, *row) for row in found for place in range(len(rule["obligations"]))]
                due += [] if found else [(name, None, scope)]
        return [f"no claim about {_shown(one[0], one[1:])}" for one in due if one not in claimed]

def _attempt(check: Callable[..., Any], *of: Any) -> tuple[Any, bool]:
    try:
        return check(*of), True
    except Exception as reason:  # noqa: BLE001 - whatever is wrong with it, it is refused
        return f"{reason}" if isinstance(reason, Refused) else f"malformed ({type(reason).__name__})", False

def certify(*paths: Any, complete: bool = False) -> Iterator[tuple[str, Any, bool]]:
    """Yield what was looked at, what it says or the reason why it is refused, and whether it is accepted."""
    checker, good = _attempt(_Checker, *paths)
    yield "certificate", checker.said if good else checker, good
    for kind, check, items in checker.steps if good else ():
        for place, item in enumerate(items):
            yield f"{kind} {place}", *_attempt(check, item)
    lacking, good = _attempt(checker.missing) if good and complete else ([], True)
    for said in lacking if good else [lacking]:
        yield "complete", said, False

def main(arguments: list[str]) -> int:
    """Check the files that are named; print claims and refusals; return 0 where everything is accepted, else 1."""
    found = [*certify(*(Path(name) for name in arguments if name != "--complete"), complete="--complete" in arguments)]
    lines = [f"{name}: {'' if good else 'refused: '}{said}" for name, said, good in found if name[0] != "n" or not good]
    print(*lines, f"{sum(good for *_, good in found)} of {len(found)} steps accepted", sep="\n")
    return 0 if all(good for *_, good in found) else 1

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
