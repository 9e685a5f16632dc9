"""The one suite that every plug-in which receives webhooks passes; a subclass brings the fixture `provider`."""

import json
import sys
from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integrations import facts
from integrations.contract import Provider
from integrations.errors import BadSignature, Refused, StaleTimestamp
from integrations.sandbox import samples
from tests.integrations.genuine import (
    NOW,
    facts_of,
    is_refused,
    kinds,
    receive,
    recorded,
    signature_headers,
    signed,
)
from tests.integrations.spoiling import header_values, spoilt

# A secret that is not the plug-in's, by the name of the credential that verifies.
OTHERS = {
    "WEBHOOK_SECRET": "another-secret",
    "WEBHOOK_KEY": (
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdbRrIlN30yUiqnwCVylyC7tHNrEb"
        "NcwhpUJGzchydsOoHS3srX5/O0l7jDvxQRmJIlfC7TcMXN6lduviYOfybA=="
    ),
    "WEBHOOK_ID": "4JH86294D6297924G",
    "WEBHOOK_TOPIC": "arn:aws:sns:us-east-1:999999999999:another",
}
HOSTILE = {
    "empty": "",
    "nonsense": "nonsense",
    "equals": "=,=,=",
    "only a time": "t=1",
    "two times": "t=1,t=2,v1=00",
    "no digits": "t=²,v1=00",
    "a very long time": f"t={'9' * 400},v1=00",
    "zeros": f"sha256={'0' * 64}",
    "non-ASCII": "sha256=é\xff",
    "NUL": "\x00",
    "huge": "x" * 100_000,
    "many": "v1=0," * 20_000,
}
NEVER_JSON = {
    "empty": b"",
    "text": b"nonsense",
    "half": b'{"id": ',
    "not UTF-8": b'{"id": "\xff"}',
    "NaN": b'{"id": NaN}',
    "Infinity": b'[{"id": -Infinity}]',
    "beyond numbers": b'{"id": 1e999}',
    "bottomless lists": b"[" * 100_000 + b"]" * 100_000,
    "bottomless objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a string": b'"text"',
    "a number": b"42",
    "null": b"null",
}


