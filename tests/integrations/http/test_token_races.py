"""Many callers, one token: single flight across threads and processes, also when one of them is killed."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.models.functions import Now

from integrations.errors import Reconnect, Retryable
from integrations.http import tokenrows
from integrations.http.tokens import OAuth
from integrations.models import ProviderToken
from tests.integrations.token_endpoint import granting
from tests.services import again_on

pytestmark = pytest.mark.django_db(transaction=True)

# Django is loaded once, and the processes are forked from there: they share the database, and nothing else.
PROCESSES = """
import os, sys
from threading import Barrier, Thread
import django
django.setup()
from integrations.http.grants import Client
from integrations.http.tokens import OAuth
auth = OAuth(Client(vendor="acme", url=sys.argv[1], client_id="us", client_secret="s", grant=sys.argv[2]), patience=60)
first = os.getpid()
for _ in range(int(sys.argv[3]) - 1):
    os.getpid() == first and os.fork()
os.write(1, b"ready\\n")
os.read(0, 1)
together, got = Barrier(5), []
def call():
    together.wait()
    got.append(auth.headers()["Authorization"])
threads = [Thread(target=call) for _ in range(5)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
os.write(1, (" ".join(got) + "\\n").encode())
os.getpid() == first and [os.wait() for _ in range(int(sys.argv[3]) - 1)]
"""


@pytest.fixture
def endpoint():
    with granting() as endpoint:
        yield endpoint


def at_once(count, call):
    """What `count` threads get that start together; an exception is what it got."""
    together = Barrier(count)

    def one(number):
        together.wait()
        try:
            return call(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def start(endpoint, count, grant="client_credentials", **environment):
    """So many processes on the same database, each of which waits for a word before it makes five calls at once."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROCESSES, endpoint.url, grant, str(count)],
        env=os.environ | {"DATABASE_URL": _database(), "SECRET_KEY": settings.SECRET_KEY} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert [process.stdout.readline() for _ in range(count)] == ["ready\n"] * count
    return process


def _database():
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{known['NAME']}"
    return f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


def tell(process, count):
    process.stdin.write("!" * count)
    process.stdin.flush()


def what_they_get(process):
    """The words of each, after all of them were told."""
    tell(process, 4)
    return [line.split() for line in process.communicate(timeout=120)[0].splitlines()]


def test_twenty_threads_with_an_expired_token_make_one_request(endpoint):
    auth = OAuth(endpoint.client(), patience=60)
    auth.headers()
    ProviderToken.objects.update(refresh_at=Now(), expires_at=Now())
    endpoint.slow = 0.2
    assert at_once(20, lambda _: auth.headers()["Authorization"]) == ["Bearer access-2"] * 20
    assert len(endpoint.asked) == 2


def test_four_processes_of_five_threads_make_one_request(endpoint):
    processes = start(endpoint, 4)
    endpoint.slow = 0.2
    assert what_they_get(processes) == [["Bearer", "access-1"] * 5] * 4
    assert len(endpoint.asked) == 1


def test_four_processes_never_use_a_refresh_token_twice(endpoint):
    tokenrows.connect("acme", refresh_token="refresh-0")
    processes = start(endpoint, 4, "refresh_token")
    endpoint.slow = 0.1
    assert what_they_get(processes) == [["Bearer", "access-1"] * 5] * 4
    assert [form["refresh_token"] for form in endpoint.asked] == ["refresh-0"]


def test_rotation_under_constant_expiry_uses_each_refresh_token_once(endpoint):
    """Twenty threads for whom every token is due at once: the endpoint revokes the grant if one comes twice."""
    endpoint.life = 1
    tokenrows.connect("acme", refresh_token="refresh-0")
    auth = OAuth(endpoint.client(grant="refresh_token"), patience=60)

    def call(_):
        for _ in range(3):
            auth.headers()
            ProviderToken.objects.update(refresh_at=Now(), expires_at=Now())

    assert at_once(20, call) == [None] * 20
    used = [form["refresh_token"] for form in endpoint.asked]
    assert len(used) == len(set(used)) > 1
    assert not endpoint.revoked


def test_a_storm_of_401_makes_one_refresh_and_everybody_goes_on_with_the_new_token(endpoint):
    auth = OAuth(endpoint.client(), patience=60)
    old = auth.headers()
    ProviderToken.objects.update(granted_at=Now() - timedelta(minutes=1))
    endpoint.slow = 0.1

    def call(_):
        return auth.renew(old), auth.headers()["Authorization"]

    assert at_once(20, call) == [(True, "Bearer access-2")] * 20
    assert len(endpoint.asked) == 2


def test_a_lost_grant_is_asked_about_once_by_all(endpoint):
    tokenrows.connect("acme", refresh_token="stolen")
    auth = OAuth(endpoint.client(grant="refresh_token"), patience=60)
    assert {type(error) for error in at_once(20, lambda _: auth.headers())} == {Reconnect}
    assert len(endpoint.asked) == 1


def test_a_dead_endpoint_is_asked_by_one_for_all(endpoint, monkeypatch):
    monkeypatch.setattr(tokenrows, "backoff", lambda *_args, **_options: timedelta(minutes=1))  # long enough for all
    endpoint.script = [(503, b"")] * 60
    auth = OAuth(endpoint.client(), patience=60)
    assert {type(error) for error in at_once(20, lambda _: auth.headers())} == {Retryable}
    assert len(endpoint.asked) == 3, "the tries of one call"


def test_whoever_is_killed_in_the_middle_of_a_refresh_costs_a_lease(endpoint):
    endpoint.held = Event()
    doomed = start(endpoint, 1, PATCHBAY_LEASE_SECONDS="0.7")
    tell(doomed, 1)
    assert endpoint.reached.wait(60)
    doomed.kill()
    doomed.wait(60)
    assert ProviderToken.objects.get().lease
    endpoint.held.set()
    assert OAuth(endpoint.client(), patience=60).headers() == {"Authorization": "Bearer access-2"}
    assert len(endpoint.asked) == 2


def test_while_one_renews_ahead_of_time_nobody_waits(endpoint):
    auth = OAuth(endpoint.client(), patience=60)
    auth.headers()
    ProviderToken.objects.update(refresh_at=Now())
    endpoint.reached.clear()
    endpoint.held = Event()
    with ThreadPoolExecutor(1) as pool:
        renewing = pool.submit(lambda: (auth.headers(), connections.close_all())[0])
        assert endpoint.reached.wait(60)
        assert auth.headers() == {"Authorization": "Bearer access-1"}
        endpoint.held.set()
        assert renewing.result() == {"Authorization": "Bearer access-2"}


@pytest.mark.services
def test_the_races_end_the_same_on_postgresql(postgresql):
    assert "9 passed" in again_on(postgresql, __file__, "-k", "not postgresql")
