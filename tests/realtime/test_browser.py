"""The browser's side, in Chromium: live pages, resuming without loss, and the way around blocked sockets."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, WebSocketRoute, expect, sync_playwright
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

import realtime
from tests.realtime.conftest import LIMITS, Server, aside, event, serving, tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]

PAGE = """<!doctype html><title>Live</title><body data-live>
<p data-live-state>Not live</p>{fragment}
<script type="module" src="/static/realtime/live.js"></script>"""
FRAGMENT = """<section id="order" data-refresh-on="order.paid order.refunded" data-refresh-url="/fragment"
data-refresh-match="1001"><button id="again">Shown {number}</button></section>"""
POLICY = {"Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'"}
COLLECT = """window.told = [];
document.addEventListener("patchbay:event", ({ detail }) => window.told.push(detail.seq));"""


def pages() -> Starlette:
    """A page with one fragment that shows how often it has been loaded."""
    numbers = count()

    def fragment() -> str:
        return FRAGMENT.format(number=next(numbers))

    routes = [
        Route("/", lambda _request: HTMLResponse(PAGE.format(fragment=fragment()), headers=POLICY)),
        Route("/fragment", lambda _request: HTMLResponse(fragment())),
        Mount("/static", StaticFiles(directory=Path(realtime.__path__[0]) / "static")),
    ]
    return Starlette(routes=routes)


@pytest.fixture
def page(signed_in: Client) -> Iterator[Page]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        words = "needs Chromium on the path"
        pytest.fail(words) if os.environ.get("PATCHBAY_REQUIRE_SERVICES") == "1" else pytest.skip(words)
    cookie = {"name": "sessionid", "value": signed_in.cookies["sessionid"].value, "domain": "127.0.0.1", "path": "/"}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([cookie])
        page = context.new_page()
        page.add_init_script(COLLECT)
        page.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        yield page
        browser.close()


def visit(page: Page, server: Server) -> None:
    page.goto(f"http://{server.host}/")
    # The client waits up to a few seconds, at random, between its tries before it changes over to the event stream.
    expect(page.locator("[data-live-state]")).to_have_text("Live")


def wait_for(page: Page, told: list[int]) -> None:
    page.wait_for_function("count => window.told.length >= count", arg=len(told))
    assert page.evaluate("window.told") == told


def test_a_fragment_reloads_when_an_event_concerns_it(page: Page, person: Any) -> None:
    with serving(LIMITS, pages()) as server:
        visit(page, server)
        # Once with the page, and once on the first hello.
        expect(page.locator("#order")).to_have_text("Shown 1")
        page.locator("#again").focus()
        aside(
            tell,
            event(user=person.pk, name="order.paid", order={"number": "1002"}),
            event(user=person.pk, name="order.created", order={"number": "1001"}),
            event(user=person.pk, name="order.paid", order={"number": "1001"}),
        )
        expect(page.locator("#order")).to_have_text("Shown 2")
        wait_for(page, [1, 2, 3])
        expect(page.locator("#order")).to_have_attribute("aria-live", "polite")
        assert page.evaluate("document.activeElement.id") == "again"
        page.close()


def test_what_happens_while_the_server_is_away_is_told_afterwards(page: Page, person: Any) -> None:
    with serving(LIMITS, pages()) as server:
        visit(page, server)
        aside(tell, event(user=person.pk))
        wait_for(page, [1])
    expect(page.locator("[data-live-state]")).not_to_have_text("Live")
    aside(tell, *(event(user=person.pk) for _ in range(3)))
    with serving(LIMITS, pages(), port=server.port):
        wait_for(page, [1, 2, 3, 4])
        aside(tell, event(user=person.pk))
        wait_for(page, [1, 2, 3, 4, 5])
        page.close()


def test_where_sockets_are_blocked_the_event_stream_takes_over(page: Page, person: Any) -> None:
    with serving(LIMITS, pages(), sockets=False) as server:
        visit(page, server)
        aside(tell, *(event(user=person.pk) for _ in range(3)))
        wait_for(page, [1, 2, 3])
        page.close()


def test_what_is_told_twice_or_too_early_counts_once_and_in_order(page: Page) -> None:
    answers: list[dict[str, Any]] = []

    def serve(socket: WebSocketRoute) -> None:
        def say(**frame: Any) -> None:
            socket.send(json.dumps(frame))

        def hear(text: str) -> None:
            answers.append(json.loads(text))
            if answers[-1]["type"] == "resume":
                for seq in (5, 4, 4, 5, 3, 6):
                    say(type="event", seq=seq, name="order.paid", data={}, at="2026-11-23T00:00:00Z")
                say(type="ping")

        socket.on_message(hear)
        say(type="hello", epoch="e", seq=3, heartbeat=25)

    page.route_web_socket(re.compile("/ws$"), serve)
    with serving(LIMITS, pages()) as server:
        visit(page, server)
        wait_for(page, [4, 5, 6])
        page.close()
    assert answers == [{"type": "resume", "epoch": "e", "seq": 3}, {"type": "pong"}]
