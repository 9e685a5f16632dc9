"""`manage.py trigger`: any event with any data, and words for what cannot be sent."""

from typing import Any

import httpx2
import pytest
from django.core.management import CommandError, call_command

from tests.webhooks.arrivals import arrive

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have left, instead of its leaving."""
    left: list[Any] = []

    def post(url: str, **given: Any) -> httpx2.Response:
        left.append((url, given["headers"], given["content"]))
        return httpx2.Response(200, text="ok")

    monkeypatch.setattr(httpx2, "post", post)
    return left


def test_a_header_is_added_or_takes_the_place_of_the_vendors(sent: list[Any]) -> None:
    call_command("trigger", "github", "ping", "--header", "x-github-delivery: mine", "--header", "X-More: a:b")
    headers = {name.lower(): value for name, value in sent[0][1].items()}
    assert (headers["x-github-delivery"], headers["x-more"], headers["x-github-event"]) == ("mine", "a:b", "ping")
    assert len(headers) == len(sent[0][1])


def test_a_stored_delivery_is_sent_again_with_a_field_changed(sent: list[Any]) -> None:
    row = arrive("push", b'{"ref": "main", "list": [1]}')
    call_command("trigger", "github", "push", "--from", str(row.pk), "--set", "ref=next", "--set", "list.0=2")
    assert sent[0][2] == b'{"ref": "next", "list": [2]}'


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--header", "nothing"], "is not of the form NAME:VALUE"),
        (["--header", ":x"], "is not of the form NAME:VALUE"),
        (["--from", "nobody"], "no delivery is called"),
        (["--set", "ref"], "is not of the form a.b=c"),
    ],
)
def test_what_cannot_be_sent_is_told_in_words(sent: list[Any], words: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("trigger", "github", "push", *words)
    assert sent == []


def test_a_stored_body_that_is_no_json_is_told_in_words(sent: list[Any]) -> None:
    row = arrive("form", b"payload=%7B%7D")
    with pytest.raises(CommandError, match="is not JSON: give --body"):
        call_command("trigger", "github", "push", "--from", str(row.pk))
    assert sent == []
