"""What only Slack does: a challenge that wants an answer, and events that lie in an envelope."""

import json

import pytest

from integrations.contract import Inbound, Reply
from integrations.errors import BadPayload, BadSignature
from integrations.registry import all_providers
from tests.integrations.genuine import NOW, receive, recorded, signed

provider = all_providers()["slack"]
CHALLENGE = b'{"token": "x", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd", "type": "url_verification"}'
# https://docs.slack.dev/authentication/verifying-requests-from-slack
SECRET, TIME = "8f742231b10e8888abcd99yyyzzz85a5", 1531420618
COMMAND = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com"
    b"%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)
SIGNATURE = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


def test_slacks_published_signature_is_good_and_its_body_is_still_no_event(monkeypatch):
    monkeypatch.setenv("SLACK_WEBHOOK_SECRET", SECRET)
    headers = {"x-slack-signature": SIGNATURE, "x-slack-request-timestamp": str(TIME)}
    then = NOW.fromtimestamp(TIME, NOW.tzinfo)
    with pytest.raises(BadPayload, match="not JSON"):
        provider.receive(Inbound(body=COMMAND, headers=headers, now=then))
    with pytest.raises(BadSignature):
        provider.receive(Inbound(body=COMMAND + b"&", headers=headers, now=then))


def test_the_challenge_is_answered_and_nothing_is_kept():
    with pytest.raises(Reply) as caught:
        receive(provider, signed(provider, CHALLENGE))
    assert caught.value.body == b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd"


def test_a_challenge_that_nobody_signed_is_not_answered():
    with pytest.raises(BadSignature):
        receive(provider, signed(provider, CHALLENGE).having(body=CHALLENGE.replace(b"3eZ", b"4eZ")))


def test_an_event_is_known_by_its_id_and_is_about_its_channel():
    [delivery] = receive(provider, recorded(provider, "app_mention"))
    assert (delivery.external_id, delivery.kind, delivery.object_key) == ("Ev0MDYHUEL", "app_mention", "C123ABC456")


@pytest.mark.parametrize(
    ("event", "about"),
    [
        ({"item": {"channel": "C1"}}, "C1"),
        ({"channel": {"id": "C2"}}, "T1"),
        ({"channel": None}, "T1"),
        ({}, "T1"),
    ],
)
def test_an_event_is_about_the_place_it_names(event, about):
    envelope = {"type": "event_callback", "event_id": "Ev1", "team_id": "T1", "event": {"type": "x", **event}}
    [delivery] = receive(provider, signed(provider, json.dumps(envelope).encode()))
    assert delivery.object_key == about


def test_slack_holding_back_is_known_by_team_and_minute():
    [delivery] = receive(provider, recorded(provider, "app_rate_limited"))
    assert delivery.external_id == "app_rate_limited:T061EG9R6:1518467820"