class Contract:
    """What holds of every plug-in, whatever it connects to."""

    @pytest.fixture(autouse=True)
    def _sandbox_credentials(self, provider: Provider, monkeypatch):
        for credential in provider.credentials:
            monkeypatch.delenv(f"{provider.prefix}_{credential.name}", raising=False)
            monkeypatch.delenv(f"{provider.prefix}_{credential.name}_FILE", raising=False)

    def test_a_good_signature_is_accepted(self, provider):
        deliveries = receive(provider, recorded(provider))
        assert deliveries
        assert all(item.external_id and item.kind and item.body for item in deliveries)

    def test_the_same_request_gives_the_same_ids(self, provider):
        request = recorded(provider)
        assert receive(provider, request) == receive(provider, request)

    def test_a_tampered_body_is_refused(self, provider):
        request = recorded(provider)
        if not provider.signs_bytes:
            self._require_signed_fields(provider, request)
            return
        middle = len(request.body) // 2
        flipped = bytes([request.body[middle] ^ 1])
        for body in (
            request.body + b" ",
            request.body[:-1],
            request.body[:middle] + flipped + request.body[middle + 1 :],
            b"",
        ):
            with pytest.raises(BadSignature):
                receive(provider, request.having(body=body))

    def _require_signed_fields(self, provider, request):
        """The signature covers fields by name: whatever else the body holds is not kept."""
        fields = json.loads(request.body)
        kept = receive(provider, request)
        for name, value in fields.items():
            for changed in ({**fields, name: f"{value} "}, {key: fields[key] for key in fields if key != name}):
                assert is_refused(provider, request.having(body=json.dumps(changed).encode())), name
        more = json.dumps({**fields, "UnsubscribeURL": "https://example.com", "more": {}}).encode()
        assert receive(provider, request.having(body=more)) == kept

    def test_a_wrong_secret_is_refused(self, provider, monkeypatch):
        request = recorded(provider)
        verifying = [item.name for item in provider.credentials if item.name in OTHERS]
        assert verifying, f"call the credential that verifies one of {', '.join(OTHERS)}"
        for name in verifying:
            monkeypatch.setenv(f"{provider.prefix}_{name}", OTHERS[name])
        with pytest.raises(BadSignature):
            receive(provider, request)

    def test_an_unsigned_request_is_refused(self, provider):
        request = recorded(provider)
        if not provider.signs_bytes:
            return  # no header is looked at
        with pytest.raises(Refused):
            receive(provider, request.without(*signature_headers(provider)))
        with pytest.raises(Refused):
            receive(provider, request.having(headers={}))

    def test_a_missing_header_is_refused_or_makes_no_difference(self, provider):
        request = recorded(provider)
        for name in request.headers:
            less = request.without(name)
            assert is_refused(provider, less) or receive(provider, less) == receive(provider, request), name

    @pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
    def test_a_hostile_signature_is_refused(self, provider, value):
        if not provider.signs_bytes:
            fields = json.loads(recorded(provider).body)
            hostile = {**fields, "Signature": value}
            assert is_refused(provider, recorded(provider).having(body=json.dumps(hostile).encode()))
            return
        assert is_refused(provider, recorded(provider).saying(value, *signature_headers(provider)))

    @pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
    def test_a_hostile_header_raises_nothing_but_a_refusal(self, provider, value):
        request = recorded(provider)
        for name in request.headers:
            is_refused(provider, request.saying(value, name))

    @pytest.mark.parametrize("ahead", ["too late", 6, "in a year", 60 * 24 * 365], ids=str)
    def test_a_stale_or_future_time_is_refused_where_time_is_signed(self, provider, ahead):
        late = {"too late": provider.patience + timedelta(minutes=1), "in a year": timedelta(days=365)}
        request = recorded(provider)
        now = NOW + late[ahead] if ahead in late else NOW - timedelta(minutes=ahead)
        if not provider.signs_time:
            assert receive(provider, request, now), "no time is signed, so none may be looked at"
            return
        with pytest.raises(StaleTimestamp):
            receive(provider, request, now)

    @pytest.mark.parametrize("minutes", [-4, 4])
    def test_clocks_may_differ_by_a_few_minutes(self, provider, minutes):
        assert receive(provider, recorded(provider), NOW + timedelta(minutes=minutes))

    def test_both_secrets_are_accepted_while_one_is_rotated(self, provider, monkeypatch):
        variable = f"{provider.prefix}_WEBHOOK_SECRET"
        if not any(item.name == "WEBHOOK_SECRET" for item in provider.credentials):
            return  # it verifies by a public key, of which the vendor has one at a time
        requests = {}
        for secret in ("old", "new", "strange"):
            monkeypatch.setenv(variable, secret)
            requests[secret] = recorded(provider)
        monkeypatch.setenv(variable, "old, new")
        assert receive(provider, requests["old"])
        assert receive(provider, requests["new"])
        assert is_refused(provider, requests["strange"])

    def test_an_unknown_kind_means_nothing(self, provider):
        assert not provider.knows("a.kind.nobody.sends")
        assert provider.interpret("a.kind.nobody.sends", b"nonsense") == []

    @pytest.mark.parametrize("body", NEVER_JSON.values(), ids=NEVER_JSON)
    def test_a_signed_body_that_is_no_json_of_objects_is_refused(self, provider, body):
        assert is_refused(provider, signed(provider, body))

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"[{}]", b"[[]]", b"[1]", b'{"id": null}', b'{"id": {}}'])
    def test_a_signed_body_of_the_wrong_shape_raises_nothing_but_a_refusal(self, provider, body):
        is_refused(provider, signed(provider, body))

    def test_half_a_character_raises_nothing_but_a_refusal(self, provider):
        """JSON can spell a lone surrogate, which no UTF-8 can hold."""
        body = json.dumps(samples.sample(provider.slug, kinds(provider)[0])).encode()
        is_refused(provider, signed(provider, body.replace(b"{", b'{"half": "\\ud800", ', 1)))

    def test_nesting_near_the_interpreters_limit_raises_nothing_but_a_refusal(self, provider):
        body = json.dumps(samples.sample(provider.slug, kinds(provider)[0])).encode()
        limit = sys.getrecursionlimit()
        for depth in range(limit - 150, limit + 1, 3):
            nested = b'{"nested": ' + b"[" * depth + b"]" * depth + b", "
            is_refused(provider, signed(provider, body.replace(b"{", nested, 1)))

    def test_each_recorded_fixture_is_understood_or_set_aside(self, provider):
        for kind in kinds(provider):
            deliveries = receive(provider, recorded(provider, kind))
            assert {item.kind for item in deliveries} == {kind}
            told = facts_of(provider, deliveries)
            assert provider.knows(kind) != (kind in provider.ignored), f"{kind}: handle it or ignore it"
            assert bool(told) == provider.knows(kind), kind
            assert all(_is_well_typed(fact) for fact in told)
            assert {fact.source for fact in told} <= {provider.slug}

    def test_no_invented_request_is_accepted(self, provider):
        genuine = recorded(provider)
        values = header_values() | st.sampled_from(sorted(genuine.headers.values()))

        @settings(max_examples=150, deadline=None)
        @given(headers=st.dictionaries(st.sampled_from(sorted(genuine.headers)), values), body=st.binary())
        def invent(headers, body):
            assume(body != genuine.body)
            assert is_refused(provider, genuine.having(body=body, headers={**genuine.headers, **headers}))
            assert is_refused(provider, genuine.having(body=body, headers=headers))

        invent()

    def test_no_signed_body_raises_anything_but_a_refusal(self, provider):
        payloads = [samples.sample(provider.slug, kind) for kind in kinds(provider)]

        @settings(max_examples=200, deadline=None)
        @given(payload=st.sampled_from(payloads).flatmap(spoilt))
        def send(payload):
            try:
                told = facts_of(provider, receive(provider, signed(provider, json.dumps(payload).encode())))
            except Refused:
                return
            assert all(_is_well_typed(fact) for fact in told)

        send()


def _is_well_typed(fact: facts.Fact) -> bool:
    """Whether this is one of our facts, each of its fields of the type it is declared to have."""
    ours = vars(facts).get(type(fact).__name__) is type(fact)
    return ours and all(isinstance(getattr(fact, field.name), field.type) for field in fields(fact))
