"""What is done from the pages of an endpoint, and what they say of it."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.payments.browsing import text
from tests.webhooks.endpoints.conftest import send_due, the_message
from tests.webhooks.endpoints.receiver import Answer, Receiver
from webhooks.endpoints import keys, services
from webhooks.endpoints.requeueing import take_turn
from webhooks.models import Endpoint, Message

pytestmark = pytest.mark.django_db

Deed = Callable[..., str]


@pytest.fixture
def do(signed_in: Client, endpoint: Endpoint) -> Deed:
    """Send a form of the endpoint's page, and read where it leads."""

    def sent(deed: str, **data: Any) -> str:
        return text(signed_in.post(f"/endpoints/{endpoint.uid}/{deed}", data, follow=True))

    return sent


@pytest.fixture
def page(signed_in: Client, endpoint: Endpoint) -> Callable[..., str]:
    def read(query: str = "") -> str:
        return unescape(text(signed_in.get(f"/endpoints/{endpoint.uid}{query}")))

    return read


def disable(endpoint: Endpoint, **fields: Any) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(state="disabled", reason="It answered 500.", **fields)


def test_a_person_without_endpoints_learns_what_they_are(signed_in: Client) -> None:
    page = signed_in.get("/endpoints")
    assert "Be told when something happens" in text(page)
    assert 'href="/endpoints/new"' in page.content.decode()


def test_the_sample_on_the_page_verifies_what_is_sent(
    signed_in: Client, endpoint: Endpoint, receiver: Receiver
) -> None:
    for scheme in ("v1", "v1a"):
        services.rotate(endpoint, timedelta(0), scheme)
        services.send_test(endpoint, "order.paid")
        send_due()
        sample = re.search(
            r"<code>(import.*?)</code>", signed_in.get(f"/endpoints/{endpoint.uid}").content.decode(), re.S
        )
        assert sample
        names: dict[str, Any] = {}
        exec(unescape(sample[1]), names)
        sent, key = receiver.received[-1], keys.current(endpoint)[0].key
        assert names["is_genuine"](key, sent.headers, sent.body)
        assert not names["is_genuine"](key, sent.headers, sent.body + b" ")
        old = timezone.now() - timedelta(minutes=6)
        signature = keys.sign(endpoint, "m1", old, b"{}")
        stamp = {"webhook-timestamp": str(int(old.timestamp())), "webhook-id": "m1", "webhook-signature": signature}
        assert not names["is_genuine"](key, stamp, b"{}")


def test_the_secret_is_shown_when_asked_and_not_before(signed_in: Client, endpoint: Endpoint) -> None:
    key = keys.current(endpoint)[0].key
    assert key not in signed_in.get(f"/endpoints/{endpoint.uid}").content.decode()
    for asked in ({}, {"fragment": "1"}):
        shown = signed_in.post(f"/endpoints/{endpoint.uid}/secret", asked)
        assert key in shown.content.decode()
        assert "no-store" in shown["Cache-Control"]
    assert "<html" not in shown.content.decode()


def test_a_secret_that_cannot_be_read_says_what_to_do(do: Deed, endpoint: Endpoint) -> None:
    endpoint.secrets.update(sealed="nonsense")
    assert "rotate it" in do("secret")


def test_a_new_secret_signs_beside_the_earlier_one_until_the_day_it_says(
    do: Deed, page: Any, endpoint: Endpoint
) -> None:
    earlier = keys.current(endpoint)[0].key
    assert "There is a new signing secret. The earlier one signs along until" in do(
        "rotate", overlap_hours=24, scheme="v1"
    )
    assert "signs along until" in page()
    newest, old = keys.current(endpoint)
    assert (old.key, newest.key != earlier) == (earlier, True)
    do("rotate", overlap_hours=0, scheme="v1a")
    assert [key.key[:5] for key in keys.current(endpoint)] == ["whpk_"]


@pytest.mark.parametrize("wrong", [{"overlap_hours": "169"}, {"overlap_hours": "x"}, {"scheme": "v0"}, {"scheme": ""}])
def test_a_rotation_that_cannot_be_is_refused_in_words(do: Deed, endpoint: Endpoint, wrong: dict[str, str]) -> None:
    words = do("rotate", **({"overlap_hours": "24", "scheme": "v1"} | wrong))
    assert "Select a valid choice" in words or "required" in words
    assert endpoint.secrets.count() == 1


def test_pause_and_resume_say_what_they_do(do: Deed, page: Any) -> None:
    assert "Paused: nothing is sent" in do("pause")
    assert "Paused since" in page()
    assert "resume it first" in do("test", type="order.paid")
    assert "Enabled: what has waited is being sent." in do("resume")
    assert "✓" not in page()


def test_a_test_leads_to_its_page_and_what_came_of_it(do: Deed, page: Any, receiver: Receiver) -> None:
    receiver.usual = Answer(200, headers={"X-Greeting": "hello"}, body=b"<b>thanks</b>")
    assert "It is being sent now." in do("test", type="order.paid")
    send_due()
    assert "200 in" in page()
    message = the_message()
    shown = unescape(do(f"messages/{message.uid}/resend"))
    assert "being sent again, under the same webhook-id" in shown
    assert "x-greeting hello" in shown.lower()
    assert "webhook-signature v1," in shown
    assert '"test": true' in shown


def test_what_was_answered_is_shown_as_text(signed_in: Client, endpoint: Endpoint, receiver: Receiver) -> None:
    receiver.usual = Answer(500, body=b"<script>alert(1)</script>", headers={"X-A": "<img src=//evil.example>"})
    services.send_test(endpoint, "order.paid")
    send_due()
    for path in (f"/endpoints/{endpoint.uid}/messages/{the_message().uid}", f"/endpoints/{endpoint.uid}"):
        html = signed_in.get(path).content.decode()
        assert "<script>alert" not in html
        assert "<img src=//evil" not in html


