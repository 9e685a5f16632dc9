"""Standard Webhooks against the vectors of its libraries and of Svix, and against what senders should never send."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import BadSignature, Refused, StaleTimestamp
from integrations.signatures.standard import (
    BadSecret,
    new_key,
    new_secret,
    public_half,
    require_secret,
    require_signed,
    sign,
)

# The libraries' own: https://github.com/standard-webhooks/standard-webhooks/tree/main/libraries
ID, TIME, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}'
THEN = datetime.fromtimestamp(int(TIME), UTC)
SECRET, V1 = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
SEED = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
SEED_V1A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
# Svix's: https://github.com/svix/svix-webhooks/blob/main/server/svix-server/src/worker.rs
PAIR = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
PAIR_PUBLIC = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
PAIR_V1A = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
NOISE = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def check(signatures: str, *secrets: str, body: bytes = BODY, now: datetime = THEN, identifier: str = ID) -> None:
    require_signed(identifier, TIME, signatures, body, secrets, now)


@pytest.mark.parametrize(
    ("secret", "signature", "public"),
    [(SECRET, V1, SECRET), (SEED, SEED_V1A, public_half(SEED)), (PAIR, PAIR_V1A, PAIR_PUBLIC)],
    ids=["v1", "v1a of a seed", "v1a of a pair"],
)
def test_each_published_vector_is_made_and_accepted(secret, signature, public):
    assert sign(secret, ID, THEN, BODY) == signature
    check(signature, public)
    for changed in ({"body": BODY + b" "}, {"identifier": ID + "x"}):
        with pytest.raises(BadSignature):
            check(signature, public, **changed)


def test_a_pair_has_the_public_half_that_it_holds():
    assert public_half(PAIR) == PAIR_PUBLIC
    with pytest.raises(BadSecret, match="not the public one"):
        public_half(PAIR.replace("fVKIDij2HKpMKk", "fVKIDij2HKpMKa"))


def test_the_specifications_example_of_v1a_does_not_belong_to_the_body_beside_it():
    body = (
        b'{"type":"contact.created","timestamp":"2022-11-03T20:26:10.344522Z",'
        b'"data":{"id":"1f81eb52-5198-4599-803e-771906343485"}}'
    )
    then = datetime.fromtimestamp(1674087231, UTC)
    with pytest.raises(BadSignature):
        require_signed("msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "1674087231", PAIR_V1A, body, [PAIR_PUBLIC], then)


def test_a_secret_without_its_prefix_is_the_same():
    check(V1, SECRET.removeprefix("whsec_"))


@pytest.mark.parametrize("signature", [V1, PAIR_V1A])
def test_one_good_signature_among_others_is_enough(signature):
    check(f"{NOISE} v2,{V1[3:]} nonsense {signature} {NOISE}", "whsec_" + "A" * 32, SECRET, PAIR_PUBLIC)


@pytest.mark.parametrize(
    "signatures",
    [
        "",
        " ",
        "v1",
        "v1,",
        ",",
        "v1,v1",
        "v1a",
        "v1a,",
        V1.removeprefix("v1,"),
        V1.replace("v1", "v2"),
        V1.replace("v1", "v1a"),
        V1.replace("v1", "V1"),
        V1.replace(",", " "),
        PAIR_V1A.replace("v1a", "v1"),
        V1[:-1],
        f"v1,{V1}",
        f"\t{V1}",
        "v1,é",
        "v1a,é",
        "v1,\x00",
        "v1," + "A" * 100_000,
        "v1a,A " * 20_000,
    ],
)
def test_a_hostile_header_is_refused(signatures):
    with pytest.raises(BadSignature):
        check(signatures, SECRET, PAIR_PUBLIC)


@given(st.text(), st.text(), st.text())
def test_no_invented_header_raises_anything_but_a_refusal(identifier, time, signatures):
    with pytest.raises(Refused):
        require_signed(identifier, time, signatures, BODY, [SECRET, PAIR_PUBLIC], THEN)


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_a_missing_header_is_refused(missing):
    given_ = [ID, TIME, V1]
    given_[missing] = ""
    with pytest.raises(BadSignature, match="missing"):
        require_signed(*given_, BODY, [SECRET], THEN)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_the_time_may_be_five_minutes_away_on_either_side(minutes):
    check(V1, SECRET, now=THEN + timedelta(minutes=5))
    check(V1, SECRET, now=THEN - timedelta(minutes=5))
    with pytest.raises(StaleTimestamp):
        check(V1, SECRET, now=THEN + timedelta(minutes=minutes))


def test_what_is_made_here_is_accepted_here():
    for secret in (new_secret(), key := new_key()):
        public = public_half(secret) if secret == key else secret
        require_secret(public)
        check(sign(secret, ID, THEN, BODY), public)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_%",
        "whsec_AAAA",
        "whsec_" + "A" * 88,
        "whpk_AAAA",
        PAIR.replace("whsk_", "whpk_"),
        "é",
        "hwsec_x",
    ],
)
def test_what_is_no_secret_is_told_so(secret):
    with pytest.raises(BadSecret):
        require_secret(secret)
