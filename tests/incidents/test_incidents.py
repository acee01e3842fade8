"""The seven incident applications, their rules, and the traces that tell the rules apart."""

from __future__ import annotations

import functools
import importlib.util
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest

from fluo_logic.lang.parse import load_rules
from fluo_logic.lang.syntax import Ruleset
from fluo_logic.pipeline import check

pytest.importorskip("opentelemetry.sdk", reason="needs the demo extra")
pytest.importorskip("opentelemetry.exporter.otlp.proto.common", reason="needs the demo extra")

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "rules" / "case-studies"
MISSES: Final = Path(__file__).parent / "misses"
VARIANTS: Final = ("healthy", "broken")


def load_catalogue() -> ModuleType:
    name = "fluo_incidents_catalogue"
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / "incidents" / "catalogue.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


CATALOGUE: Final = load_catalogue()
BY_SLUG: Final[dict[str, Any]] = {incident.slug: incident for incident in CATALOGUE.INCIDENTS}
every_incident = pytest.mark.parametrize("slug", BY_SLUG)
every_variant = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture(scope="module")
def outdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the command line wrote."""
    folder = tmp_path_factory.mktemp("incidents") / "new"
    assert CATALOGUE.main([str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def otlp(outdir: Path) -> Callable[[str, str], Path]:
    return lambda slug, variant: outdir / f"{slug}-{variant}.otlp.jsonl"


def raw_spans(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the spans of an OTLP/JSON file with their attributes and service as plain Python values."""
    for line in path.read_text(encoding="utf-8").splitlines():
        for resource in json.loads(line)["resourceSpans"]:
            service = plain(resource["resource"]["attributes"])["service.name"]
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    yield span | {"attributes": plain(span.get("attributes", [])), "service": service}


def plain(attributes: list[dict[str, Any]]) -> dict[str, Any]:
    values = {}
    for attribute in attributes:
        ((kind, value),) = attribute["value"].items()
        values[attribute["key"]] = int(value) if kind == "intValue" else value
    return values


def named(path: Path, name: str) -> list[dict[str, Any]]:
    return [span for span in raw_spans(path) if span["name"] == name]


def start(span: dict[str, Any]) -> int:
    return int(span["startTimeUnixNano"])


# --- the applications ---------------------------------------------------------------------------------------------


def test_seven_incidents_are_numbered_and_complete() -> None:
    """The catalogue numbers the incidents from 1 to 7, and each names a module that is there."""
    assert [incident.number for incident in CATALOGUE.INCIDENTS] == [1, 2, 3, 4, 5, 6, 7]
    for incident in CATALOGUE.INCIDENTS:
        assert (ROOT / "examples" / "incidents" / incident.module).is_file()
        assert incident.module.startswith(f"{incident.number}_")


