"""A vendor whose answers may be kept: a real HTTP server that answers by a function and shows what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import httpx2


@contextmanager
def answering() -> Iterator[Any]:
    """A real origin: `reply(request)` gives status, headers and body; `asked` are the requests that came."""
    origin = SimpleNamespace(asked=[], reply=lambda _request: (200, {}, b""))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # one write an answer: two would wait for each other's acknowledgement

        def do(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            origin.asked.append(SimpleNamespace(headers=self.headers, command=self.command))
            status, headers, body = origin.reply(self)
            self.send_response_only(status)
            for name, value in {"Date": formatdate(usegmt=True), "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)
            self.close_connection = self.close_connection or int(headers.get("Content-Length", 0)) > len(body)

        do_GET = do_POST = do_HEAD = do  # noqa: N815  the names that http.server calls

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    origin.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield origin
    server.shutdown()
    server.server_close()


def says(body: bytes = b"body", status: int = 200, **headers: str) -> Callable[[Any], Any]:
    """A `reply` that is always the same; `cache_control` is `Cache-Control`."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return lambda _request: (status, named, body)


def hit(answer: httpx2.Response) -> bool:
    """Whether the cache answered."""
    return answer.extensions["caching"]["from_cache"]
