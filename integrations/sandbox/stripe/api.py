"""Stripe's API, as much of it as Patchbay asks: sessions, payments, refunds, events. https://docs.stripe.com/api"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from stripe.params import (
    BalanceRetrieveParams,
    ChargeRetrieveParams,
    EventListParams,
    EventRetrieveParams,
    PaymentIntentRetrieveParams,
    RefundCreateParams,
    RefundListParams,
    RefundRetrieveParams,
)
from stripe.params.checkout import (
    SessionCreateParams,
    SessionExpireParams,
    SessionListLineItemsParams,
    SessionListParams,
    SessionRetrieveParams,
)

from integrations.sandbox.stripe import parts, requests
from integrations.sandbox.stripe.checkout import Checkout, Closed
from integrations.sandbox.stripe.endpoint import Call, Endpoint, Work, respond
from integrations.sandbox.stripe.errors import StripeError, no_such
from integrations.sandbox.stripe.idempotency import Answer, Keys
from integrations.sandbox.stripe.ledger import Ledger
from integrations.sandbox.stripe.paging import matching, page
from integrations.sandbox.stripe.refunds import Refunds

Json = dict[str, Any]
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class Api:
    """What each address of the API does with the account in `ledger`."""

    def __init__(self, ledger: Ledger, checkout: Checkout, keys: Keys) -> None:
        self._ledger, self._checkout, self._keys = ledger, checkout, keys

    def router(self) -> Router:
        refunds = Refunds(self._ledger)
        return Router(
            [
                self._route("POST", "/v1/checkout/sessions", SessionCreateParams, self.open_session),
                self._route("GET", "/v1/checkout/sessions", SessionListParams, self.list_sessions),
                self._route("GET", "/v1/checkout/sessions/{id}", SessionRetrieveParams, self.session),
                self._route(
                    "GET", "/v1/checkout/sessions/{id}/line_items", SessionListLineItemsParams, self.line_items
                ),
                self._route("POST", "/v1/checkout/sessions/{id}/expire", SessionExpireParams, self.expire_session),
                self._route("GET", "/v1/payment_intents/{id}", PaymentIntentRetrieveParams, self.intent),
                self._route("GET", "/v1/charges/{id}", ChargeRetrieveParams, self.charge),
                self._route("POST", "/v1/refunds", RefundCreateParams, refunds.create),
                self._route("GET", "/v1/refunds", RefundListParams, refunds.listed),
                self._route("GET", "/v1/refunds/{id}", RefundRetrieveParams, refunds.refund),
                self._route("GET", "/v1/events", EventListParams, self.list_events),
                self._route("GET", "/v1/events/{id}", EventRetrieveParams, self.event),
                self._route("GET", "/v1/balance", BalanceRetrieveParams, self.balance),
                Route("/{path:path}", _unrecognized, methods=METHODS),
            ]
        )

    def _route(self, method: str, path: str, shape: type, work: Work) -> Route:
        return Route(path, Endpoint(self._ledger, self._keys, shape, work).answer, methods=[method])

    def open_session(self, call: Call) -> Json:
        given = requests.session_fields(call.params, self._ledger.now)
        return self._checkout.open(requests.lines(call.params), given, requests.intent_fields(call.params))

    def session(self, call: Call) -> Json:
        session = self._ledger.sessions.get(call.id)
        if session is None:
            raise no_such("checkout.session", call.id)
        return session

    def list_sessions(self, call: Call) -> Json:
        return page(matching(self._ledger.sessions.values(), call, "payment_intent", "status"), call)

    def line_items(self, call: Call) -> Json:
        return page(self._ledger.line_items[self.session(call)["id"]]["items"], call)

    def expire_session(self, call: Call) -> Json:
        session = self.session(call)
        try:
            self._checkout.expire(session, call.cause)
        except Closed as closed:
            raise StripeError(
                400, f'Only Checkout Sessions with a status in ["open"] can be expired. {closed}'
            ) from closed
        return session

    def intent(self, call: Call) -> Json:
        intent = self._ledger.intents.get(call.id)
        if intent is None:
            raise no_such("payment_intent", call.id, "intent")
        return intent

    def charge(self, call: Call) -> Json:
        charge = self._ledger.charges.get(call.id)
        if charge is None:
            raise no_such("charge", call.id)
        return charge

    def event(self, call: Call) -> Json:
        event = self._ledger.events.get(call.id)
        if event is None:
            raise no_such("event", call.id)
        return event

    def list_events(self, call: Call) -> Json:
        kinds = call.params.get("types") or [call.params.get("type", "*")]
        events = [event for event in self._ledger.events.values() if any(_fits(event["type"], kind) for kind in kinds)]
        if (wanted := call.params.get("delivery_success")) is not None:
            events = [event for event in events if self._ledger.world.courier.delivered(event["id"]) == wanted]
        return page(events, call)

    def balance(self, _call: Call) -> Json:
        """https://docs.stripe.com/api/balance: what was charged and not refunded, by currency."""
        totals: dict[str, int] = {}
        for charge in self._ledger.charges.values():
            kept = charge["amount_captured"] - charge["amount_refunded"]
            totals[charge["currency"]] = totals.get(charge["currency"], 0) + kept
        funds = [
            {"amount": total, "currency": currency, "source_types": {"card": total}}
            for currency, total in totals.items()
        ]
        return {"object": "balance", "available": funds, "livemode": False, "pending": []}


def _fits(kind: str, pattern: str) -> bool:
    return pattern in ("*", kind) or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))


async def _unrecognized(request: Request) -> Response:
    path = request.url.path
    asked = f"{request.method}: {path[path.rfind('/v1') :]}"
    words = f"Unrecognized request URL ({asked}). The sandbox may not simulate it yet."
    answer = Answer(status=404, body=StripeError(404, words).body)
    return respond(answer, parts.new("req", 14), "")