def test_the_list_is_read_without_opentelemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue can be shown where the demo extra is not installed."""
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    monkeypatch.setitem(sys.modules, "fluo_incidents_catalogue", CATALOGUE)
    assert len(load_catalogue().INCIDENTS) == 7


@every_incident
@every_variant
def test_two_runs_write_the_same_bytes(
    slug: str, variant: str, otlp: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """A run depends on nothing but the incident and the variant."""
    again = tmp_path / "again.jsonl"
    CATALOGUE.write(BY_SLUG[slug], variant, again)
    assert again.read_bytes() == otlp(slug, variant).read_bytes()


@every_incident
@every_variant
def test_the_otlp_is_well_formed(slug: str, variant: str, otlp: Callable[[str, str], Path]) -> None:
    """Ids are lower-case hexadecimal and unique, parents are there, times are in order, enums are integers."""
    path = otlp(slug, variant)
    spans = list(raw_spans(path))
    keys = {(span["traceId"], span["spanId"]) for span in spans}
    assert len(keys) == len(spans)
    for span in spans:
        assert re.fullmatch(r"[0-9a-f]{32}", span["traceId"])
        assert re.fullmatch(r"[0-9a-f]{16}", span["spanId"])
        assert span["traceId"].strip("0")
        assert "parentSpanId" not in span or (span["traceId"], span["parentSpanId"]) in keys
        assert 1_735_689_600 * 10**9 <= start(span) <= int(span["endTimeUnixNano"]) < 1_767_225_600 * 10**9
        assert isinstance(span["startTimeUnixNano"], str)
        assert isinstance(span["kind"], int)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == len({span["traceId"] for span in spans}) >= 5


@every_incident
def test_healthy_and_broken_meet_the_same_demand(slug: str, otlp: Callable[[str, str], Path]) -> None:
    """The variants differ in how the application works, not in how many requests come in."""
    healthy, broken = (
        Counter(span["name"] for span in raw_spans(otlp(slug, variant)) if "parentSpanId" not in span)
        for variant in VARIANTS
    )
    assert healthy == broken


def test_an_unknown_variant_is_refused() -> None:
    """A variant that is neither healthy nor broken is an error that says so."""
    with pytest.raises(ValueError, match="healthy or broken, not 'borken'"):
        CATALOGUE.run(CATALOGUE.INCIDENTS[0], "borken")


def test_the_command_line_writes_fourteen_files(outdir: Path) -> None:
    """Every incident is written in both variants, into a folder that need not exist."""
    expected = {f"{slug}-{variant}.otlp.jsonl" for slug in BY_SLUG for variant in VARIANTS}
    assert {path.name for path in outdir.iterdir()} == expected


def test_a_broken_retry_captures_a_cart_again(otlp: Callable[[str, str], Path]) -> None:
    """Five carts are captured more than once by the broken shop, none by the healthy one."""

    def captured_again(variant: str) -> set[str]:
        captures = Counter(
            span["attributes"]["cart.id"]
            for span in named(otlp("payment-retry", variant), "processor.capture")
            if not span["attributes"]["replayed"]
        )
        return {cart for cart, count in captures.items() if count > 1}

    assert captured_again("healthy") == set()
    assert captured_again("broken") == {"cart-03", "cart-05", "cart-07", "cart-10", "cart-11"}


def test_a_broken_export_returns_the_rows_of_every_tenant(otlp: Callable[[str, str], Path]) -> None:
    """A query without the tenant condition returns all 19 patients, one with it at most the 7 of the largest clinic."""

    def rows(variant: str) -> list[int]:
        queries = [query["attributes"] for query in named(otlp("cross-tenant-read", variant), "database.query")]
        return [query["db.response.returned_rows"] for query in queries if query["table"] == "patient_records"]

    assert (max(rows("healthy")), max(rows("broken"))) == (7, 19)


def test_a_broken_bulk_tool_leaves_actions_unlogged(otlp: Callable[[str, str], Path]) -> None:
    """Five bulk deactivations are not logged by the broken console; two of them share a trace with another log."""
    actions, logs = (named(otlp("admin-audit", "broken"), name) for name in ("admin.action", "audit.log"))
    assert len(actions) - len(logs) == 5
    assert all(action["attributes"]["action"] == "bulk_deactivate" for action in actions[-1:])
    unlogged = {span["traceId"] for span in actions if span["attributes"]["action"] == "bulk_deactivate"}
    assert len(unlogged & {span["traceId"] for span in logs}) == 2
    healthy = otlp("admin-audit", "healthy")
    assert len(named(healthy, "admin.action")) == len(named(healthy, "audit.log"))


def most_in_a_minute(path: Path, user: str) -> int:
    times = sorted(
        start(span)
        for span in named(path, "api.request")
        if span["attributes"]["user.id"] == user and span["attributes"]["http.response.status_code"] != 429
    )
    return max(sum(first <= time < first + 60 * 10**9 for time in times) for first in times)


def test_a_broken_cache_serves_free_users_beyond_the_limit(otlp: Callable[[str, str], Path]) -> None:
    """Both heavy users pass the limit, and the one with two gateways is reported above it by neither."""
    broken, healthy = otlp("rate-limit", "broken"), otlp("rate-limit", "healthy")
    users = ("free-alice", "free-mallory", "free-trent", "free-olivia")
    assert [most_in_a_minute(broken, user) for user in users] == [6, 125, 130, 100]
    assert [most_in_a_minute(healthy, user) for user in users] == [6, 100, 100, 100]
    reported = dict.fromkeys(users, 0)
    for span in named(broken, "api.request"):
        user = span["attributes"]["user.id"]
        if user in reported:
            reported[user] = max(reported[user], span["attributes"]["request_count_1m"])
    assert reported == {"free-alice": 6, "free-mallory": 125, "free-trent": 65, "free-olivia": 100}


def test_a_broken_inventory_confirms_an_item_twice_and_charges_the_refused(otlp: Callable[[str, str], Path]) -> None:
    """Two items are confirmed for two buyers each, and two buyers are charged without a reservation."""

    def twice(variant: str) -> set[str]:
        confirmed = Counter(
            span["attributes"]["item.id"]
            for span in named(otlp("inventory-race", variant), "inventory.reserve")
            if span["attributes"]["confirmed"]
        )
        return {item for item, count in confirmed.items() if count > 1}

    def unreserved(variant: str) -> int:
        charges = named(otlp("inventory-race", variant), "payment.charge")
        return sum("reservation.id" not in span["attributes"] for span in charges)

    # item-5 is reserved twice by rights: the first buyer's card is declined and the item released.
    assert (twice("healthy"), unreserved("healthy")) == ({"item-5"}, 0)
    assert (twice("broken"), unreserved("broken")) == ({"item-3", "item-5", "item-6"}, 2)


def test_a_broken_agent_pays_large_refunds_that_nobody_approved(otlp: Callable[[str, str], Path]) -> None:
    """Three refunds above 50 dollars are paid without an approval, one of them beside the approval of another order."""

    def unapproved(variant: str) -> set[str]:
        path = otlp("agent-refund", variant)
        granted = {s["attributes"]["order.id"] for s in named(path, "human.approval") if s["attributes"]["approved"]}
        paid = {s["attributes"]["order.id"] for s in named(path, "refund.process") if s["attributes"]["amount"] > 50}
        return paid - granted

    assert unapproved("healthy") == set()
    assert unapproved("broken") == {"order-05", "order-07", "order-10"}


def test_a_broken_job_is_late_and_leaves_the_latest_requests_open(otlp: Callable[[str, str], Path]) -> None:
    """Some deletions take more than 30 days, and some requests older than that are still open at the end."""
    deadline = timedelta(days=30) // timedelta(microseconds=1) * 1_000

    def waits(variant: str) -> tuple[int, int, int]:
        path = otlp("deletion-deadline", variant)
        asked = {span["attributes"]["user.id"]: start(span) for span in named(path, "deletion.request")}
        done = {span["attributes"]["user.id"]: start(span) for span in named(path, "deletion.complete")}
        end = max(start(span) for span in raw_spans(path))
        late = sum(done[user] - asked[user] > deadline for user in done)
        overdue = sum(end - asked[user] > deadline for user in asked.keys() - done.keys())
        return late, overdue, len(asked) - len(done)

    assert waits("healthy") == (0, 0, 0)
    late, overdue, open_requests = waits("broken")
    assert late > 0
    assert 0 < overdue < open_requests


# --- the rules ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rules() -> Ruleset:
    return load_rules([RULES])


@functools.cache
def verdicts(traces: Path) -> dict[str, dict[str, int]]:
    """Return the counts above zero of every rule's scopes, by verdict."""
    report = check(str(traces), load_rules([RULES]))
    return {
        rule.id: {str(verdict): count for verdict, count in rule.verdicts.items() if count} for rule in report.rules
    }


