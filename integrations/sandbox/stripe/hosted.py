"""The page where a person pays, and the page where their bank asks whether it was them."""

from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.html import page
from integrations.sandbox.money import display
from integrations.sandbox.stripe.cards import OFFERED, Card, NotACard, find
from integrations.sandbox.stripe.checkout import Checkout, Closed
from integrations.sandbox.stripe.ledger import Ledger

Json = dict[str, Any]


class Hosted:
    """The hosted pages of one account, at `/stripe/pay/…`."""

    def __init__(self, ledger: Ledger, checkout: Checkout) -> None:
        self._ledger, self._checkout = ledger, checkout

    def routes(self) -> tuple[Route, ...]:
        return (
            Route("/stripe/pay/{id}", self.show, methods=["GET"]),
            Route("/stripe/pay/{id}", self.submit, methods=["POST"]),
            Route("/stripe/pay/{id}/authenticate", self.ask, methods=["GET"]),
            Route("/stripe/pay/{id}/authenticate", self.answer, methods=["POST"]),
        )

    async def show(self, request: Request) -> Response:
        session = self._ledger.sessions.get(request.path_params["id"])
        if session is None:
            return unknown()
        return self._page(session) if session["status"] == "open" else closed(session)

    async def submit(self, request: Request) -> Response:
        session = self._ledger.sessions.get(request.path_params["id"])
        if session is None:
            return unknown()
        try:
            intent = self._checkout.pay(session, await _chosen(request))
        except NotACard as error:
            return self._page(session, error=str(error), status=402)
        except Closed:
            return closed(session, status=409)
        return self._onward(session, intent)

    async def ask(self, request: Request) -> Response:
        session = self._ledger.sessions.get(request.path_params["id"])
        if session is None:
            return unknown()
        if session["status"] != "open":
            return closed(session)
        if self._intent(session).get("status") != "requires_action":
            return RedirectResponse(f"/stripe/pay/{session['id']}", 303)
        return page("authenticate.html", _context(session), forms_lead_to=_origins(session))

    async def answer(self, request: Request) -> Response:
        session = self._ledger.sessions.get(request.path_params["id"])
        if session is None:
            return unknown()
        agreed = (await request.form()).get("outcome") == "complete"
        try:
            intent = self._checkout.answer(session, agreed=agreed)
        except Closed:
            return RedirectResponse(f"/stripe/pay/{session['id']}", 303)
        return self._onward(session, intent)

    def _onward(self, session: Json, intent: Json) -> Response:
        """Where the browser goes after a card: to the shop, to the bank, or back to the page with the reason."""
        if intent["status"] == "succeeded":
            return RedirectResponse(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]), 303)
        step = "/authenticate" if intent["status"] == "requires_action" else ""
        return RedirectResponse(f"/stripe/pay/{session['id']}{step}", 303)

    def _page(self, session: Json, *, error: str = "", status: int = 200) -> Response:
        problem = self._intent(session).get("last_payment_error") or {}
        lines = self._ledger.line_items[session["id"]]["items"]
        context = _context(session) | {
            "lines": [_line(line) for line in lines],
            "cards": OFFERED,
            "error": error or problem.get("message", ""),
        }
        return page("pay.html", context, status=status, forms_lead_to=_origins(session))

    def _intent(self, session: Json) -> Json:
        return self._ledger.intents.get(session["payment_intent"] or "", {})


async def _chosen(request: Request) -> Card:
    form = await request.form()
    typed, picked = str(form.get("number", "")), str(form.get("card", ""))
    return find(typed if typed.strip() else picked)


def _line(line: Json) -> Json:
    return {
        "name": line["description"],
        "quantity": line["quantity"],
        "each": display(line["price"]["unit_amount"], line["currency"]),
        "amount": display(line["amount_total"], line["currency"]),
    }


def _context(session: Json) -> Json:
    return {
        "session": session,
        "total": display(session["amount_total"], session["currency"]),
        "shop": urlsplit(session["success_url"]).netloc,
    }


def _origins(session: Json) -> list[str]:
    # Browsers hold the redirect after a form to form-action too, and paying leads back to the shop.
    parts = [urlsplit(session[name] or "") for name in ("success_url", "cancel_url")]
    return sorted({f"{part.scheme}://{part.netloc}" for part in parts if part.netloc})


def unknown() -> Response:
    words = {
        "title": "There is no such checkout",
        "words": "This payment link is not one of the sandbox's. It may have been reset since the link was made: "
        "go back to the shop and check out again.",
    }
    return page("notice.html", words, status=404)


def closed(session: Json, *, status: int = 200) -> Response:
    """Says that there is nothing left to pay here, and leads back."""
    paid = session["status"] == "complete"
    words = {
        "title": "This payment is already made" if paid else "This checkout has expired",
        "words": f"{_context(session)['total']} was paid. You can close this page."
        if paid
        else "It was open for a day and nobody paid. Nothing was charged: go back to the shop and check out again.",
        "link": session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        if paid
        else session["cancel_url"],
    }
    return page("notice.html", words, status=status)
