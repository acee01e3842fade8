"""Incident 1: checkout, payment service and card processor of a shop, under a processor that answers too late.

The broken variant begins a new payment intent on every attempt, so the processor cannot recognise a retry.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol

from opentelemetry.trace import SpanKind

if TYPE_CHECKING:
    from common import Service, World
    from opentelemetry.util.types import AttributeValue

REQUEST_BUDGET: Final = timedelta(seconds=20)
PAUSE_BEFORE_RETRY_MS: Final = 250


class Network(Enum):
    """What happens to one call to the processor; the value is how many milliseconds the caller waits."""

    ANSWERS = 180
    LOSES_ANSWER = 2_000
    """The processor captures, its answer is lost, and the caller gives up quickly."""
    LOSES_ANSWER_SLOWLY = 30_000
    """The same, but the wait uses up the whole request, so that only the customer can try again."""


@dataclass(frozen=True, slots=True)
class Cart:
    """What a customer is about to pay; ``total`` is in dollars."""

    id: str
    user_id: str
    total: float


class ProcessorTimeoutError(Exception):
    """The processor did not answer in time; whether it captured the money is unknown."""


class IntentSource(Protocol):
    """Where the payment service gets the intent for an attempt."""

    def intent_for(self, cart: Cart) -> str:
        """Return the id of the intent under which this attempt is to be captured."""


class StoredIntents:
    """One intent a cart, kept for as long as the cart exists."""

    def __init__(self) -> None:
        """Begin without intents."""
        self._by_cart: dict[str, str] = {}

    def intent_for(self, cart: Cart) -> str:
        """Return the intent of the cart, made on the first attempt."""
        return self._by_cart.setdefault(cart.id, f"pi_{cart.id}_1")


class FreshIntents:
    """A new intent on every attempt: the bug."""

    def __init__(self) -> None:
        """Begin without intents."""
        self._made: dict[str, int] = {}

    def intent_for(self, cart: Cart) -> str:
        """Return an intent that was never used before."""
        self._made[cart.id] = self._made.get(cart.id, 0) + 1
        return f"pi_{cart.id}_{self._made[cart.id]}"


class CardProcessor:
    """The processor: it captures an intent once and answers every repetition with the first capture."""

    def __init__(self, service: Service, network: dict[str, list[Network]]) -> None:
        """``network`` scripts the calls of a cart in their order; calls beyond the script are answered."""
        self._service = service
        self._network = network
        self.captures: dict[str, float] = {}

    def capture(self, intent: str, cart: Cart) -> None:
        """Capture ``cart.total`` under ``intent``; raises ProcessorTimeoutError where the answer is lost."""
        script = self._network.get(cart.id, [])
        network = script.pop(0) if script else Network.ANSWERS
        replayed = intent in self.captures
        attributes: dict[str, AttributeValue] = {
            "payment_intent_id": intent, "cart.id": cart.id, "amount": cart.total, "replayed": replayed,
        }  # fmt: skip
        with self._service.span("processor.capture", attributes, kind=SpanKind.SERVER):
            self._service.clock.spend(90)
            self.captures.setdefault(intent, cart.total)
        self._service.clock.spend(network.value - 90)
        if network is not Network.ANSWERS:
            message = "no answer from the card processor"
            raise ProcessorTimeoutError(message)


class PaymentService:
    """Charges carts and retries for as long as the request has time left."""

    def __init__(self, service: Service, processor: CardProcessor, intents: IntentSource) -> None:
        """``intents`` decides which payment intent an attempt uses."""
        self._service = service
        self._processor = processor
        self._intents = intents
        self._attempts: dict[str, int] = {}

    def charge(self, cart: Cart) -> bool:
        """Return whether the payment was confirmed within the request's time."""
        clock = self._service.clock
        deadline = clock.time + REQUEST_BUDGET
        while clock.time < deadline:
            try:
                self._attempt(cart)
            except ProcessorTimeoutError:
                clock.spend(PAUSE_BEFORE_RETRY_MS)
            else:
                return True
        return False

    def _attempt(self, cart: Cart) -> None:
        attempt = self._attempts[cart.id] = self._attempts.get(cart.id, 0) + 1
        intent = self._intents.intent_for(cart)
        attributes: dict[str, AttributeValue] = {
            "amount": cart.total, "payment_intent_id": intent, "attempt": attempt, "cart.id": cart.id,
            "user.id": cart.user_id,
        }  # fmt: skip
        with self._service.span("payment.charge", attributes, kind=SpanKind.CLIENT):
            self._processor.capture(intent, cart)


class Storefront:
    """The web shop."""

    def __init__(self, service: Service, payments: PaymentService) -> None:
        """``payments`` does the charging."""
        self._service = service
        self._payments = payments

    def submit(self, cart: Cart) -> bool:
        """Handle one press of the pay button; returns whether the customer saw a confirmation."""
        attributes: dict[str, AttributeValue] = {"cart.id": cart.id, "user.id": cart.user_id}
        with self._service.span("checkout.submit", attributes, kind=SpanKind.SERVER) as span:
            self._service.clock.spend(12)
            paid = self._payments.charge(cart)
            span.set_attribute("http.response.status_code", 200 if paid else 504)
            return paid


def run(world: World, *, broken: bool) -> None:
    """Twelve customers pay; the processor loses some answers, and customers without a confirmation press again."""
    network = {
        "cart-03": [Network.LOSES_ANSWER],
        "cart-05": [Network.LOSES_ANSWER_SLOWLY],
        "cart-07": [Network.LOSES_ANSWER, Network.LOSES_ANSWER],
        "cart-10": [Network.LOSES_ANSWER_SLOWLY],
        "cart-11": [Network.LOSES_ANSWER, Network.LOSES_ANSWER_SLOWLY],
    }
    intents = FreshIntents() if broken else StoredIntents()
    processor = CardProcessor(world.service("card-processor"), network)
    shop = Storefront(world.service("storefront"), PaymentService(world.service("payment-service"), processor, intents))
    for number in range(1, 13):
        cart = Cart(f"cart-{number:02}", f"user-{number:02}", 120.0 + 15.0 * number)
        while not shop.submit(cart):
            world.clock.spend(8_000)
        world.clock.spend(1_500)
