"""A fork's child has sockets and threads of its own, and reaches the vendor as its parent does."""

import os
import socket
import threading
import traceback
from collections.abc import Callable

import pytest

from integrations.http import bounds, reads, transport
from tests.clocks import eventually


def in_a_child(work: Callable[[], object]) -> int:
    """The exit code of a child that does the work."""
    child = os.fork()
    if not child:
        code = 1
        try:
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_resolves_names_although_its_parents_threads_are_gone():
    def resolve() -> None:
        assert bounds._resolved("localhost", 80, bounds.deadline.clock() + 5)

    resolve()  # the parent has a resolver that waits for work
    assert in_a_child(resolve) == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("client", [transport._client, reads._client], ids=["calls", "reads"])
def test_a_child_has_connections_of_its_own(client):
    mine = client()

    def work() -> None:
        assert client() is not mine

    assert in_a_child(work) == 0
    assert client() is mine


def test_names_that_nobody_waits_for_any_more_are_not_resolved(monkeypatch):
    released, asked = threading.Event(), []

    def hang(host: str, *_args: object, **_kwargs: object) -> list[object]:
        asked.append(host)
        released.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    busy = [bounds._resolvers().submit(hang, "busy") for _ in range(16)]
    eventually(lambda: len(asked) == 16, "every resolver is busy")
    with pytest.raises(bounds.httpcore2.ConnectTimeout):
        bounds._resolved("late.example", 443, bounds.deadline.clock() + 0.01)
    released.set()
    for one in busy:
        one.result(60)
    assert bounds._resolvers().submit(lambda: "done").result(60) == "done"
    assert "late.example" not in asked
