"""A name is resolved once, every answer is checked, and no other address is ever connected to."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpcore2
import httpx2
import pytest

from tests.webhooks.endpoints.certificates import contexts
from tests.webhooks.endpoints.receiver import Answer, Receiver, listening
from webhooks.endpoints import network as networks
from webhooks.endpoints.network import Blocked, Pinned, Unresolved, client, system_resolver

PUBLIC = "93.184.215.14"


class Recording(httpcore2.AsyncNetworkBackend):
    """Connects nowhere, and remembers where it was to."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.patience: list[float | None] = []

    async def connect_tcp(self, host: str, _port: int, timeout: float | None = None, *_args: Any) -> Any:
        self.asked.append(host)
        self.patience.append(timeout)
        raise httpcore2.ConnectError("nobody is there")


class Changing:
    """A name server whose answer is another each time it is asked."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


def connect(resolve: Changing, times: int = 1) -> tuple[list[str], list[Exception]]:
    """The addresses that were connected to, and how each connection failed."""
    backend, errors = Recording(), []
    pinned = Pinned(resolve, backend)
    for _ in range(times):
        try:
            asyncio.run(pinned.connect_tcp("shop.example", 443))
        except (httpcore2.ConnectError, Blocked, Unresolved) as error:
            errors.append(error)
    return backend.asked, errors


@pytest.fixture(autouse=True)
def _production(settings: Any) -> None:
    settings.ENDPOINT_NETWORKS = []


def test_the_address_that_was_checked_is_the_one_that_is_connected_to() -> None:
    resolve = Changing([PUBLIC], ["127.0.0.1"])
    assert connect(resolve)[0] == [PUBLIC]
    assert resolve.asked == 1


def test_a_name_that_is_public_at_first_is_refused_once_it_is_not() -> None:
    asked, errors = connect(Changing([PUBLIC], ["169.254.169.254"], ["::ffff:10.0.0.1"]), times=3)
    assert asked == [PUBLIC]
    assert [type(error) for error in errors] == [httpcore2.ConnectError, Blocked, Blocked]
    assert "169.254.169.254, which is link-local" in str(errors[1])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_bad_address_spoils_the_name_wherever_it_stands(place: int) -> None:
    answers = [PUBLIC, "8.8.8.8"]
    answers.insert(place, "10.0.0.5")
    asked, errors = connect(Changing(answers))
    assert asked == []
    assert isinstance(errors[0], Blocked)


def test_every_good_address_is_tried_before_it_is_given_up() -> None:
    assert connect(Changing([PUBLIC, "8.8.8.8"]))[0] == [PUBLIC, "8.8.8.8"]


def test_an_address_that_swallows_everything_leaves_time_for_the_next() -> None:
    backend = Recording()
    with pytest.raises(httpcore2.ConnectError):
        asyncio.run(Pinned(Changing([PUBLIC, "8.8.8.8", "9.9.9.9"]), backend).connect_tcp("shop.example", 443))
    assert backend.patience == [networks.FIRST, networks.FIRST, None]


def test_names_that_hang_leave_resolvers_for_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what is under way may be failing, and a thread goes on asking after its try has ended."""
    go, slots = threading.Event(), 200
    asked = Counter()

    def addresses(host: str, _port: int) -> list[str]:
        asked[host] += 1
        if host == "hangs.example":
            go.wait(120)
        return [PUBLIC]

    monkeypatch.setattr(networks, "addresses_of", addresses)

    async def ask() -> list[str]:
        resolve = system_resolver(slots)
        hanging = [asyncio.ensure_future(resolve("hangs.example", 443)) for _ in range(slots // 2)]
        try:
            return await asyncio.wait_for(resolve("shop.example", 443), 60)
        finally:
            go.set()
            await asyncio.gather(*hanging)

    assert asyncio.run(ask()) == [PUBLIC]
    assert asked["hangs.example"] == slots // 2


def test_a_name_without_addresses_leads_nowhere() -> None:
    assert isinstance(connect(Changing([]))[1][0], Unresolved)


def test_a_name_that_nobody_knows_is_told_to_be_unknown() -> None:
    with pytest.raises(Unresolved, match="cannot be resolved"):
        asyncio.run(system_resolver()("no-such-host.invalid", 443))


def post(url: str, resolve: Any = None) -> httpx2.Response:
    async def send() -> httpx2.Response:
        async with client(resolve or system_resolver(), 5) as http:
            return await http.post(url, content=b"{}")

    return asyncio.run(send())


def test_the_systems_resolver_is_not_asked_a_second_time(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Rebinding through the very functions that Python connects with: 127.0.0.2 plays the public address."""
    settings.ENDPOINT_NETWORKS = ["127.0.0.2/32"]
    calls, real = [], socket.getaddrinfo

    def rebinding(host: Any, *args: Any, **options: Any) -> Any:
        if host != "shop.example":
            return real(host, *args, **options)
        calls.append(host)
        return real("127.0.0.2" if len(calls) == 1 else "127.0.0.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("webhooks.endpoints.targets.getaddrinfo", rebinding)
    with listening() as inside:
        for _ in range(3):
            with pytest.raises((Blocked, httpx2.ConnectError)):
                post(f"http://shop.example:{inside.port}/hooks")
        assert inside.received == []
    assert len(calls) == 3  # once a connection


def test_what_listens_inside_never_hears_of_an_endpoint_that_leads_there(receiver: Receiver) -> None:
    for host in ("127.0.0.1", "localhost", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0.0.0.0", "0"):
        with pytest.raises(Blocked):
            post(f"http://{host}:{receiver.port}/hooks")
    assert receiver.received == []


def test_a_redirect_is_an_answer_and_leads_nowhere(receiver: Receiver, settings: Any) -> None:
    settings.ENDPOINT_NETWORKS = ["127.0.0.1/32"]
    with listening() as inside:
        receiver.usual = Answer(307, {"Location": inside.url})
        assert post(receiver.url).status_code == 307
        assert inside.received == []


def test_no_proxy_of_the_environment_is_used(
    receiver: Receiver, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENDPOINT_NETWORKS = ["127.0.0.1/32"]
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert post(receiver.url).status_code == 200


@pytest.fixture
def greeting(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str | None]]]:
    """A TLS server for `shop.example`, trusted; its port, and the names it was greeted with."""
    server, trusting = contexts(tmp_path)
    monkeypatch.setattr(httpcore2, "default_ssl_context", lambda **_options: trusting)
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    plain, _ = door.accept()
                    with server.wrap_socket(plain, server_side=True) as secure:
                        heard = b""
                        while not heard.endswith(b"{}"):  # to close with something unread is to reset the connection
                            heard += secure.recv(65536) or b"{}"
                        names.append(heard.decode().split("Host: ")[1].split("\r\n")[0])
                        secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                except (OSError, IndexError):
                    if door.fileno() < 0:
                        return

        threading.Thread(target=serve, daemon=True).start()
        yield door.getsockname()[1], names


def test_tls_and_the_host_header_go_by_the_name(greeting: tuple[int, list[str | None]], settings: Any) -> None:
    settings.ENDPOINT_NETWORKS = ["127.0.0.1/32"]
    port, names = greeting
    assert post(f"https://shop.example:{port}/", Changing(["127.0.0.1"])).status_code == 200
    assert names == ["shop.example", f"shop.example:{port}"]


def test_a_certificate_for_another_name_is_not_accepted(greeting: tuple[int, list[str | None]], settings: Any) -> None:
    settings.ENDPOINT_NETWORKS = ["127.0.0.1/32"]
    port, names = greeting
    with pytest.raises(httpx2.ConnectError, match="certificate"):
        post(f"https://other.example:{port}/", Changing(["127.0.0.1"]))
    assert names == ["other.example"]
