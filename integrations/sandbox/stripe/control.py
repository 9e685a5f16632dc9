"""What `/_control/stripe` can do: pay, as a person would on the hosted page, with no page."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.sandbox.orders import Unfit, order
from integrations.sandbox.stripe.cards import find
from integrations.sandbox.stripe.checkout import Checkout, Closed
from integrations.sandbox.stripe.ledger import Ledger

Json = dict[str, Any]
SUCCESS = "4242424242424242"


class Person:
    """Somebody at the hosted page of any of the account's sessions."""

    def __init__(self, ledger: Ledger, checkout: Checkout) -> None:
        self._ledger, self._checkout = ledger, checkout

    def routes(self) -> tuple[Route, ...]:
        return (Route("/checkout/{id}/pay", self.pay, methods=["POST"]),)

    async def pay(self, request: Request) -> Response:
        """`{card, authenticate}`: both may be left out. A decline is an outcome like any other, and a 200."""
        wish = await order(request)
        card, agreed = find(wish.text("card", SUCCESS)), wish.flag("authenticate", True)
        session = self._ledger.sessions.get(request.path_params["id"])
        if session is None:
            raise Unfit("there is no such checkout session", status=404)
        try:
            intent = self._checkout.pay(session, card)
            if intent["status"] == "requires_action":
                intent = self._checkout.answer(session, agreed=agreed)
        except Closed as error:
            raise Unfit(str(error), status=409) from error
        return JSONResponse(_outcome(session, intent))


def _outcome(session: Json, intent: Json) -> Json:
    error = intent["last_payment_error"] or {}
    return {
        "session": session["status"],
        "payment_intent": intent["id"],
        "status": intent["status"],
        "error": error.get("message", ""),
    }
