"""Facts about payments, each turned into one service call."""

from functools import partial

from integrations import registry
from integrations.errors import Ignored
from integrations.facts import PaymentChanged
from integrations.ports import PaymentGateway
from payments.services import settlement
from webhooks.processing.handling import Effect, handles


@handles(PaymentChanged)
def settle_payment(fact: PaymentChanged) -> Effect:
    """The fact is a hint: the truth is fetched by its reference, and applied with the delivery's end."""
    if settlement.find(fact.source, fact.attempt, fact.reference) is None:
        raise Ignored(f"no payment of ours is called {fact.reference}")
    snapshot = registry.port(fact.source, PaymentGateway).fetch(fact.reference)
    return partial(settlement.settle, fact.source, snapshot)
