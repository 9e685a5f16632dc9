"""Provider tokens: asked for once, kept sealed, renewed ahead of time, and never asked for in vain."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from structlog.testing import capture_logs

from integrations.errors import Permanent, Reconnect, Retryable, Unauthorized
from integrations.http import tokenrows
from integrations.http.tokens import OAuth
from integrations.models import ProviderToken
from tests.integrations.token_endpoint import basic, granting
from tests.integrations.vendor import nobody

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint():
    with granting() as endpoint:
        yield endpoint


@pytest.fixture
def auth(endpoint):
    """By client credentials."""
    return OAuth(endpoint.client())


@pytest.fixture
def connected(endpoint):
    """By a refresh token that a person's consent has given us."""
    tokenrows.connect("acme", refresh_token="refresh-0")
    return OAuth(endpoint.client(grant="refresh_token"))


def bearer(auth: OAuth) -> str:
    return auth.headers()["Authorization"]


def passes(**time: float) -> None:
    """Let time go by, as far as the rows can tell."""
    by = timedelta(**time)
    moments = ("granted_at", "refresh_at", "expires_at", "leased_until", "retry_at")
    ProviderToken.objects.update(**{name: F(name) - by for name in moments})


def test_a_token_is_asked_for_once_and_used_until_it_is_due(auth, endpoint):
    assert [bearer(auth) for _ in range(3)] == ["Bearer access-1"] * 3
    assert endpoint.asked == [{"grant_type": "client_credentials"}]


def test_the_request_is_a_form_with_our_encoded_credentials_in_basic(endpoint):
    OAuth(endpoint.client(scope="read write", extra={"audience": "api"})).headers()
    assert endpoint.asked == [{"grant_type": "client_credentials", "scope": "read write", "audience": "api"}]
    assert endpoint.heads[0]["content-type"] == "application/x-www-form-urlencoded"
    assert basic(endpoint.heads[0]) == "us:s3cret%2F%2B"


def test_a_token_is_renewed_before_it_ends(auth, endpoint):
    bearer(auth)
    passes(minutes=54)
    assert bearer(auth) == "Bearer access-1"
    passes(minutes=4)
    assert bearer(auth) == "Bearer access-2"


def test_the_moment_of_renewal_is_jittered(auth):
    margins = set()
    for _ in range(5):
        bearer(auth)
        row = ProviderToken.objects.get()
        margins.add(row.expires_at - row.refresh_at)
        row.delete()
    assert len(margins) == 5
    assert all(timedelta(seconds=150) <= margin <= timedelta(seconds=300) for margin in margins)


def test_while_the_endpoint_is_away_the_old_token_serves_until_it_ends(auth, endpoint):
    bearer(auth)
    endpoint.script = [(503, b"")] * 6
    passes(minutes=58)
    assert bearer(auth) == bearer(auth) == "Bearer access-1"
    assert len(endpoint.asked) == 4, "three tries, and the failure is remembered: the second call asks nobody"
    passes(minutes=3)
    with pytest.raises(Retryable):
        bearer(auth)


def test_a_failure_is_remembered_for_a_while_and_says_when_to_come_back(auth, endpoint):
    endpoint.script = [(500, b"")] * 3
    for _ in range(3):
        with pytest.raises(Retryable):
            bearer(auth)
    assert len(endpoint.asked) == 3, "one call's tries, and no other's"
    with pytest.raises(Retryable) as refused:
        bearer(auth)
    assert 0 < refused.value.retry_after <= 1
    passes(seconds=2)
    assert bearer(auth) == "Bearer access-4"


def test_an_endpoint_that_cannot_be_reached_is_retryable(endpoint):
    with pytest.raises(Retryable):
        OAuth(endpoint.client(url=nobody())).headers()


