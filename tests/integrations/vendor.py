"""A vendor to call: an HTTP server on this machine that answers, or fails, as it is told."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.topology import free_port

Act = Callable[["Handler"], None]


@dataclass
class Vendor:
    """Does the next thing of its script with each request, the last again and again; writes down what it was asked."""

    url: str
    script: list[Act] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    latest: Act = field(init=False)

    def answers(self, body: Any = b"{}", status: int = 200, headers: Mapping[str, str] | None = None) -> "Vendor":
        """Next, answer: `body` is bytes, or what is sent as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.does(lambda handler: handler.say(status, {"Content-Length": str(len(raw)), **(headers or {})}, raw))

    def breaks_off(self) -> "Vendor":
        """Next, send half of an answer and end the connection."""
        return self.does(lambda handler: handler.say(200, {"Content-Length": "100"}, b'{"id": '))

    def cuts(self) -> "Vendor":
        """Next, take the request and reset the connection."""
        return self.does(lambda handler: handler.reset())

    def hangs(self) -> "Vendor":
        """Next, take the request and say nothing until the test is over."""
        return self.does(lambda _handler: self.released.wait(120))

    def next_act(self) -> Act:
        """The next of the script; the last again when there is no other."""
        if self.script:
            self.latest = self.script.pop(0)
        return self.latest

    def does(self, act: Callable[["Handler"], Any]) -> "Vendor":
        self.script.append(act)
        return self


class Handler(BaseHTTPRequestHandler):
    """Reads the request whole, then does the next thing of the script."""

    vendor: Vendor

    def act(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.vendor.asked.append((self.command, self.path))
        self.close_connection = True
        self.vendor.next_act()(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = act  # noqa: N815  the names that http.server calls

    def say(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def reset(self) -> None:
        # Lingering for zero seconds makes the kernel send RST in place of an orderly end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, *_args: Any) -> None:
        """The tests' own report is enough."""


@contextmanager
def serving() -> Iterator[Vendor]:
    """A running vendor."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("ItsHandler", (Handler,), {}))
    vendor = Vendor(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass.vendor = vendor
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield vendor
    finally:
        vendor.released.set()
        server.shutdown()
        server.server_close()


def nobody() -> str:
    """An address on this machine where nobody listens."""
    return f"http://127.0.0.1:{free_port()}"
