"""What a call that goes wrong says of the vendor, and what it costs: names, addresses, haste, keys and queues."""

import threading
from concurrent.futures import Future

import httpcore2
import pytest

from integrations.errors import Permanent, RateLimited, Retryable
from integrations.http import deadline
from integrations.http.bounds import Bounded
from integrations.http.policy import Policy, grant
from integrations.http.state import state_of
from integrations.http.transport import Answer, exchange
from tests.clocks import quickest
from tests.integrations.vendor import nobody

TWO = [(2, 1, 6, "", ("a", 1)), (2, 1, 6, "", ("b", 1))]


def call(url: str, method: str = "GET", **options: object) -> Answer:
    return exchange("vendor", method, f"{url}/v1/things", **options)


def test_a_name_that_is_not_resolved_in_time_is_given_up(monkeypatch):
    released = threading.Event()
    monkeypatch.setattr("integrations.http.bounds.socket.getaddrinfo", lambda *_args, **_kwargs: released.wait(60))

    def bounded():
        with deadline.within(0.2), pytest.raises(Retryable, match="cannot be reached"):
            call("http://slow.example")

    least = quickest(bounded, 0.25)
    released.set()
    assert least < 0.25


def test_every_address_of_a_name_is_tried(vendor, monkeypatch):
    vendor.answers(b"{}")
    port = vendor.url.rpartition(":")[2]
    both = [(2, 1, 6, "", ("127.0.0.9", int(port))), (2, 1, 6, "", ("127.0.0.1", int(port)))]
    monkeypatch.setattr("integrations.http.bounds._resolvers", lambda: Resolver(both))
    assert call(f"http://vendor.example:{port}").body == b"{}"


def test_the_addresses_of_a_name_share_the_time_there_is(monkeypatch):
    monkeypatch.setattr("integrations.http.bounds._resolvers", lambda: Resolver(TWO))
    asked = []

    class Deaf:
        def connect_tcp(self, host, _port, timeout, *_rest):
            asked.append((host, round(timeout, 1)))
            raise httpcore2.ConnectTimeout

    with deadline.within(10), pytest.raises(httpcore2.ConnectTimeout):
        Bounded(Deaf()).connect_tcp("vendor.example", 443, timeout=4.0)
    assert asked == [("a", 2.0), ("b", 4.0)]


class Resolver:
    """Knows one name."""

    def __init__(self, found):
        self.found = found

    def submit(self, *_question, **_kind):
        future = Future()
        future.set_result(self.found)
        return future


def test_callers_in_haste_do_not_open_the_circuit_for_the_patient(vendor):
    vendor.hangs()
    for _ in range(12):
        with deadline.within(0.02), pytest.raises(Retryable):
            call(vendor.url, "POST")
    assert (state_of("vendor").look().state, state_of("vendor").look().failures) == ("closed", 0)


class Absent:
    """Credentials that cannot be had now."""

    def headers(self):
        raise Retryable("the token endpoint is away")

    def renew(self, _refused):
        return False


def test_credentials_that_cannot_be_had_cost_the_vendor_nothing(vendor):
    with pytest.raises(Retryable, match="token endpoint"):
        call(vendor.url, auth=Absent())
    assert vendor.asked == []
    look = state_of("vendor").look()
    assert (look.calls, look.failures, look.tokens) == (0, 0, 6.0)


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer a\nb"}, {"Authorization": "Bearer ü€"}])
def test_what_cannot_be_sent_is_our_own_fault_and_says_nothing_about_the_vendor(vendor, headers):
    with pytest.raises(Permanent, match="cannot be sent") as caught:
        call(vendor.url, headers=headers)
    assert "Bearer" not in str(caught.value)
    assert vendor.asked == []
    assert state_of("vendor").look().failures == 0


def test_a_call_that_finds_the_queue_full_is_refused_at_once_and_spends_no_retry(pauses):
    grant("crowded", Policy(rate=0.5, burst=1, waiting=0))
    with pytest.raises(Retryable):
        exchange("crowded", "POST", nobody())
    pauses.clear()
    left = state_of("crowded").look().tokens
    with pytest.raises(RateLimited, match="too many calls wait"):
        exchange("crowded", "GET", nobody())
    assert state_of("crowded").look().tokens == left
    assert pauses == []