def test_no_failure_keeps_us_from_asking_for_more_than_five_minutes(auth, endpoint):
    bearer(auth)
    ProviderToken.objects.update(failures=40)
    passes(hours=2)
    endpoint.script = [(503, b"")] * 3
    with pytest.raises(Retryable) as refused:
        bearer(auth)
    row = ProviderToken.objects.get()
    assert timedelta(minutes=4) < row.retry_at - row.failed_at <= timedelta(minutes=5, seconds=1)
    assert refused.value.code == "vendor_unavailable"


def test_a_client_that_is_not_accepted_is_not_tried_again_at_once(auth, endpoint):
    endpoint.script = [(401, {"error": "invalid_client", "error_description": "no s3cret/+ here"})]
    for _ in range(3):
        with pytest.raises(Unauthorized) as refused:
            bearer(auth)
    assert len(endpoint.asked) == 1
    assert str(refused.value) == "acme does not accept our client: invalid_client: no ••• here"


def test_a_refresh_token_is_used_once_and_its_successor_next(connected, endpoint):
    assert bearer(connected) == "Bearer access-1"
    passes(hours=1)
    assert bearer(connected) == "Bearer access-2"
    assert [form["refresh_token"] for form in endpoint.asked] == ["refresh-0", "refresh-1"]


def test_a_vendor_that_does_not_rotate_keeps_its_refresh_token(connected, endpoint):
    endpoint.script = [(200, {"access_token": "a", "expires_in": 10}), (200, {"access_token": "b", "expires_in": 10})]
    bearer(connected)
    passes(minutes=1)
    assert bearer(connected) == "Bearer b"
    assert [form["refresh_token"] for form in endpoint.asked] == ["refresh-0", "refresh-0"]


def test_a_lost_grant_says_reconnect_and_nobody_asks_again_until_a_new_one_is_stored(connected, endpoint):
    endpoint.revoked = True
    for _ in range(5):
        with pytest.raises(Reconnect, match="invalid_grant"):
            bearer(connected)
        passes(days=1)
    assert len(endpoint.asked) == 1
    row = ProviderToken.objects.get()
    assert (row.state, row.error_code, row.failed_at is not None) == ("reconnect", "reconnect", True)
    assert "refresh-0" not in row.error

    endpoint.revoked = False
    tokenrows.connect("acme", refresh_token="refresh-0")
    assert bearer(connected) == "Bearer access-2"
    assert ProviderToken.objects.get().error == ""


def test_an_account_that_nobody_connected_says_reconnect_and_asks_nobody(endpoint):
    with pytest.raises(Reconnect):
        OAuth(endpoint.client(grant="refresh_token"), account="nobody").headers()
    assert endpoint.asked == []


def test_accounts_have_tokens_of_their_own(endpoint):
    assert bearer(OAuth(endpoint.client(), account="a")) != bearer(OAuth(endpoint.client(), account="b"))


def test_a_refused_token_is_renewed_once_and_not_again_for_whoever_still_held_it(auth, endpoint):
    refused = auth.headers()
    passes(minutes=1)
    assert auth.renew(refused)
    assert auth.renew(refused), "there is a newer one already"
    assert bearer(auth) == "Bearer access-2"
    assert len(endpoint.asked) == 2


def test_a_new_token_that_is_refused_at_once_is_not_renewed(auth, endpoint):
    assert not auth.renew(auth.headers())
    assert len(endpoint.asked) == 1


def test_an_endpoint_that_grants_the_refused_token_again_has_none_for_us(auth, endpoint):
    refused = auth.headers()
    endpoint.script = [(200, {"access_token": "access-1"})]
    passes(minutes=1)
    assert not auth.renew(refused)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (60, 60), ("7200", 7200), (None, 3600), (0, 3600), (-5, 3600), ("soon", 3600), (True, 3600),
        (10**11, 30 * 86400), (3.5, 3600), ([], 3600),
    ],
)  # fmt: skip
def test_a_life_that_makes_no_sense_is_an_hour_and_none_is_over_30_days(auth, endpoint, said, seconds):
    endpoint.life = said
    bearer(auth)
    row = ProviderToken.objects.get()
    assert row.expires_at - row.granted_at == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "said",
    [
        b"<html>", b"[]", b"", {}, {"access_token": ""}, {"access_token": 5}, {"access_token": "a\r\nX-Evil: 1"},
        {"access_token": "a b"}, {"access_token": "a" * 9000}, {"access_token": "é"},
    ],
)  # fmt: skip
def test_an_answer_without_a_usable_token_is_no_grant(auth, endpoint, said):
    endpoint.script = [(200, said)]
    with pytest.raises(Retryable):
        bearer(auth)
    assert ProviderToken.objects.get().sealed == ""


