"""A customer's endpoint from making it to pausing it, in a real browser and by keyboard alone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from tests.story.test_browser import WIDE, Person, person
from tests.webhooks.endpoints.receiver import Answer, Receiver, listening

__all__ = ["person"]
pytestmark = [pytest.mark.story, pytest.mark.browser]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as server:
        server.usual = Answer(headers={"Content-Type": "application/json"}, body=b'{"received": true}')
        yield server


def tab_to(person: Person, wanted: Locator, most: int = 80) -> None:
    """Go on with Tab until `wanted` has the focus, as somebody without a mouse does."""
    wanted.wait_for()
    for _ in range(most):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        person.page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by Tab")


def enter(person: Person, name: str, role: str = "button") -> None:
    tab_to(person, person.page.get_by_role(role, name=name, exact=True).first)  # type: ignore[arg-type]
    person.keys("Enter")


def shoot(person: Person, name: str) -> None:
    """Keep a picture, and see that nothing is off to the side of a telephone."""
    person.shoot(name)
    person.page.set_viewport_size({"width": 375, "height": 740})
    assert person.page.evaluate("document.documentElement.scrollWidth") <= 375, name
    person.page.set_viewport_size(WIDE)


def add(person: Person, url: str, description: str) -> None:
    page = person.page
    page.wait_for_url("**/endpoints/new")
    tab_to(person, page.locator("#id_url"))
    page.keyboard.type(url)
    tab_to(person, page.locator("#id_description"))
    page.keyboard.type(description)
    tab_to(person, page.locator("input[value='order.*']"))
    page.keyboard.press("Space")
    expect(page.locator("input[value='order.paid']")).to_be_disabled()
    shoot(person, "portal-form")
    enter(person, "Add the endpoint")
    expect(page.get_by_role("heading", name=description)).to_be_visible()


def test_an_endpoint_by_keyboard_from_making_it_to_pausing_it(person: Person, receiver: Receiver) -> None:
    page = person.page
    person.sign_in()
    enter(person, "Webhooks", "link")
    expect(page.get_by_role("heading", name="Be told when something happens")).to_be_visible()
    shoot(person, "portal-empty")
    enter(person, "Add an endpoint", "link")
    add(person, receiver.url, "Orders of the shop")
    shoot(person, "portal-endpoint-new")

    enter(person, "Send a test")
    page.wait_for_url("**/messages/*")
    expect(page.locator("#tries")).to_contain_text("200")
    page.locator("summary", has_text="What it answered").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text('{"received": true}')).to_be_visible()
    shoot(person, "portal-message")
    (received,) = receiver.received
    assert b'"test":true' in received.body
    assert len(received.headers["webhook-signature"].split()) == 1

    person.keys("u")
    expect(page.locator("#live tbody tr").first).to_contain_text("200")
    enter(person, "Reveal")
    expect(page.locator("#secret code").first).not_to_contain_text("•")
    tab_to(person, page.get_by_role("button", name="Copy"))
    shoot(person, "portal-secret")
    page.locator("summary", has_text="Replace it").focus()
    page.keyboard.press("Enter")
    enter(person, "Make a new secret")
    expect(page.get_by_text("The earlier one signs along until")).to_be_visible()
    shoot(person, "portal-endpoint")
    enter(person, "Send a test")
    page.wait_for_url("**/messages/*")
    expect(page.locator("#tries")).to_contain_text("200")
    assert len(receiver.received[1].headers["webhook-signature"].split()) == 2

    person.keys("u")
    enter(person, "Pause")
    expect(page.locator("#now")).to_contain_text("Paused since")
    enter(person, "Resume")
    expect(page.locator("#now")).to_contain_text("Enabled")
    assert person.complaints == []


def test_an_endpoint_that_fails_says_why_and_when_it_is_tried_again(person: Person, receiver: Receiver) -> None:
    page = person.page
    receiver.usual = Answer(500, body=b'{"error": "no such table: orders"}')
    person.sign_in()
    person.go("/endpoints/new")
    add(person, receiver.url, "The old shop, which nobody has looked after for a long time")
    enter(person, "Send a test")
    page.wait_for_url("**/messages/*")
    expect(page.locator("#tries")).to_contain_text("It answered 500.")
    page.locator("summary", has_text="What it answered").click()
    shoot(person, "portal-message-failed")
    person.keys("u")
    expect(page.locator("#live tbody tr").first).to_contain_text("500")
    enter(person, "How many?")
    expect(page.locator("#preview")).to_contain_text("Nothing to send")
    shoot(person, "portal-endpoint-failing")
    person.go("/endpoints")
    shoot(person, "portal-list")
    person.go("/event-types")
    shoot(person, "portal-types")
    assert person.complaints == []
