"""A read that the vendor lets us keep costs it one request while it is fresh, and each credential has its own."""

import pytest

from integrations.errors import CircuitOpen, NotFound
from integrations.http import reads
from integrations.http.state import state_of
from integrations.http.states import Mode

ANN, BEN = {"Authorization": "Bearer ann"}, {"Authorization": "Bearer ben"}


@pytest.fixture(autouse=True)
def _an_empty_cache() -> None:
    reads._client.cache_clear()


def test_a_fresh_answer_is_not_asked_for_again_and_nobody_else_sees_it(vendor):
    vendor.answers(b'{"of": "ann"}', headers={"Cache-Control": "max-age=60"})
    vendor.answers(b'{"of": "ben"}', headers={"Cache-Control": "max-age=60"})
    bodies = [reads.read("vendor", vendor.url, who, tenant="t").body for who in (ANN, ANN, BEN, BEN)]
    assert bodies == [b'{"of": "ann"}'] * 2 + [b'{"of": "ben"}'] * 2
    assert len(vendor.asked) == 2


def test_what_is_no_longer_fresh_is_asked_after_and_may_be_unchanged(vendor):
    vendor.answers(b"{}", headers={"Cache-Control": "no-cache", "ETag": '"1"'}).answers(b"", 304, {"ETag": '"1"'})
    assert [reads.read("vendor", vendor.url, ANN, tenant="t").body for _ in range(2)] == [b"{}", b"{}"]
    assert len(vendor.asked) == 2


def test_what_may_not_be_kept_goes_through_the_pipeline_each_time(vendor):
    vendor.answers(b"{}", 503).answers(b'{"n": 1}').answers(b'{"n": 2}')
    assert [reads.read("vendor", vendor.url, ANN, tenant="t").body for _ in range(2)] == [b'{"n": 1}', b'{"n": 2}']


def test_an_error_stays_the_error_that_says_what_to_do(vendor):
    vendor.answers(b"{}", 404)
    with pytest.raises(NotFound):
        reads.read("vendor", vendor.url, ANN, tenant="t")


def test_a_fresh_answer_serves_while_the_circuit_is_open(vendor):
    vendor.answers(b"{}", headers={"Cache-Control": "max-age=60"})
    reads.read("vendor", vendor.url, ANN, tenant="t")
    state_of("vendor").order(Mode.OPEN)
    assert reads.read("vendor", vendor.url, ANN, tenant="t").body == b"{}"
    with pytest.raises(CircuitOpen):
        reads.read("vendor", vendor.url, BEN, tenant="t")