def test_a_token_of_an_unknown_kind_is_not_sent(auth, endpoint):
    endpoint.script = [(200, {"access_token": "a", "token_type": "mac"})]
    with pytest.raises(Permanent):
        bearer(auth)


def test_nothing_in_the_table_can_be_read_without_the_key(connected):
    bearer(connected)
    stored = " ".join(map(str, ProviderToken.objects.values_list().get()))
    assert "access-1" not in stored
    assert "refresh-1" not in stored


def test_what_was_sealed_for_one_account_opens_for_no_other(endpoint):
    mine, theirs = OAuth(endpoint.client(), account="mine"), OAuth(endpoint.client(), account="theirs")
    bearer(mine), bearer(theirs)
    ProviderToken.objects.filter(account="mine").update(sealed=ProviderToken.objects.get(account="theirs").sealed)
    assert bearer(mine) == "Bearer access-3"


def test_a_replaced_secret_key_costs_a_new_token_and_one_clear_line(auth, settings):
    bearer(auth)
    settings.SECRET_KEY = "another"
    with capture_logs() as lines:
        assert bearer(auth) == bearer(auth) == "Bearer access-2"
    assert [line["why"] for line in lines if line["event"] == "token.unreadable"] == ["sealed with another SECRET_KEY"]


def test_a_replaced_secret_key_means_reconnecting_until_it_is_back(connected, endpoint, settings):
    bearer(connected)
    known, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    with pytest.raises(Reconnect):
        bearer(connected)
    assert len(endpoint.asked) == 1
    settings.SECRET_KEY_FALLBACKS = [known]
    assert bearer(connected) == "Bearer access-1"


def test_no_token_is_asked_for_inside_a_transaction(auth, endpoint):
    with transaction.atomic(), transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        bearer(auth)
    assert endpoint.asked == []


def test_who_was_overtaken_keeps_the_one_good_refresh_token(connected):
    """A claimant slept past its lease while the vendor rotated; the overtaker's old token was refused."""
    slept = tokenrows.look("acme", "")
    assert tokenrows.claim(slept)
    passes(minutes=1)
    overtaker = tokenrows.look("acme", "")
    lease = tokenrows.claim(overtaker)
    tokenrows.fail(overtaker, lease, Reconnect("invalid_grant"))
    assert tokenrows.keep(slept, tokenrows.Grant("access-9", "refresh-9", 3600))
    assert bearer(connected) == "Bearer access-9"


def test_who_was_overtaken_by_a_newer_grant_stores_nothing(connected):
    slept = tokenrows.look("acme", "")
    tokenrows.claim(slept)
    tokenrows.connect("acme", refresh_token="new", access_token="newer", life=3600)
    assert not tokenrows.keep(slept, tokenrows.Grant("access-9", "refresh-9", 3600))
    assert bearer(connected) == "Bearer newer"


def test_a_lease_is_given_back_by_its_owner_alone(endpoint):
    slept = tokenrows.look("acme", "")
    old = tokenrows.claim(slept)
    passes(minutes=1)
    assert tokenrows.claim(tokenrows.look("acme", ""))
    tokenrows.release(slept, old)
    assert not tokenrows.claim(tokenrows.look("acme", ""))


def test_who_finds_a_renewal_under_way_does_not_wait_for_ever(endpoint):
    tokenrows.claim(tokenrows.look("acme", ""))
    with pytest.raises(Retryable, match="another process"):
        OAuth(endpoint.client(), patience=0.05).headers()
