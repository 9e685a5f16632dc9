"""Pushes to repositories, signed as GitHub signs them and spelled out as HTTP requests."""

import json
import secrets
from datetime import UTC, datetime

from integrations.sandbox.samples import sample
from integrations.sandbox.signing import sign

REPOSITORIES = 200


class Pushes:
    """Numbered pushes of one run: the head commit of each names it, in the request and in the effect."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(6)
        self._body = sample("github", "push")

    def head(self, number: int) -> str:
        return f"{self._run}{number:08}"

    def request(self, number: int, pusher: str = "ada") -> bytes:
        """`POST /webhooks/github` as it goes over the wire; the same number is the same delivery."""
        repository = {**self._body["repository"], "full_name": f"chaos/{number % REPOSITORIES}"}
        changed = {"after": self.head(number), "repository": repository, "pusher": {"name": pusher}}
        body = json.dumps({**self._body, **changed}).encode()
        signed = sign("github", body, kind="push", now=datetime.now(UTC), delivery=self.head(number))
        headers = {**signed, "Host": "127.0.0.1", "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST /webhooks/github HTTP/1.1\r\n{lines}\r\n".encode() + body
