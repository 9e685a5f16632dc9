"""Reads that a vendor lets us keep: from the cache while they are fresh, else through the pipeline."""

from collections.abc import Mapping
from typing import Any

import httpx2

from integrations.http.cache import caching_client
from integrations.http.processes import once_a_process
from integrations.http.transport import Answer, exchange

# The body has been decoded and is whole: what described it on the wire is no longer true of it.
OF_THE_WIRE = ("content-encoding", "content-length", "transfer-encoding")


def read(vendor: str, url: str, headers: Mapping[str, str] | None = None, *, tenant: str, **how: Any) -> Answer:
    """The answer to a GET on behalf of `tenant`; `how` and the errors are those of `exchange`."""
    asked = {"tenant": tenant, "ask": (vendor, {"tenant": tenant, **how})}
    response = _client().get(url, headers=dict(headers or {}), extensions=asked)
    return Answer(response.status_code, response.headers, response.content)


class Through(httpx2.BaseTransport):
    """What the cache asks when it has to: the vendor, by way of the pipeline."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        vendor, how = request.extensions["ask"]
        answer = exchange(vendor, request.method, str(request.url), dict(request.headers), **how)
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in OF_THE_WIRE]
        return httpx2.Response(answer.status, headers=headers, content=answer.body)


@once_a_process
def _client() -> httpx2.Client:
    return caching_client(transport=Through())
