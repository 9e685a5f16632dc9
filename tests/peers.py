"""Peers to talk to over real HTTP: the sandbox in a thread, and a receiver of whatever it sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import httpx2
import pytest

from integrations.sandbox.app import build
from integrations.sandbox.server import listen, server

# Port 9 discards, and on a machine like this one refuses: webhooks that no test asked for go nowhere.
NOWHERE = "http://127.0.0.1:9"


class SandboxPeer:
    """The sandbox on a free port for as long as the context lasts. Webhooks go to `settings.PATCHBAY_URL`."""

    def __init__(self, state_file: Path | None = None) -> None:
        self._state_file = state_file

    def __enter__(self) -> "SandboxPeer":
        sock = listen("127.0.0.1", 0)
        self.address: tuple[str, int] = sock.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        # The socket listens already: whoever connects before the thread is ready just waits for it.
        self._server = server(build(public_url=self.url, state_file=self._state_file))
        self._thread = Thread(target=self._server.run, kwargs={"sockets": [sock]}, daemon=True)
        self._thread.start()
        # A connection for each request: some of them are cut.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(base_url=self.url, trust_env=False, verify=False, timeout=60, limits=limits)
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive(), "the sandbox did not end"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """What `/_control<path>` answers, as JSON, or None when the answer is empty; anything but success fails."""
        answer = self.ask(method, f"/_control{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Any request, whatever is answered; redirects are not followed."""
        return self._http.request(method, path, **options)


@dataclass(frozen=True)
class Received:
    """A request that came in; header names are lower-case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Takes POSTs on a free port: answers with the next of `statuses`, then with 200, and keeps them in order."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self._got: Queue[Received] = Queue()

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                receiver._got.put(Received(self.path, headers, body))

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, count: int = 1) -> list[Received]:
        """The next `count` requests, in order of arrival, waited for."""
        return [self._got.get(timeout=60) for _ in range(count)]

    def is_quiet(self, seconds: float = 0.3) -> bool:
        """Whether nothing more comes for a while."""
        try:
            self._got.get(timeout=seconds)
        except Empty:
            return True
        return False


@pytest.fixture(scope="session")
def sandbox_peer() -> Iterator[SandboxPeer]:
    """One sandbox for all tests; ask for `sandbox` in its place."""
    with SandboxPeer() as peer:
        yield peer


@pytest.fixture
def sandbox(sandbox_peer: SandboxPeer, settings: Any) -> Iterator[SandboxPeer]:
    """The sandbox as on its first day, with the settings pointed at it. Set `settings.PATCHBAY_URL` to get webhooks."""
    settings.SANDBOX_URL = sandbox_peer.url
    settings.PATCHBAY_URL = NOWHERE
    sandbox_peer.control("POST", "/reset")
    yield sandbox_peer
    sandbox_peer.control("POST", "/reset")


@pytest.fixture
def receiver(sandbox: SandboxPeer, settings: Any) -> Iterator[Receiver]:
    """Where the sandbox's webhooks go in this test."""
    with Receiver() as peer:
        settings.PATCHBAY_URL = peer.url
        yield peer
