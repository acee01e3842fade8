"""The seven incidents of the FLUO invariant violation case studies, each an application that can be run and checked.

``python examples/incidents/catalogue.py OUTDIR`` writes the traces of every incident, healthy and broken.

The module is loaded by its path and needs neither a package nor the current directory; the applications beside it are
loaded the same way.  Only running an incident needs the OpenTelemetry SDK, reading the list does not.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast, get_args

if TYPE_CHECKING:
    from common import World
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

    from fluo_logic import Violation
    from fluo_logic.integrations import Statistics

Variant: TypeAlias = Literal["healthy", "broken"]

HERE: Final = Path(__file__).resolve().parent
EPOCH: Final = datetime(2025, 3, 3, 9, 0, tzinfo=UTC)
SOURCE: Final = "FLUO invariant violation case studies"


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident: what happened, what should have held, and the rules that say so.

    ``module`` is the application's path relative to this file.  ``seed_rule_id`` is the rule as the case study has it,
    ``rule_ids`` are the rules that state the whole invariant.
    """

    number: int
    slug: str
    title: str
    industry: str
    impact: str
    invariant: str
    module: str
    seed_rule_id: str
    rule_ids: tuple[str, ...]
    story: str


INCIDENTS: Final[tuple[Incident, ...]] = (
    Incident(
        number=1,
        slug="payment-retry",
        title="A payment retry charges twice",
        industry="E-commerce",
        impact=f"USD 2,468,410; 4,247 customers charged twice ({SOURCE}, case 1)",
        invariant="However often the payment of a cart is retried, it stays one payment intent and one capture.",
        module="1_payment_retry/payment_retry.py",
        seed_rule_id="payment-retry-as-told",
        rule_ids=("payment-retry-one-intent", "payment-retry-one-capture"),
        story=(
            "Before a sale the retry logic was made more eager, and each retry began a new payment intent. When the"
            " processor answered too late, the first intent had already been captured, and the retry captured a second"
            " one. Some retries came inside one request, others when the customer pressed the button again."
        ),
    ),
    Incident(
        number=2,
        slug="cross-tenant-read",
        title="A bulk export reads every clinic's patients",
        industry="Healthcare SaaS",
        impact=f"USD 907,000; 47,892 patient records disclosed ({SOURCE}, case 2)",
        invariant="Every query on patient records is restricted to the tenant whose context it runs in.",
        module="2_cross_tenant_read/cross_tenant_read.py",
        seed_rule_id="cross-tenant-read-as-told",
        rule_ids=("cross-tenant-read-every-query", "cross-tenant-read-tenant-in-force"),
        story=(
            "A new bulk export wrote its own query and forgot the tenant condition that the repository always adds. A"
            " customer received the patients of other customers. In some exports a properly filtered query ran first,"
            " which is enough to hide the other one from a rule that only asks for some filtered query."
        ),
    ),
    Incident(
        number=3,
        slug="admin-audit",
        title="Bulk deactivations leave no audit log",
        industry="Fintech",
        impact=f"USD 308,000; a qualified SOC 2 opinion ({SOURCE}, case 3)",
        invariant="Each administrative action has an audit log of its own, and each audit log has its action.",
        module="3_admin_audit/admin_audit.py",
        seed_rule_id="admin-audit-as-told",
        rule_ids=("admin-audit-own-log", "admin-audit-log-without-action"),
        story=(
            "The tool that deactivates many users at once was copied from code that is not administrative and never"
            " called the audit service. The auditor found it at the renewal, months later. Where the tool ran together"
            " with an action that is logged, the trace even had an audit log, of the other action."
        ),
    ),
    Incident(
        number=4,
        slug="rate-limit",
        title="Cached answers let free users past the limit",
        industry="API platform",
        impact=f"USD 259,400; 70 % of the capacity taken by 50 free users ({SOURCE}, case 4)",
        invariant="A free-tier user is served at most 100 requests in any minute, and each of them asks the limiter.",
        module="4_rate_limit/rate_limit.py",
        seed_rule_id="rate-limit-as-told",
        rule_ids=("rate-limit-per-minute", "rate-limit-asked"),
        story=(
            "Answers to tiers without a limit were cached so that a hit need not ask the limiter. The cache key left"
            " out the tier, so free users were served those entries, unlimited. Each gateway counts only its own"
            " requests, so a user who spread them over two gateways was over the limit on neither."
        ),
    ),
    Incident(
        number=5,
        slug="inventory-race",
        title="Two buyers pay for the same item",
        industry="Marketplace",
        impact=f"USD 450,550; 47 customers charged for one item ({SOURCE}, case 5)",
        invariant="A buyer is charged only after the reservation is confirmed, and an item is confirmed for one buyer.",
        module="5_inventory_race/inventory_race.py",
        seed_rule_id="inventory-race-as-told",
        rule_ids=("inventory-race-confirmed-first", "inventory-race-one-buyer"),
        story=(
            "The reservation read the stock and wrote it back in two steps, and the checkout charged because an earlier"
            " look had found stock. In a rush, two buyers read before either wrote: both were confirmed. Others were"
            " charged although their reservation had been refused."
        ),
    ),
    Incident(
        number=6,
        slug="agent-refund",
        title="A support agent refunds without approval",
        industry="Customer support",
        impact=f"USD 95,000; 19 refunds that nobody approved ({SOURCE}, case 6)",
        invariant="Each refund above 50 dollars is processed only after a person granted that very refund.",
        module="6_agent_refund/agent_refund.py",
        seed_rule_id="agent-refund-as-told",
        rule_ids=("agent-refund-own-approval",),
        story=(
            "The AI agent may refund small amounts alone. The check for the limit read the amount in the currency that"
            " the customer sees, not in the currency of the order, so thousands of dollars passed as as many yen. In a"
            " batch of refunds, the approval of one order made the trace look right for all."
        ),
    ),
    Incident(
        number=7,
        slug="deletion-deadline",
        title="Deletion requests outlive their deadline",
        industry="Social platform",
        impact=f"USD 520,000; 312 requests older than 30 days ({SOURCE}, case 7)",
        invariant="Whoever asks for the deletion of their data has it deleted within 30 days of asking.",
        module="7_deletion_deadline/deletion_deadline.py",
        seed_rule_id="deletion-deadline-as-told",
        rule_ids=("deletion-deadline-kept",),
        story=(
            "The deletion job does a hundred users a day. When the service grew, 5,000 people a month asked, and the"
            " queue grew with them until it was longer than 30 days of work. Those at its end are the worst off and"
            " leave no span of completion that could tell how late they are."
        ),
    ),
)


