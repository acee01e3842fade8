"""What completion offers at a place: a table of texts with `‸` where the cursor is."""

from __future__ import annotations

import pytest

from fluo_logic.facts.model import Event, Resource, Scope, Span
from fluo_logic.lang.parse import parse_rules
from fluo_logic.lsp.completion import entries, typed
from fluo_logic.lsp.context import context_at
from fluo_logic.lsp.vocabulary import MAX_VALUES, Keys, Vocabulary, of_rules

SHOP = Resource({"service.name": "shop", "cloud region": "eu"})
SPANS = (
    Span("1", "1", "pay", attributes={"amount": 3, "tier": "free", "tenant.id": "t1"}, resource=SHOP),
    Span("1", "2", "pay", attributes={"amount": 4, "tier": "paid", "retried": True}, scope=Scope("billing")),
    Span("1", "3", "GET /cart", attributes={"cart.id": "c1"}, events=(Event("retry", None, {"attempt": 2}),)),
    Span("1", "4", "pay.refund", attributes={"reason": "late"}),
)


def offered(marked: str) -> dict[str, str]:
    """Return the texts that are offered where the mark is, by their labels."""
    known = Vocabulary()
    for span in SPANS:
        known.add_span(span)
    offset = marked.index("‸")
    return {entry.label: entry.text for entry in entries(context_at(marked.replace("‸", ""), offset), known)}


RULE = 'rule a "t" {\n  severity high\n'

