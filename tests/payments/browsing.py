"""What the tests of the shop's pages share: a payment service that does as told, and eyes for a page."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from integrations.ports import PaymentRequest, PaymentSnapshot, PaymentStarted, PaymentState
from payments.models import PaymentAttempt

HOSTED = "https://checkout.example/pay/1"


@dataclass
class Gateway:
    """A payment service that starts every payment, or fails as told, and knows one truth."""

    failure: Exception | None = None
    state: PaymentState = PaymentState.OPEN
    started: list[PaymentRequest] = field(default_factory=list)

    def start(self, request: PaymentRequest) -> PaymentStarted:
        if self.failure:
            raise self.failure
        self.started.append(request)
        return PaymentStarted(reference="cs_1", redirect_url=HOSTED)

    def fetch(self, reference: str) -> PaymentSnapshot:
        if self.failure:
            raise self.failure
        attempt = PaymentAttempt.objects.get(provider_reference=reference)
        return PaymentSnapshot(
            reference=reference,
            attempt=str(attempt.pk),
            state=self.state,
            amount=attempt.amount,
            captured=attempt.amount,
            currency=attempt.currency,
            failure="Your card was declined." if self.state is PaymentState.DECLINED else "",
        )


class Resources(HTMLParser):
    """Every inline script or style of a page, and every address it loads something from."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.loaded: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.inline += [name for name in given if name == "style" or name.startswith(("on", "hx-on"))]
        if tag == "style" or (tag == "script" and "src" not in given):
            self.inline.append(tag)
        if "src" in given:
            self.loaded.append(given["src"])
        if tag == "link":
            self.loaded.append(given["href"])


def text(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def put(client, quantity="1", product="cable"):
    return client.post("/cart/items", {"product": product, "quantity": quantity}, follow=True)


def require_strict(response):
    assert response.status_code == 200
    assert "unsafe" not in response["Content-Security-Policy"]
    page = Resources(response.content.decode())
    assert page.inline == []
    assert all(address.startswith("/") and not address.startswith("//") for address in page.loaded), page.loaded
