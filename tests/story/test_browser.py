"""The story as a person lives it: a real browser, real processes, no JavaScript error, nothing external loaded."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.story.buyer import DEMO, STAFF, Buyer
from tests.topology import Topology

pytestmark = [pytest.mark.story, pytest.mark.browser]

WIDE, NARROW = {"width": 1280, "height": 860}, {"width": 360, "height": 740}


class Person:
    """Somebody at a browser; whatever goes wrong behind the page is kept in `complaints`."""

    def __init__(self, context: BrowserContext, patchbay: Topology, shots: Path) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self._patchbay, self._shots = patchbay, shots
        ours = {urlsplit(patchbay.url).netloc, urlsplit(patchbay.sandbox_url).netloc}
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", lambda call: self._watch(call.url, ours))

    def _hear(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.complaints.append(f"{line.text} at {line.location}")

    def _watch(self, url: str, ours: set[str]) -> None:
        if url.startswith(("http", "ws")) and urlsplit(url).netloc not in ours:
            self.complaints.append(f"{url} is not ours")

    def go(self, path: str) -> None:
        self.page.goto(self._patchbay.url + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def keys(self, *keys: str) -> None:
        """Press keys one after another, where the page listens: a heading can be seen before the scripts have run."""
        for key in keys:
            self.page.wait_for_load_state()
            self.page.keyboard.press(key)

    def type(self, text: str, field: Locator) -> None:
        """Type into the field that the page itself has given the focus."""
        expect(field).to_be_focused()
        self.page.keyboard.type(text)

    def sign_in(self, credentials: dict[str, str] = DEMO) -> None:
        if "/accounts/login" not in self.page.url:
            self.go("/accounts/login/")
        self.page.locator("input[name=login]").fill(credentials["email"])
        self.page.locator("input[name=password]").fill(credentials["password"])
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)

    def shoot(self, name: str) -> None:
        """Keep a picture wide and narrow, light and dark."""
        for size, viewport in (("wide", WIDE), ("narrow", NARROW)):
            for scheme in ("light", "dark"):
                self.page.set_viewport_size(viewport)
                self.page.emulate_media(color_scheme=scheme)
                self.page.screenshot(path=self._shots / f"{name}-{size}-{scheme}.png", full_page=True)
        self.page.set_viewport_size(WIDE)
        self.page.emulate_media(color_scheme="light")


@pytest.fixture
def person(browser: Browser, patchbay: Topology, tmp_path: Path) -> Iterator[Person]:
    shots = Path(os.environ.get("PATCHBAY_ARTIFACTS", tmp_path)) / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    context = browser.new_context(viewport=WIDE)
    context.set_default_timeout(60_000)
    yield Person(context, patchbay, shots)
    context.close()


def buy(person: Person) -> None:
    """From the catalogue to the hosted page as a guest who signs in on the way."""
    page = person.page
    person.go("/products/desk-lamp")
    person.shoot("product")
    person.press("Add to cart")
    person.go("/cart")
    expect(page.get_by_text("Desk lamp").first).to_be_visible()
    person.shoot("cart")
    person.go("/checkout")
    person.shoot("sign-in")
    person.sign_in()
    person.go("/checkout")
    expect(page.get_by_text("Desk lamp").first).to_be_visible()
    person.shoot("checkout")
    person.press("Pay")
    page.wait_for_url("**/stripe/pay/**")


def pay(person: Person, card: str) -> None:
    page = person.page
    page.locator("input[name=number]").fill(card)
    page.locator("button[type=submit]").click()


def test_a_guest_fills_a_cart_signs_in_pays_and_sees_it_happen(person: Person, patchbay: Topology) -> None:
    person.go("/")
    person.shoot("catalogue")
    buy(person)
    person.shoot("hosted")
    second = person.page.context.new_page()
    second.goto(patchbay.url + "/orders")
    second.locator("a[href^='/orders/']").first.click()
    second.wait_for_url("**/orders/*")
    expect(second.locator("#order-status")).to_be_visible()
    pay(person, "4242424242424242")
    person.page.wait_for_url("**/orders/*")
    expect(person.page.locator("#order-status")).to_contain_text("Paid", ignore_case=True)
    # The page that was open all the while has changed by itself.
    expect(second.locator("#order-status")).to_contain_text("Paid", ignore_case=True)
    person.shoot("order-paid")
    number = person.page.url.rpartition("/")[2].partition("?")[0]
    mails = patchbay.wait_until(lambda: _mails(patchbay, number), "the mail has arrived", 10)
    assert len(mails) == 1
    assert mails[0]["html"]
    assert mails[0]["text"]
    assert person.complaints == []


def _mails(patchbay: Topology, number: str) -> list[Any]:
    return [mail for mail in patchbay.control("GET", "/mail") if number in mail["subject"]]


def test_a_declined_card_is_told_in_words_and_another_try_pays(person: Person) -> None:
    buy(person)
    pay(person, "4000000000000002")
    expect(person.page.get_by_text("declined").first).to_be_visible()
    person.shoot("hosted-declined")
    pay(person, "4242424242424242")
    person.page.wait_for_url("**/orders/*")
    expect(person.page.locator("#order-status")).to_contain_text("Paid", ignore_case=True)


def test_staff_see_the_order_the_delivery_and_the_mail(person: Person, patchbay: Topology) -> None:
    buyer = Buyer(patchbay)
    started = buyer.buy()
    buyer.pay(started)
    buyer.wait_until_paid(started)
    person.sign_in(STAFF)
    for path, name in (
        ("/console/deliveries", "console"),
        ("/admin/payments/order/", "admin-orders"),
        ("/admin/webhooks/delivery/", "admin-deliveries"),
        ("/admin/email/mail/", "admin-mails"),
        ("/admin/webhooks/outboxevent/", "admin-events"),
        ("/api/docs", "api-docs"),
    ):
        person.go(path)
        person.page.wait_for_load_state("networkidle")
        person.shoot(name)
    person.go("/console/deliveries")
    person.page.locator("a[data-row]").first.click()
    person.page.wait_for_url("**/console/deliveries/*")
    person.shoot("console-delivery")
    assert person.complaints == []
