"""Libraries that call vendors with `requests`, such as Anymail: their session sends through our own transport."""

from typing import Any

import requests
from requests.adapters import BaseAdapter

from integrations.http.transport import exchange


class Guarded(BaseAdapter):
    """Sends a session's requests through the pipeline; an answer that is no 2xx is raised as our own error."""

    def __init__(self, vendor: str, hallmark: str = "") -> None:
        super().__init__()
        self._vendor, self._hallmark = vendor, hallmark

    def send(  # type: ignore[override]  # the rest of its parameters are requests' own means, which ours replace
        self, request: requests.PreparedRequest, **_means: Any
    ) -> requests.Response:
        headers = {name: _text(value) for name, value in request.headers.items() if name.lower() != "content-length"}
        assert request.body is None or isinstance(request.body, bytes | str)  # Anymail streams nothing
        method, url = str(request.method), str(request.url)
        answer = exchange(self._vendor, method, url, headers, request.body, hallmark=self._hallmark)
        response = requests.Response()
        response.status_code, response.url, response.request = answer.status, url, request
        response.headers = requests.structures.CaseInsensitiveDict(answer.headers)
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing to close: the connections are shared."""


def guard(session: requests.Session, vendor: str, hallmark: str = "") -> requests.Session:
    """The session, all of whose requests go to `vendor` through the pipeline; `hallmark` as in `exchange`."""
    session.trust_env = False
    session.mount("https://", Guarded(vendor, hallmark))
    session.mount("http://", Guarded(vendor, hallmark))
    return session


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