CASES = [
    # files, metadata and scope
    ("‸", ["rule", "severity", "when", "per trace", "pay"], ["and", "before"]),
    ("rule ‸", [], ["rule", "severity", "pay"]),
    ('rule a "t" {\n  sev‸', ["severity", "tags", "across traces by", "when"], ["rule"]),
    (RULE + "  ‸", ["tags", "category", "always"], ["severity"]),
    (RULE + "  tags a, b\n  ‸", ["category", "controls"], ["tags", "severity"]),
    (RULE + "  per trace\n  ‸", ["when", "always"], ["across traces"]),
    (RULE + "  when { pay }\n  ‸", ["always", "never", "example"], ["when", "tags", "pay"]),
    ("rule a { severity ‸", ["critical", "info"], ["ordering", "pay"]),
    ("rule a { severity cr‸", ["critical"], ["tags"]),
    ("rule a { category ‸", ["existence", "boundary"], ["critical"]),
    ("rule a { tags ‸", [], ["severity", "pay"]),
    ("rule a { across ‸", ["traces by", "traces"], ["severity"]),
    ("rule a { across traces by ‸", ["tenant.id", "service.name"], ["pay", "when"]),
    ("rule a { across traces by tenant.id ‸", ["when", "always"], ["tenant.id"]),
    ('rule a { description "pay ‸', [], ["pay", "amount"]),
    ('rule a { display "paid {‸"\n when { pay as $p } }', ["$p"], ["pay"]),
    ('rule a { display "paid {$p.‸"\n when { pay as $p } }', ["amount", "span:duration"], ["cart.id"]),
    # conditions
    ("when { ‸", ["pay", "GET /cart", "*", "not", "count", "trace.has"], ["and", "severity", "before"]),
    ("when { pay ‸", ["as", "and", "or", "before", "child of"], ["pay", "severity"]),
    ("when { pay as ‸", [], ["pay", "$x", "and"]),
    ("when { pay as $p ‸", ["and", "before"], ["as", "is", "pay"]),
    ("when { pay as $p and ‸", ["pay", "$p", "not"], ["or"]),
    ("when { pay } always { pay before ‸", ["pay", "GET /cart"], ["not", "count", "and"]),
    ("when { pay as $p } always { $‸", ["$p"], ["pay"]),
    ("when { pay as $p and pay as $q } always { $p is ‸", ["not", "$p", "$q"], ["pay"]),
    ("when { pay as $p } always { $p ‸", ["before", "child of", "is"], ["pay"]),
    ("when { pay as $p } always { $p child ‸", ["of"], ["pay", "to"]),
    ("when { pay as $p } always { pay linked ‸", ["to", "from"], ["of"]),
    ("when { pay as $p } always { pay child of ‸", ["$p", "pay"], ["count"]),
    ("when { pay as $p } always { $p.‸", ["amount", "tenant.id", "span:start", "resource:service.name"], ["cart.id"]),
    ('when { "GET /cart" as $g } always { $g.‸', ["cart.id"], ["amount"]),
    ("when { pay.amount > 3 as $p } always { $p.‸", ["amount", "tier"], ["cart.id"]),
    ("when { trace.has(pay).where(amount > 1) as $p } always { $p.‸", ["amount"], ["cart.id"]),
    ("when { * as $any } always { $any.‸", ["amount", "cart.id"], []),
    ("when { pay as $p } always { $p.tier == ‸", ['"free"', '"paid"', "$p", "count"], ['"late"', "3"]),
    ("when { pay.‸", [".where", "pay.refund", "pay.amount"], ["and"]),
    ('when { "GET /cart".‸', [".where", "cart.id"], ["amount"]),
    ('when { "GET‸', ["GET /cart"], []),
    ("when { pay } always { count(‸", ["distinct", "pay", "*"], ["and", "count", "$p"]),
    ("when { pay } always { sum(‸", ["pay", "*"], ["distinct"]),
    ("when { pay } always { count(distinct ‸", ["pay"], ["distinct"]),
    ("when { pay } always { count(pay) ‸", ["==", "<=", "within"], ["contains"]),
    # predicates
    (
        "when { pay.where(‸",
        ["amount", "tier", "tenant.id", "span:kind", "exists", "event", "not"],
        ["cart.id", "reason"],
    ),
    ('when { "GET /cart".where(‸', ["cart.id"], ["amount"]),
    ("when { trace.has(pay).where(‸", ["amount"], ["cart.id"]),
    ("when { pay.where(amount > 1).where(‸", ["tier"], ["cart.id"]),
    ("when { pay.refund.where(‸", ["reason"], ["amount"]),
    ("when { unheard.of.where(‸", ["amount", "cart.id", "reason"], []),
    ("when { pay.where(am‸", ["amount"], ["cart.id"]),
    ("when { pay.where(amount ‸", ["==", "starts_with", "not in", "and"], ["amount", "before"]),
    ("when { pay.where(amount > 1 ‸", ["and", "or"], ["==", "amount"]),
    ("when { pay.where(amount > 1 and ‸", ["tier", "not"], ["=="]),
    ("when { pay.where(tier == ‸", ['"free"', '"paid"'], ["amount", '"late"']),
    ("when { pay.where(tier in [‸", ['"free"', '"paid"'], ["amount"]),
    ("when { pay.where(tier not ‸", ["in"], ["amount"]),
    ("when { pay.where(span:kind == ‸", ["server", "client"], ["unset"]),
    ("when { pay.where(span:status != ‸", ["unset", "error"], ["server"]),
    ("when { pay.where(scope:name == ‸", ['"billing"'], []),
    ("when { pay.where(resource:service.name == ‸", ['"shop"'], []),
    ("when { pay.where(span:‸", ["span:duration", "span:kind"], []),
    ("when { pay.where(exists(‸", ["amount", "tier"], ["cart.id", "not"]),
    ("when { pay.where(amount > .‸", ["amount", "tier"], ["cart.id"]),
    ("when { pay.where((tier == x or ‸", ["tier", "amount"], ["cart.id"]),
    ("when { pay.where(event(‸", ["retry"], ["amount"]),
    ("when { pay.where(event(retry).where(‸", ["attempt"], ["amount", "event"]),
    ("when { pay as $p } always { pay.where(amount == $‸", ["$p"], ["amount"]),
    ('when { pay as $p } always { $p["‸', ["amount", "tenant.id"], ["cart.id"]),
    # examples
    ("rule a { never { pay } example ‸", ["violated", "satisfied", "vacuous"], ["pay"]),
    ('rule a { never { pay } example violated "x" { ‸', ["pay", "trace"], ["severity"]),
    ('rule a { never { pay } example violated "x" { trace { ‸', ["pay"], ["severity", "trace"]),
    ('rule a { never { pay } example violated "x" { pay(‸', ["amount", "span:kind"], ["cart.id"]),
    ('rule a { never { pay } example violated "x" { pay(amount: 1, ‸', ["tier"], ["cart.id"]),
    ('rule a { never { pay } example violated "x" { pay(tier: ‸', ['"free"'], ["amount"]),
    # half-written text before the place spoils nothing
    ("rule a { when { pay.where(amount ==  \n}\nrule b { severity ‸", ["critical"], ["pay"]),
    ('rule a { when { pay.where("x  \n  always { ‸', ["pay", "count"], ["severity"]),
    ("rule a { when { pay as $p }\n never { ((( } }\nrule b { when { $‸", [], ["$p"]),
    # nothing in comments
    ("// pay ‸", [], ["pay", "rule"]),
    ("when { /* pay ‸", [], ["pay"]),
    ("when { // pay\n ‸", ["pay"], []),
]


