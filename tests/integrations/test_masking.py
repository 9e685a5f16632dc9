"""Whatever is logged or kept has no secret in it, costs no time on any input, and never fails."""

import time

import pytest
from django.conf import settings as configured
from hypothesis import given
from hypothesis import strategies as st

from integrations import masking
from integrations.masking import LONGEST, mask_line, masked

SECRET = "a1B2c3D4e5F6g7H8"
LEAKS = {
    "a Stripe key": f"Invalid API Key provided: sk_live_{SECRET}",
    "a webhook secret": f"whsec_{SECRET}",
    "a SendGrid key": f"SG.{SECRET}.{SECRET}",
    "a GitHub token": f"ghp_{SECRET}{SECRET}",
    "a bearer": f"Authorization: Bearer {SECRET}",
    "a bearer alone": f"got Bearer {SECRET} instead",
    "basic": f"'authorization': 'Basic {SECRET}=='",
    "a JSON field": f'{{"access_token": "{SECRET}"}}',
    "a form": f"client_id=me&client_secret={SECRET}&x=1",
    "a cookie": f"Set-Cookie: sessionid={SECRET}; Path=/",
    "a JWT": f"eyJhbGciOiJIUzI1NiJ9.{SECRET}.{SECRET}",
    "a URL": f"postgres://user:{SECRET}@host/db",
    "a key to a new password": f"/accounts/password/reset/key/3-{SECRET}/",
    "a proof of an address": f"see https://host/accounts/confirm-email/MQ:1abcde:{SECRET}/",
    "a private key": f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n{SECRET}\n-----END RSA PRIVATE KEY-----",
    "a private key cut off": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n{SECRET}",
}
CARDS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "3782 822463 10005",
    "12 4242 4242 4242 4242 9",
]
CARDS += ["1111 4242 4242 4242 4242"]  # what precedes is no part of it


@pytest.mark.parametrize("text", LEAKS.values(), ids=LEAKS)
def test_what_looks_like_a_secret_is_taken_out(text):
    assert SECRET not in masked(text)
    assert SECRET not in masked(text.encode())


@pytest.mark.parametrize("text", CARDS)
def test_of_a_card_the_last_four_digits_stay(text):
    assert "[card …" in masked(f"card {text}.")
    assert "424242" not in masked(text).replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    "text", ["order 1700000000000", "4242424242424243", "pi_3MtwBwLkdIwHu7ix28a3tqPa", "2026-11-24 09:14"]
)
def test_numbers_and_ids_that_are_no_secrets_stay(text):
    assert masked(text) == text


def test_of_an_address_the_domain_stays():
    assert masked("to jane.doe+x@mail.example.com now") == "to j…@mail.example.com now"


def test_our_own_credentials_are_known_whatever_they_look_like(monkeypatch):
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", "plain words, nothing odd")
    masking.forget()
    assert "nothing odd" not in masked("they said plain words, nothing odd to us")
    assert configured.SECRET_KEY not in masked(f"key {configured.SECRET_KEY}")
    monkeypatch.undo()
    masking.forget()


@given(st.binary() | st.text())
def test_any_input_gives_text_that_can_be_kept(text):
    result = masked(text, 50)
    assert len(result) <= 50
    assert "\x00" not in result
    result.encode()


def test_a_secret_that_the_cap_cuts_in_two_is_gone_whole(monkeypatch):
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRET", SECRET)
    masking.forget()
    for lead in range(LONGEST - 30, LONGEST + 2):
        assert SECRET[4:6] not in masked("x" * 10 + " " * (lead - 10) + f"{SECRET} and more")
    monkeypatch.undo()
    masking.forget()


ADVERSE = ["a", "a@", "a.", "eyJ", "eyJaaaaaa.", "SG.aaaaaaa", "1 ", "4", "4242 ", "-----BEGIN ", "://a:", "sk_live_"]
ADVERSE += ["password ", "token:", "bearer ", "-----BEGIN A------", "a@a"]


SIGNS = "ey SG. k_live_ = : @ :// "  # with all of these in it, a text is worth every look


@pytest.mark.parametrize("unit", ADVERSE)
def test_no_input_takes_long_whatever_its_length(unit):
    """Ten times the text costs at most what the cap allows: measured against a text of the cap's own length."""

    def best(length):
        text = SIGNS + unit * (length // len(unit))
        times = []
        for _ in range(5):
            started = time.thread_time()
            masked(text)
            times.append(time.thread_time() - started)
        return min(times)

    quarter, whole, huge = best(LONGEST // 4), best(LONGEST), best(LONGEST * 100)
    floor = 0.0002
    assert whole < 6 * max(quarter, floor)
    assert huge < 5 * max(whole, floor)


def test_a_log_line_keeps_our_words_and_masks_theirs():
    line = {"event": "vendor.call", "vendor": "acme", "error": f"refused Bearer {SECRET}", "ms": 1.5, "status": None}
    cleaned = mask_line(None, "info", dict(line))
    assert cleaned == line | {"error": "refused Bearer [masked]"}


NO_TEXT = {
    "a dict": {"password": SECRET},
    "a list": [f"Bearer {SECRET}"],
    "an error": ValueError(f"token={SECRET}"),
    "bytes": f"token={SECRET}".encode(),
    "a set": {("a", f"whsec_{SECRET}")},
}


@pytest.mark.parametrize("value", NO_TEXT.values(), ids=NO_TEXT)
def test_what_is_no_text_loses_its_secrets_as_it_is_shown(value):
    assert SECRET not in str(mask_line(None, "info", {"event": "x", "given": value})["given"])


def test_numbers_and_our_own_names_are_left_alone():
    record = object()
    line = {"event": "x", "status": 503, "ms": 0.5, "again": True, "none": None, "_record": record, "state": ["up"]}
    assert mask_line(None, "info", dict(line)) == line


def test_of_a_long_traceback_the_end_stays():
    traceback = "frame\n" * LONGEST + f"ValueError: token={SECRET}"
    kept = mask_line(None, "error", {"event": "x", "exception": traceback})["exception"]
    assert kept.endswith("ValueError: token=[masked]")