def test_the_rule_files_hold_exactly_the_rules_of_the_catalogue(rules: Ruleset) -> None:
    """Each incident's rules are in its own file, and no file has another rule."""
    for incident in CATALOGUE.INCIDENTS:
        file = f"{incident.number}-{incident.slug}.fluo"
        there = [rule.id for rule in rules.rules if Path(rule.origin.file).name == file]
        assert there == [incident.seed_rule_id, *incident.rule_ids]
    assert len(rules) == sum(1 + len(incident.rule_ids) for incident in CATALOGUE.INCIDENTS)


def test_every_rule_has_an_example_of_each_kind(rules: Ruleset) -> None:
    """Each rule shows a trace that violates it and one that satisfies it."""
    for rule in rules.rules:
        assert {example.verdict for example in rule.examples} >= {"violated", "satisfied"}, rule.id


@every_incident
def test_a_healthy_application_violates_none_of_its_rules(slug: str, otlp: Callable[[str, str], Path]) -> None:
    """The healthy variant satisfies the rule as told and the stronger ones, and not by being vacuous."""
    incident, counts = BY_SLUG[slug], verdicts(otlp(slug, "healthy"))
    for rule in (incident.seed_rule_id, *incident.rule_ids):
        assert counts[rule].get("satisfied", 0) > 0
        assert counts[rule].keys() <= {"satisfied", "vacuous"}