@pytest.mark.parametrize(("marked", "wanted", "unwanted"), CASES, ids=[case[0].replace("\n", " ") for case in CASES])
def test_what_may_stand_there_is_offered(marked: str, wanted: list[str], unwanted: list[str]) -> None:
    """What fits a place is offered there, and what does not is not; an empty list of both means nothing at all."""
    found = offered(marked)
    assert [label for label in wanted if label not in found] == []
    assert [label for label in unwanted if label in found] == []
    if not wanted:
        assert found == {}


def test_names_are_quoted_where_they_need_it() -> None:
    """A name with spaces is written in quotes, a dotted attribute of a pattern in brackets."""
    assert offered("when { ‸")["GET /cart"] == '"GET /cart"'
    assert offered("when { pay as $p } always { $p.‸")["tenant.id"] == ".tenant.id"
    assert offered('when { "GET /cart".‸')["cart.id"] == '["cart.id"]'
    assert offered("when { pay.where(‸")['resource:"cloud region"'] == 'resource:"cloud region"'


def test_what_is_typed_is_replaced() -> None:
    """An entry replaces the word that is being written, its dot, dollar sign or quote included."""

    def written(marked: str) -> str:
        return typed(context_at(marked.replace("‸", ""), marked.index("‸")))

    assert written("when { pay.ref‸") == "pay.ref"
    assert written("when { pay as $p } always { $p.am‸") == ".am"
    assert written('when { "GET‸') == '"GET'
    assert written('rule a { display "x {$p.am‸') == ".am"
    assert written("when { ‸") == ""


def test_names_in_rules_are_offered_without_traces() -> None:
    """Patterns, their predicates and examples teach names and values."""
    rules, errors = parse_rules(
        'rule a { never { a.where(k == "v" and event(e).where(i == 1)) }'
        ' example violated "x" { b(n: 2, resource:r: "s") @ 0s .. 1s { c @ 0s .. 1s } } }',
        "rule.fluo",
    )
    assert errors == []
    known = of_rules(rules)
    assert sorted(known.spans) == ["a", "b", "c"]
    assert known.spans["a"].values == {"k": {"v"}}
    assert known.spans["b"].values == {"n": {2}}
    assert known.events["e"].values == {"i": {1}}
    assert known.resources.values == {"r": {"s"}}


def test_only_small_sets_of_values_are_kept() -> None:
    """An attribute with many values, or with long texts, offers none."""
    keys = Keys()
    for number in range(MAX_VALUES + 1):
        keys.add("many", number)
    keys.add("long", "x" * 1000)
    keys.add("few", "a")
    keys.add("list", ("a", "b"))
    assert keys.values == {"many": None, "long": None, "few": {"a"}, "list": set()}
