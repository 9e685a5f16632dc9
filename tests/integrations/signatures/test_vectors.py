"""Vectors that vendors and rivals publish, for the schemes that are no Standard Webhooks; each trap is one that caught
somebody."""

import base64
import hashlib
import hmac

import pytest

from integrations.errors import BadSignature
from integrations.signatures import hmac_sha256, require_ecdsa, require_hmac

# https://github.com/sendgrid/sendgrid-python/blob/main/test/unit/test_eventwebhook.py
SENDGRID_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6w"
    "EA3F+g=="
)
ANOTHER_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe"
    "1OPzpA=="
)
SENDGRID = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
ANOTHER = "MEUCIQCtIHJeH93Y+qpYeWrySphQgpNGNr/U+UyUlBkU6n7RAwIgJTz2C+8a8xonZGi6BpSzoQsbVRamr2nlxFDWYNH3j/0="
TIME = b"1600112502"
EVENTS = (
    b'[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address",'
    b'"sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",'
    b'"sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0",'
    b'"smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]\r\n'
)


def test_sendgrids_vector_is_accepted_with_its_last_line_break_and_not_without():
    require_ecdsa(TIME + EVENTS, SENDGRID, SENDGRID_KEY)
    for message, signature, key in (
        (TIME + EVENTS.strip(), SENDGRID, SENDGRID_KEY),
        (TIME + EVENTS.replace(b"\r\n", b"\n"), SENDGRID, SENDGRID_KEY),
        (TIME + b"," + EVENTS, SENDGRID, SENDGRID_KEY),
        (b"timestamp" + EVENTS, SENDGRID, SENDGRID_KEY),
        (TIME + EVENTS, ANOTHER, SENDGRID_KEY),
        (TIME + EVENTS, SENDGRID, ANOTHER_KEY),
        (TIME + b"payload", SENDGRID, SENDGRID_KEY),
    ):
        with pytest.raises(BadSignature):
            require_ecdsa(message, signature, key)


def test_stripe_joins_time_and_body_with_a_full_stop_and_convoy_with_a_comma():
    """https://docs.stripe.com/webhooks/signature and https://getconvoy.io/docs/product-manual/signatures differ in one
    character: what fits one must not fit the other."""
    time, body = b"1202933222", b'{"firstname":"test","lastname":"test"}'
    stripe, convoy = hmac_sha256("secret", time + b"." + body), hmac_sha256("secret", time + b"," + body)
    require_hmac(time + b"." + body, [stripe], ["secret"])
    with pytest.raises(BadSignature):
        require_hmac(time + b"." + body, [convoy], ["secret"])


def test_convoys_own_vectors_fit_its_body():
    """https://github.com/frain-dev/convoy/blob/main/pkg/verifier/verifier_test.go"""
    secret, body = "Convoy", b"Test Payload Body"
    require_hmac(body, ["d7a154547e7c35e31c4c820e20237650939c3d34dae136e30a7757ca61abb4cf"], [secret])
    digest = hmac.digest(secret.encode(), body, hashlib.sha512)
    assert digest.hex().startswith("83306382f5361d35351d6de45998f23b52f40bcf96befe4e92f137c0f1bf4a7119388b238d8f9d50")
    assert base64.b64encode(digest).startswith(b"gzBjgvU2HTU1HW3kWZjyO1L0C8+Wvv5OkvE3wPG/SnEZOIsjjY+dUCrHfm8aiEmkd4Jy")