BROKEN: Final = {
    "payment-retry-as-told": {"violated": 3, "satisfied": 3, "vacuous": 9},
    "payment-retry-one-intent": {"violated": 5, "vacuous": 7},
    "payment-retry-one-capture": {"violated": 5, "satisfied": 7},
    "cross-tenant-read-as-told": {"violated": 2, "satisfied": 5, "vacuous": 4},
    "cross-tenant-read-every-query": {"violated": 3, "satisfied": 4, "vacuous": 4},
    "cross-tenant-read-tenant-in-force": {"satisfied": 7, "vacuous": 4},
    "admin-audit-as-told": {"violated": 3, "satisfied": 7},
    "admin-audit-own-log": {"violated": 5, "satisfied": 5},
    "admin-audit-log-without-action": {"satisfied": 7, "vacuous": 3},
    "rate-limit-as-told": {"violated": 25, "satisfied": 340},
    "rate-limit-per-minute": {"violated": 2, "satisfied": 2, "vacuous": 1},
    "rate-limit-asked": {"violated": 261, "satisfied": 100, "vacuous": 4},
    "inventory-race-as-told": {"violated": 2, "satisfied": 11, "vacuous": 1},
    "inventory-race-confirmed-first": {"violated": 2, "satisfied": 11, "vacuous": 1},
    "inventory-race-one-buyer": {"violated": 2, "satisfied": 6},
    "agent-refund-as-told": {"violated": 2, "satisfied": 5, "vacuous": 3},
    "agent-refund-own-approval": {"violated": 3, "satisfied": 3, "vacuous": 4},
}
"""What the rules have to find in the broken variants; the deletions are counted by the test that knows the dates."""


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_application_is_caught_as_often_as_it_errs(rule: str, otlp: Callable[[str, str], Path]) -> None:
    """Each rule counts the broken variant's scopes as reading the application's code says."""
    (slug,) = (i.slug for i in CATALOGUE.INCIDENTS if rule in (i.seed_rule_id, *i.rule_ids))
    assert verdicts(otlp(slug, "broken"))[rule] == BROKEN[rule]


def test_late_deletions_are_found_with_and_without_a_completion(otlp: Callable[[str, str], Path]) -> None:
    """The rule as told finds nights with late deletions; the stronger one every late user, those still waiting too."""
    path = otlp("deletion-deadline", "broken")
    counts = verdicts(path)
    asked = {span["attributes"]["user.id"]: span for span in named(path, "deletion.request")}
    done = {span["attributes"]["user.id"]: start(span) for span in named(path, "deletion.complete")}
    end = max(start(span) for span in raw_spans(path))
    expected = Counter[str]()
    for user, request in asked.items():
        in_time = done.get(user, end) - int(request["endTimeUnixNano"]) <= 30 * 86_400 * 10**9
        expected["violated" if not in_time else "satisfied" if user in done else "pending"] += 1
    assert counts["deletion-deadline-kept"] == dict(expected)
    nights = {s["traceId"] for s in named(path, "deletion.complete") if s["attributes"]["days_since_request"] > 30}
    assert counts["deletion-deadline-as-told"]["violated"] == len(nights) > 0


@pytest.mark.parametrize("case", sorted(path.name for path in MISSES.iterdir()))
def test_the_rules_part_where_the_rule_as_told_misses(case: str) -> None:
    """Each rule reaches the verdicts of the case's `expected.json`, in which the rule as told misses something."""
    expected = json.loads((MISSES / case / "expected.json").read_text(encoding="utf-8"))
    counts = verdicts(MISSES / case / "trace.otlp.json")
    for rule, wanted in expected.items():
        assert counts[rule] == {verdict: count for verdict, count in wanted.items() if count}, rule


@pytest.mark.parametrize("case", sorted(path.name for path in MISSES.iterdir()))
def test_the_expectations_name_every_rule_of_the_incident(case: str) -> None:
    """No rule is forgotten, and a stronger rule finds more than the rule as told does."""
    expected = json.loads((MISSES / case / "expected.json").read_text(encoding="utf-8"))
    incident = BY_SLUG[case.partition("-")[2]]
    assert list(expected) == [incident.seed_rule_id, *incident.rule_ids]
    told = expected[incident.seed_rule_id]["violated"]
    assert max(expected[rule]["violated"] for rule in incident.rule_ids) > told