def test_an_unknown_type_is_no_test(do: Deed) -> None:
    assert "No such type." in do("test", type="order.eaten")
    assert Message.objects.count() == 0


def test_a_message_that_failed_says_when_it_is_tried_again(
    page: Any, signed_in: Client, endpoint: Endpoint, receiver: Receiver, happen: Any
) -> None:
    receiver.usual = Answer(503)
    happen()
    send_due()
    shown = unescape(text(signed_in.get(f"/endpoints/{endpoint.uid}/messages/{the_message().uid}")))
    assert re.search(r"Next try in [3-6] s, at .* UTC; 9 of 10 tries are left\.", shown)
    assert "Failing since" in page()
    assert "1 try in vain since. If nothing arrives until" in page()


def test_a_disabled_endpoint_says_why_and_is_told_what_it_missed(
    do: Deed, page: Any, endpoint: Endpoint, receiver: Receiver, happen: Any
) -> None:
    receiver.usual = Answer(410)
    first = happen()
    send_due()
    missed = happen()
    assert "We stopped sending because: It answered 410" in page()
    assert "Send again what was missed since" in page()
    receiver.usual = Answer(200)
    assert "What it has missed since" in do("resume", missed="on")
    assert "0 messages queued so far, and more to come" in page()
    take_turn()
    assert "2 messages queued." in page()
    send_due()
    told = {received.headers["webhook-id"] for received in receiver.received[1:]}
    assert {str(first.uid), str(missed.uid)} <= told


def test_a_disabled_endpoint_may_be_enabled_without_what_it_missed(do: Deed, endpoint: Endpoint, happen: Any) -> None:
    disable(endpoint)
    happen()
    assert "Enabled: what has waited" in do("resume")
    assert Message.objects.count() == 0


def test_what_was_missed_longer_ago_than_the_log_is_kept_stays_missed(do: Deed, endpoint: Endpoint) -> None:
    disable(endpoint, since=timezone.now() - timedelta(days=400))
    assert "is being queued" in do("resume", missed="on")
    assert take_turn() == 0


def test_sending_again_says_first_how_many_and_then_sends_them(
    do: Deed, signed_in: Client, endpoint: Endpoint, receiver: Receiver, happen: Any
) -> None:
    receiver.usual = Answer(410)
    happen()
    send_due()
    services.resume(endpoint)
    happen()
    send_due()
    services.resume(endpoint)
    since = (timezone.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    path = f"/endpoints/{endpoint.uid}/resend"
    assert "2 messages since" in text(signed_in.get(path, {"since": since}))
    assert "2 messages since" in text(signed_in.get(path, {"since": since, "fragment": "1"}))
    later = timezone.now() + timedelta(hours=1)
    assert "Nothing to send" in text(signed_in.get(path, {"since": later.isoformat()}))
    assert Message.objects.filter(state="failed").count() == 2
    assert "It is being queued" in do("resend", since=since)
    take_turn()
    assert Message.objects.filter(state="waiting").count() == 2


@pytest.mark.parametrize(
    ("since", "words"),
    [("", "Since when?"), ("soon", "Give a day and a time"), ("2001-01-01T00:00", "Nothing older than 30 days")],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(
    do: Deed, signed_in: Client, since: str, words: str, endpoint: Endpoint
) -> None:
    assert words in do("resend", since=since)
    answer = signed_in.get(f"/endpoints/{endpoint.uid}/resend", {"since": since})
    assert (answer.status_code, words in text(answer)) == (422, True)


def test_an_endpoint_is_removed_only_after_a_question(do: Deed, signed_in: Client, endpoint: Endpoint) -> None:
    assert "This cannot be undone" in text(signed_in.get(f"/endpoints/{endpoint.uid}/remove"))
    assert Endpoint.objects.count() == 1
    assert "is gone." in do("remove")
    assert Endpoint.objects.count() == 0


def test_the_log_is_filtered_and_paged_and_takes_any_query(page: Any, endpoint: Endpoint) -> None:
    fresh = [Message(endpoint=endpoint, name="order.paid", sample={}) for _ in range(30)]
    Message.objects.bulk_create([*fresh, Message(endpoint=endpoint, name="user.signed_up", sample={}, state="failed")])
    first = page("?fragment=1")
    assert "Older →" in first
    assert first.count("order. paid") == 24
    last = Message.objects.order_by("-pk")[24].pk
    assert page(f"?fragment=1&before={last}").count("order. paid") == 6
    assert page("?fragment=1&state=failed").count("user. signed_ up") == 1
    assert page("?fragment=1&type=user.signed_up").count("order. paid") == 0
    assert "Nothing fits" in page("?fragment=1&type=user.signed_up&state=waiting")
    for odd in ("before=x", "before=²", "before=" + "9" * 30, "state=%00", "type=%00", "state=a&state=b", "before=-1"):
        assert "order. paid" in page(f"?fragment=1&{odd}"), odd


def test_a_page_costs_the_same_queries_for_one_message_and_for_many(
    signed_in: Client, endpoint: Endpoint, django_assert_max_num_queries: Any
) -> None:
    Message.objects.bulk_create(Message(endpoint=endpoint, name="order.paid", sample={}) for _ in range(25))
    with django_assert_max_num_queries(10):
        signed_in.get(f"/endpoints/{endpoint.uid}?fragment=1")
    with django_assert_max_num_queries(8):
        signed_in.get("/endpoints")
