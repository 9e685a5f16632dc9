"""A customer's server on this machine: it answers as it is told and remembers what it was sent."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request; header names are lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What to answer; `before` is called first, and may wait."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"ok"
    before: Callable[[], Any] | None = None


class Receiver:
    """Answers in the order of `answers`, then `usual` for ever."""

    def __init__(self, usual: Answer | None = None) -> None:
        self.usual = usual or Answer()
        self.answers: deque[Answer] = deque()
        self.received: list[Received] = []
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        threading.Thread(target=self._server.serve_forever, daemon=True, args=(0.02,)).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, received: Received) -> Answer:
        with self._lock:
            self.received.append(received)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            return self.answers.popleft() if self.answers else self.usual

    def let_go(self) -> None:
        with self._lock:
            self.at_once -= 1


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receiver.take(Received(self.path, headers, body))
            try:
                if answer.before:
                    answer.before()
            finally:
                receiver.let_go()  # before it is answered: the sender's next request may be here at once
            try:
                self._answer(answer)
            except OSError:
                self.close_connection = True  # the sender has left: that is what some tests are about

        def _answer(self, answer: Answer) -> None:
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_args: Any) -> None:
            """Nothing: tests look at `received`."""

    return Handler


@contextmanager
def listening(usual: Answer | None = None) -> Iterator[Receiver]:
    """A receiver for as long as the block lasts."""
    receiver = Receiver(usual)
    try:
        yield receiver
    finally:
        receiver.close()