def run(incident: Incident, variant: Variant, processors: Sequence[SpanProcessor] = ()) -> list[ReadableSpan]:
    """Run the application of ``incident`` and return its finished spans in the order in which they ended.

    ``processors`` see the spans of all its services as they start and end.

    Raises:
        ModuleNotFoundError: the OpenTelemetry SDK is not installed (``pip install 'fluo_logic[demo]'``).
        ValueError: ``variant`` is neither ``healthy`` nor ``broken``.
    """
    _check_variant(variant)
    common = _load(HERE / "common.py")
    ids = common.SeededIds(f"{incident.slug}/{variant}")
    world = cast("World", common.World(common.Clock(EPOCH), ids, processors))
    play = cast("Callable[..., None]", _load(HERE / incident.module).run)
    play(world, broken=variant == "broken")
    return world.spans


def write(incident: Incident, variant: Variant, path: Path) -> None:
    """Write the traces of ``incident`` to ``path`` as OTLP/JSON, one export request a line."""
    spans = run(incident, variant)
    lines = cast("Callable[[Sequence[ReadableSpan]], Sequence[str]]", _load(HERE / "common.py").otlp_lines)
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{line}\n" for line in lines(spans))


def watch(incident: Incident, variant: Variant) -> tuple[list[Violation], Statistics]:
    """Run the application of ``incident`` under its rules; return what was found while it ran, and what was seen.

    Raises:
        ConfigError: the OpenTelemetry SDK is not installed (``pip install 'fluo_logic[demo]'``).
    """
    from fluo_logic import Ruleset, load_rules  # noqa: PLC0415 - the other functions do without
    from fluo_logic.integrations import InvariantSpanProcessor  # noqa: PLC0415 - likewise

    pack = load_rules("pack:case-studies")
    rules = Ruleset(tuple(pack[name] for name in (incident.seed_rule_id, *incident.rule_ids)))
    found: list[Violation] = []
    processor = InvariantSpanProcessor(rules, on_violation=found.append)
    run(incident, variant, [processor])
    processor.shutdown()
    return found, processor.statistics


def main(arguments: Sequence[str] | None = None) -> int:
    """Write ``<slug>-healthy.otlp.jsonl`` and ``<slug>-broken.otlp.jsonl`` of every incident into a folder."""
    parser = argparse.ArgumentParser(description="Write the traces of the seven incidents as OTLP/JSON lines.")
    parser.add_argument("outdir", type=Path, help="the folder to write to; it is made where it does not exist")
    parser.add_argument("--live", action="store_true", help="check each run while it runs, and tell what was violated")
    given = parser.parse_args(arguments)
    outdir: Path = given.outdir
    outdir.mkdir(parents=True, exist_ok=True)
    for incident in INCIDENTS:
        for variant in get_args(Variant):
            path = outdir / f"{incident.slug}-{variant}.otlp.jsonl"
            write(incident, variant, path)
            print(path)
            if given.live:
                found, seen = watch(incident, variant)
                print(f"  {seen.checked} of {seen.spans} spans checked as they came, {len(found)} violations")
                for violation in found[:3]:
                    print(f"  ✗ {violation.rule}: {violation.sentence}")
    return 0


def _check_variant(variant: str) -> None:
    if variant not in get_args(Variant):
        message = f"an incident is run healthy or broken, not {variant!r}"
        raise ValueError(message)


def _load(path: Path) -> ModuleType:
    # A name of our own keeps `common` from meeting another module called so.
    name = f"fluo_incidents_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"cannot load {path}"
        raise ImportError(message)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


if __name__ == "__main__":
    sys.exit(main())
