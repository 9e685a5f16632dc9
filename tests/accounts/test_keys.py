"""The keys behind access tokens: made once, published two at a time, replaced in step."""

from datetime import timedelta

import jwt
import pytest
from django.utils import timezone

from accounts import keys, tokens
from accounts.models import SigningKey
from tests.accounts.conftest import at_once

pytestmark = pytest.mark.django_db


def test_two_public_keys_are_published_for_anybody(api):
    answer = api.get("/.well-known/jwks.json")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=900"
    published = answer.json()["keys"]
    assert len(published) == 2
    for key in published:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"}


def test_a_stranger_verifies_a_token_by_the_published_keys_alone(api, pair, settings):
    published = jwt.PyJWKSet.from_dict(api.get("/.well-known/jwks.json").json())
    kid = jwt.get_unverified_header(pair["access_token"])["kid"]
    assert jwt.decode(
        pair["access_token"], published[kid], algorithms=["ES256"], audience="patchbay", issuer=settings.PATCHBAY_URL
    )


def test_the_next_key_was_published_before_it_signs(db):
    first, second = keys.key_set()["keys"]
    assert keys.signer()[0] == first["kid"]
    keys.retire(SigningKey.objects.get(kid=first["kid"]))
    assert keys.signer()[0] == second["kid"]


def test_a_retired_key_is_good_for_the_tokens_it_signed_and_no_longer(pair):
    key = SigningKey.objects.order_by("number").first()
    keys.retire(key)
    assert len(keys.key_set()["keys"]) == 3
    assert tokens.verify(pair["access_token"])
    SigningKey.objects.filter(pk=key.pk).update(retired_at=timezone.now() - timedelta(minutes=31))
    assert len(keys.key_set()["keys"]) == 2
    with pytest.raises(tokens.Invalid):
        tokens.verify(pair["access_token"])


def test_keys_are_asked_for_and_not_made_anew(db):
    assert keys.key_set() == keys.key_set()
    assert keys.signer()[0] == keys.signer()[0]


def test_a_lost_secret_key_costs_the_old_keys_and_nothing_else(api, pair, settings):
    settings.SECRET_KEY = "another"
    assert api.sign_in().status_code == 200
    assert SigningKey.objects.exclude(retired_at=None).count() == 2
    assert SigningKey.objects.filter(retired_at=None).count() == 2


def test_a_secret_key_replaced_in_step_keeps_the_keys(pair, settings):
    kid = keys.signer()[0]
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert keys.signer()[0] == kid


@pytest.mark.django_db(transaction=True)
def test_sixteen_that_need_a_first_key_at_once_agree_on_two():
    kids = at_once(lambda _: keys.signer()[0], range(16))
    assert SigningKey.objects.count() == 2
    assert set(kids) == {SigningKey.objects.order_by("number").first().kid}
