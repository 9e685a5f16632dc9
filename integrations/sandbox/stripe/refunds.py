"""Money given back: all of a charge or parts of it, never more than it was. https://docs.stripe.com/api/refunds"""

from typing import Any

from integrations.sandbox.stripe import charges
from integrations.sandbox.stripe.endpoint import Call
from integrations.sandbox.stripe.errors import invalid, missing_parameter, no_such, not_simulated
from integrations.sandbox.stripe.ledger import Ledger
from integrations.sandbox.stripe.paging import matching, page

Json = dict[str, Any]
READ = frozenset(("amount", "charge", "expand", "metadata", "payment_intent", "reason"))


class Refunds:
    """The refunds of one account."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def create(self, call: Call) -> Json:
        for name in sorted(call.params.keys() - READ):
            raise not_simulated(name)
        charge = self._charge(call.params)
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = call.params.get("amount", left)
        _require(amount, left, charge)
        refund = charges.refund(
            charge,
            amount=amount,
            reason=call.params.get("reason"),
            metadata=call.params.get("metadata") or {},
            now=self._ledger.now,
        )
        self._ledger.refunds[refund["id"]] = refund
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._ledger.tell(("refund.created", refund), ("charge.refunded", charge), cause=call.cause)
        return refund

    def refund(self, call: Call) -> Json:
        refund = self._ledger.refunds.get(call.id)
        if refund is None:
            raise no_such("refund", call.id)
        return refund

    def listed(self, call: Call) -> Json:
        return page(matching(self._ledger.refunds.values(), call, "charge", "payment_intent"), call)

    def _charge(self, params: Json) -> Json:
        if "charge" not in params and "payment_intent" not in params:
            raise missing_parameter("payment_intent")
        intent = self._ledger.intents.get(params.get("payment_intent", ""))
        if "charge" not in params and intent is None:
            raise no_such("payment_intent", params["payment_intent"], "payment_intent")
        identifier = params.get("charge") or (intent or {}).get("latest_charge") or ""
        charge = self._ledger.charges.get(identifier)
        if charge is None:
            raise no_such("charge", identifier, "charge")
        return charge


def _require(amount: int, left: int, charge: Json) -> None:
    if not charge["paid"]:
        raise invalid("charge", f"Charge {charge['id']} has not been paid.", code="charge_not_refundable")
    if not left:
        raise invalid("charge", f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        words = f"Refund amount ({amount}) is not between 1 and the unrefunded amount on charge ({left})."
        raise invalid("amount", words)
