"""Incident 5: a drop of single items, bought by people who press at the same moment.

Each buyer is a thread of the checkout, simulated as a generator that gives up control wherever a thread could be
interrupted; a schedule says who goes on next.  The broken variant reserves in two steps, reading and writing, and its
checkout charges because an earlier look found stock.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias

from opentelemetry.trace import SpanKind

if TYPE_CHECKING:
    from common import Service, World
    from opentelemetry.util.types import AttributeValue

Steps: TypeAlias = Generator[None, None, None]
ReservationSteps: TypeAlias = Generator[None, None, "str | None"]


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who wants which item; a declined card cannot be charged."""

    user_id: str
    item_id: str
    card_declined: bool = False


class CardDeclinedError(Exception):
    """The bank refused the payment."""


@dataclass(slots=True)
class Stock:
    """How many of each item are left, and the number of reservations so far."""

    left: dict[str, int] = field(default_factory=dict)
    reservations: int = 0

    def next_reservation(self) -> str:
        """Return the id of a new reservation."""
        self.reservations += 1
        return f"res-{self.reservations:03}"


class Reserving(Protocol):
    """How the inventory takes an item out of stock."""

    def reserve(self, stock: Stock, item_id: str) -> ReservationSteps:
        """Return the reservation's id, None where nothing is left; yields where a thread may be interrupted."""


class AtomicReserving:
    """Reads and writes in one step, as a conditional update of the database does."""

    def reserve(self, stock: Stock, item_id: str) -> ReservationSteps:
        """Take the item if it is there."""
        yield
        if stock.left[item_id] < 1:
            return None
        stock.left[item_id] -= 1
        return stock.next_reservation()


class ReadThenWriteReserving:
    """Reads, and writes what it makes of the value later: the race."""

    def reserve(self, stock: Stock, item_id: str) -> ReservationSteps:
        """Take the item if it was there a moment ago."""
        left = stock.left[item_id]
        yield
        if left < 1:
            return None
        stock.left[item_id] = left - 1
        return stock.next_reservation()


class Inventory:
    """The inventory service."""

    def __init__(self, service: Service, stock: Stock, reserving: Reserving) -> None:
        """``reserving`` decides how an item is taken."""
        self._service = service
        self._stock = stock
        self._reserving = reserving

    def available(self, item_id: str) -> bool:
        """Return whether the item is in stock at this moment."""
        with self._service.span("inventory.check", {"item.id": item_id}, kind=SpanKind.SERVER):
            self._service.clock.spend(1)
            return self._stock.left[item_id] > 0

    def reserve(self, buyer: Buyer) -> ReservationSteps:
        """Reserve the buyer's item and return the reservation's id, None where it was refused."""
        attributes: dict[str, AttributeValue] = {"item.id": buyer.item_id, "user.id": buyer.user_id}
        with self._service.span("inventory.reserve", attributes, kind=SpanKind.SERVER) as span:
            self._service.clock.spend(2)
            reservation_id = yield from self._reserving.reserve(self._stock, buyer.item_id)
            self._service.clock.spend(2)
            if reservation_id is not None:
                span.set_attribute("reservation.id", reservation_id)
            span.set_attribute("confirmed", reservation_id is not None)
            return reservation_id

    def release(self, item_id: str, reservation_id: str) -> None:
        """Put a reserved item back."""
        attributes: dict[str, AttributeValue] = {"item.id": item_id, "reservation.id": reservation_id}
        with self._service.span("inventory.release", attributes, kind=SpanKind.SERVER):
            self._service.clock.spend(1)
            self._stock.left[item_id] += 1


class Payments:
    """The payment service."""

    def __init__(self, service: Service) -> None:
        """Nobody has paid yet."""
        self._service = service

    def charge(self, buyer: Buyer, reservation_id: str | None) -> None:
        """Charge the buyer; raises CardDeclinedError."""
        attributes: dict[str, AttributeValue] = {"item.id": buyer.item_id, "user.id": buyer.user_id, "amount": 460.0}
        if reservation_id is not None:
            attributes["reservation.id"] = reservation_id
        with self._service.span("payment.charge", attributes, kind=SpanKind.SERVER):
            self._service.clock.spend(60)
            if buyer.card_declined:
                message = "card declined"
                raise CardDeclinedError(message)


class Checkout:
    """Reserves and charges; only a confirmed reservation is charged."""

    def __init__(self, service: Service, inventory: Inventory, payments: Payments) -> None:
        """The checkout owns neither items nor money."""
        self._service = service
        self._inventory = inventory
        self._payments = payments

    def buy(self, buyer: Buyer) -> Steps:
        """Handle one press of the buy button."""
        with self._service.span("checkout.buy", {"user.id": buyer.user_id}, kind=SpanKind.SERVER) as span:
            if not self._inventory.available(buyer.item_id):
                return
            yield
            reservation_id = yield from self._inventory.reserve(buyer)
            yield
            if not self._goes_on(reservation_id):
                return
            try:
                self._payments.charge(buyer, reservation_id)
            except CardDeclinedError:
                if reservation_id is not None:
                    self._inventory.release(buyer.item_id, reservation_id)
            else:
                span.add_event("sold", timestamp=self._service.clock.nanoseconds)

    def _goes_on(self, reservation_id: str | None) -> bool:
        return reservation_id is not None


class HastyCheckout(Checkout):
    """Trusts the look at the stock and charges whatever the reservation said: the other half of the bug."""

    def _goes_on(self, reservation_id: str | None) -> bool:
        del reservation_id
        return True


def play(threads: Sequence[Steps], schedule: Sequence[int]) -> None:
    """Let the threads go on in the order of ``schedule``, then let each finish in turn."""
    # A thread has its own context, so that each buyer's current span is its own.
    contexts: list[Context] = [copy_context() for _ in threads]
    rest = [number for number in range(len(threads)) for _ in range(8)]
    for number in [*schedule, *rest]:
        contexts[number].run(next, threads[number], None)


def run(world: World, *, broken: bool) -> None:
    """Sell single items: calmly, in two kinds of rush, and to a buyer whose card is declined."""
    stock = Stock({f"item-{number}": 1 for number in range(1, 9)})
    reserving: Reserving = ReadThenWriteReserving() if broken else AtomicReserving()
    inventory = Inventory(world.service("inventory"), stock, reserving)
    kind = HastyCheckout if broken else Checkout
    checkout = kind(world.service("checkout"), inventory, Payments(world.service("payments")))
    one_after_another: list[int] = []
    all_read_first = [0, 1, 0, 1, 0, 1]
    look_first = [0, 1, 0, 0, 1, 1]
    sales = (
        ([Buyer("user-01", "item-1"), Buyer("user-02", "item-1")], one_after_another),
        ([Buyer("user-03", "item-2")], one_after_another),
        ([Buyer("user-04", "item-3"), Buyer("user-05", "item-3")], all_read_first),
        ([Buyer("user-06", "item-4"), Buyer("user-07", "item-4")], look_first),
        ([Buyer("user-08", "item-5", card_declined=True), Buyer("user-09", "item-5")], one_after_another),
        ([Buyer("user-10", "item-6"), Buyer("user-11", "item-6")], all_read_first),
        ([Buyer("user-12", "item-7"), Buyer("user-13", "item-7")], look_first),
        ([Buyer("user-14", "item-8")], one_after_another),
    )
    for buyers, schedule in sales:
        play([checkout.buy(buyer) for buyer in buyers], schedule)
        world.clock.spend(5_000)
