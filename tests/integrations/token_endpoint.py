"""A vendor's token endpoint over real HTTP: it rotates refresh tokens, and revokes the grant when one comes twice."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from integrations.http.grants import Client


class TokenEndpoint:
    """Grants `access-1`, `access-2`… and `refresh-1`, `refresh-2`…; `slow` seconds pass before each answer."""

    def __init__(self) -> None:
        self.url = ""
        self.slow = 0.0
        self.life: Any = 3600
        self.asked: list[dict[str, str]] = []
        self.heads: list[dict[str, str]] = []
        self.script: list[tuple[int, Any]] = []  # what to answer in place of a grant, first come first served
        self.good = "refresh-0"
        self.revoked = False
        self.reached = threading.Event()
        self.held: threading.Event | None = None  # while set and not released, requests get no answer
        self._lock = threading.Lock()

    def client(self, **changes: Any) -> Client:
        known = {"vendor": "acme", "url": self.url, "client_id": "us", "client_secret": "s3cret/+"}
        return Client(**(known | changes))

    def answer(self, head: dict[str, str], form: dict[str, str]) -> tuple[int, Any]:
        with self._lock:
            self.asked.append(form)
            self.heads.append(head)
            number = len(self.asked)
            scripted = self.script.pop(0) if self.script else None
            answer = scripted or self._granted(form, number)
        self.reached.set()
        if self.held:
            self.held.wait(120)
        if self.slow:
            threading.Event().wait(self.slow)
        return answer

    def _granted(self, form: dict[str, str], number: int) -> tuple[int, Any]:
        grant = {"access_token": f"access-{number}", "token_type": "bearer", "expires_in": self.life}
        if form["grant_type"] == "client_credentials":
            return 200, grant
        if self.revoked or form["refresh_token"] != self.good:
            self.revoked = True
            return 400, {"error": "invalid_grant", "error_description": f"reused {form['refresh_token']}"}
        self.good = f"refresh-{number}"
        return 200, grant | {"refresh_token": self.good}


@contextmanager
def granting() -> Iterator[TokenEndpoint]:
    """A running token endpoint."""
    endpoint = TokenEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            head = {name.lower(): value for name, value in self.headers.items()}
            status, said = endpoint.answer(head, {name: values[0] for name, values in form.items()})
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True  # the caller was killed, which some tests do

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/token"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield endpoint
    finally:
        if endpoint.held:
            endpoint.held.set()
        server.shutdown()
        server.server_close()


def basic(head: dict[str, str]) -> str:
    """The pair in a Basic header."""
    return base64.b64decode(head["authorization"].removeprefix("Basic ")).decode()
