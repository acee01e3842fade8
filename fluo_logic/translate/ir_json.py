"""The IR as a JSON document, ``fluo-ir/1``: stable, exact, and with a digest by which two programs are compared.

Every node is an object whose ``type`` names its class.  Constants say what they are, and numbers are texts, so that no
reader of JSON can round them: ``{"type": "integer", "value": "9007199254740993"}``.  Origins are told, and left out of
the digest: moving a rule in its file changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from typing import Final, TypeAlias, assert_never

from fluo_logic.logic import (
    Aggregate,
    Arith,
    Atom,
    Clause,
    Compare,
    Const,
    Field,
    Literal,
    Not,
    ObligationPlan,
    Origin,
    Present,
    Program,
    RulePlan,
    Term,
    Var,
)
from fluo_logic.values import Value, canonical_text

Json: TypeAlias = "str | bool | int | list[Json] | dict[str, Json] | None"
Node: TypeAlias = dict[str, Json]

IR_SCHEMA: Final = "fluo-ir/1"


def ir_document(program: Program) -> Node:
    """Return the document ``fluo-ir/1``: clauses, plans of rules, and the digest of both."""
    return {"schema": IR_SCHEMA, "digest": ir_digest(program), **_program(program, origins=True)}


def ir_digest(program: Program) -> str:
    """Return ``sha256:`` and the hexadecimal digest of the canonical JSON of a program, without its origins.

    Canonical is: keys sorted, no white space, ASCII with escapes.
    """
    document = {"schema": IR_SCHEMA, **_program(program, origins=False)}
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(text.encode('ascii')).hexdigest()}"


def _program(program: Program, *, origins: bool) -> Node:
    writer = _Writer(origins=origins)
    return {
        "clauses": [writer.clause(clause) for clause in program.clauses],
        "rules": [writer.plan(plan) for plan in program.rules],
    }


class _Writer:
    def __init__(self, *, origins: bool) -> None:
        self.origins = origins

    def placed(self, node: Node, origin: Origin | None) -> Node:
        if self.origins and origin is not None:
            node["origin"] = {
                "rule": origin.rule,
                "file": origin.file,
                "line": origin.line,
                "column": origin.column,
                "text": origin.text,
            }
        return node

    def clause(self, clause: Clause) -> Node:
        body: list[Json] = [self.literal(literal) for literal in clause.body]
        return self.placed({"head": self.atom(clause.head), "body": body}, clause.origin)

    def literal(self, literal: Literal) -> Node:
        match literal:
            case Atom():
                return self.atom(literal)
            case Not():
                return self.placed({"type": "not", "literal": self.literal(literal.literal)}, literal.origin)
            case Compare():
                return self.placed(
                    {
                        "type": "compare",
                        "left": self.term(literal.left),
                        "op": literal.op,
                        "right": self.term(literal.right),
                        "mode": literal.mode.value,
                    },
                    literal.origin,
                )
            case Present():
                return self.placed({"type": "present", "term": self.term(literal.term)}, literal.origin)
            case Aggregate():
                return self.placed(
                    {
                        "type": "aggregate",
                        "function": literal.function,
                        "element": self.term(literal.element),
                        "target": None if literal.target is None else self.term(literal.target),
                        "over": self.atom(literal.over),
                        "window": None if literal.window is None else str(literal.window),
                        "result": self.term(literal.result),
                    },
                    literal.origin,
                )
            case _:
                assert_never(literal)

    def atom(self, atom: Atom) -> Node:
        args: list[Json] = [self.term(arg) for arg in atom.args]
        return self.placed({"type": "atom", "predicate": atom.predicate, "args": args}, atom.origin)

    def term(self, term: Term) -> Node:
        match term:
            case Var():
                return {"type": "variable", "name": term.name, "sort": term.sort.value, "label": term.label}
            case Const():
                return {"type": "constant", "value": _value(term.value), "unit": term.unit.value}
            case Field():
                return {"type": "field", "of": self.term(term.of), "space": term.space, "key": term.key}
            case Arith():
                return {
                    "type": "arithmetic",
                    "op": term.op,
                    "left": self.term(term.left),
                    "right": self.term(term.right),
                }
            case _:
                assert_never(term)

    def plan(self, plan: RulePlan) -> Node:
        return {
            "rule": plan.rule,
            "scope_kind": plan.scope_kind,
            "scope_key": None if plan.scope_key is None else self.term(plan.scope_key),
            "scope": self.atom(plan.scope),
            "member": self.atom(plan.member),
            "when": self.atom(plan.when),
            "obligations": [self.obligation(obligation) for obligation in plan.obligations],
            "variables": [self.term(variable) for variable in plan.variables],
        }

    def obligation(self, plan: ObligationPlan) -> Node:
        node: Node = {
            "polarity": plan.polarity,
            "condition": self.atom(plan.condition),
            "failure": self.atom(plan.failure),
        }
        return self.placed(node, plan.origin)


def _value(value: Value) -> Node:
    match value:
        case bool():
            return {"type": "boolean", "value": value}
        case str():
            return {"type": "text", "value": value}
        case int():
            return {"type": "integer", "value": str(value)}
        case float():
            return {"type": "double", "value": repr(value)}
        case bytes():
            return {"type": "bytes", "value": canonical_text(value)}
        case tuple():
            return {"type": "list", "value": [_value(item) for item in value]}
        case dict():
            return {"type": "map", "value": {key: _value(item) for key, item in value.items()}}
        case _:
            assert_never(value)
