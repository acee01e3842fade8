"""Incident 6: an AI agent that refunds orders, the people who approve large refunds, and the ledger that pays them out.

Orders are kept in dollars; customers see prices in their own currency.  The broken variant's check reads the order's
amount in the customer's currency, so 5,000 dollars pass as 5,000 yen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry.trace import SpanKind

if TYPE_CHECKING:
    from common import Service, World
    from opentelemetry.util.types import AttributeValue

LIMIT_USD: Final = 50.0
USD_PER_UNIT: Final = {"USD": 1.0, "EUR": 1.08, "JPY": 0.0067}


@dataclass(frozen=True, slots=True)
class Order:
    """An order: ``total`` is in dollars, ``shown_in`` is the currency the customer sees."""

    id: str
    total: float
    shown_in: str = "USD"


class RefundDeniedError(Exception):
    """A person did not approve the refund."""


class RefundPolicy(Protocol):
    """When an agent has to ask a person."""

    def needs_approval(self, order: Order) -> bool:
        """Return whether the refund of ``order`` is above what an agent may decide."""


class OrderCurrencyPolicy:
    """Reads the total in the order's currency."""

    def needs_approval(self, order: Order) -> bool:
        """Return whether the dollars are above the limit."""
        return order.total > LIMIT_USD


class ShownCurrencyPolicy:
    """Takes the total for an amount in the currency the customer sees: the bug."""

    def needs_approval(self, order: Order) -> bool:
        """Return whether as many units of the shown currency are above the limit."""
        return order.total * USD_PER_UNIT[order.shown_in] > LIMIT_USD


class ApprovalDesk:
    """The people who approve refunds."""

    def __init__(self, service: Service, refused: frozenset[str]) -> None:
        """``refused`` are the orders that they do not refund."""
        self._service = service
        self._refused = refused

    def decide(self, order: Order) -> bool:
        """Return whether a person grants the refund of ``order``."""
        attributes: dict[str, AttributeValue] = {"order.id": order.id, "amount": order.total}
        with self._service.span("human.approval", attributes, kind=SpanKind.SERVER) as span:
            self._service.clock.spend(95_000)
            approved = order.id not in self._refused
            span.set_attribute("approved", approved)
            return approved


class Ledger:
    """Pays refunds out."""

    def __init__(self, service: Service) -> None:
        """Begin without refunds."""
        self._service = service
        self.refunded: dict[str, float] = {}

    def refund(self, order: Order) -> None:
        """Pay the order's total back."""
        attributes: dict[str, AttributeValue] = {"order.id": order.id, "amount": order.total, "currency": "USD"}
        with self._service.span("refund.process", attributes, kind=SpanKind.SERVER):
            self._service.clock.spend(30)
            self.refunded[order.id] = order.total


class SupportAgent:
    """The AI agent."""

    def __init__(self, service: Service, policy: RefundPolicy, desk: ApprovalDesk, ledger: Ledger) -> None:
        """``policy`` decides when the agent has to ask ``desk``."""
        self._service = service
        self._policy = policy
        self._desk = desk
        self._ledger = ledger

    def answer_chat(self, order: Order, reason: str) -> None:
        """Handle a conversation about one order."""
        with self._service.span("agent.conversation", kind=SpanKind.SERVER):
            self._service.clock.spend(1_200)
            self._refund(order, reason)

    def work_off_complaints(self, orders: Sequence[Order], reason: str) -> None:
        """Handle a pile of complaints in one go, hence in one trace."""
        with self._service.span("agent.batch", {"orders": len(orders)}):
            for order in orders:
                self._service.clock.spend(800)
                self._refund(order, reason)

    def _refund(self, order: Order, reason: str) -> None:
        try:
            self._ask_and_refund(order, reason)
        except RefundDeniedError:
            self._service.clock.spend(400)

    def _ask_and_refund(self, order: Order, reason: str) -> None:
        attributes: dict[str, AttributeValue] = {"order.id": order.id, "amount": order.total, "reason": reason}
        with self._service.span("agent.refund", attributes):
            self._service.clock.spend(20)
            if self._policy.needs_approval(order) and not self._desk.decide(order):
                message = f"the refund of {order.id} was not approved"
                raise RefundDeniedError(message)
            self._ledger.refund(order)


def run(world: World, *, broken: bool) -> None:
    """An afternoon of conversations and two piles of complaints."""
    desk = ApprovalDesk(world.service("approval-desk"), frozenset({"order-04"}))
    policy: RefundPolicy = ShownCurrencyPolicy() if broken else OrderCurrencyPolicy()
    agent = SupportAgent(world.service("support-agent"), policy, desk, Ledger(world.service("ledger")))
    chats = (
        (Order("order-01", 18.5), "late"),
        (Order("order-02", 420.0), "damaged"),
        (Order("order-03", 35.0, "EUR"), "late"),
        (Order("order-04", 2_600.0), "changed mind"),
        (Order("order-05", 5_000.0, "JPY"), "damaged"),
        (Order("order-06", 310.0, "EUR"), "wrong size"),
        (Order("order-07", 2_480.0, "JPY"), "late"),
        (Order("order-08", 50.0), "late"),
    )
    for order, reason in chats:
        agent.answer_chat(order, reason)
        world.clock.spend(240_000)
    agent.work_off_complaints(
        [Order("order-09", 890.0), Order("order-10", 1_950.0, "JPY"), Order("order-11", 12.0)], "lost parcel"
    )
    world.clock.spend(240_000)
    agent.work_off_complaints([Order("order-12", 75.0, "EUR"), Order("order-13", 41.0)], "late")
