"""`python -m bench.vendor --port N`: Stripe's API as far as the benchmarks ask it, every answer after 100 ms.

Headers and body leave in one write: two would wait for each other's acknowledgement, as no real vendor makes us.
"""

import argparse
import asyncio
import json
import os
from typing import Any, cast

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import uvloop

LATENCY = 0.1


def answers() -> dict[str, Any]:
    """What is found at the beginning of a path."""
    import django

    django.setup()
    from bench.events import payments

    account = {"id": "acct_bench", "object": "account", "livemode": False, "created": 1, "type": "standard"}
    # Nothing hangs on a payment that dj-stripe would ask for as well.
    alone = [payment | {"payment_method": None, "latest_charge": None} for payment in payments()]
    return {"/v1/account": account, **{f"/v1/payment_intents/{payment['id']}": payment for payment in alone}}


class Vendor(asyncio.Protocol):
    """One connection: whole requests without bodies, answered one after the other."""

    def __init__(self, known: dict[str, Any]) -> None:
        self._known, self._received = known, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            asyncio.get_running_loop().call_later(LATENCY, self._answer, path)

    def _answer(self, path: str) -> None:
        found = next((thing for start, thing in self._known.items() if path.startswith(start)), None)
        body = json.dumps(found or {"error": {"type": "invalid_request_error", "message": path}}).encode()
        status = "200 OK" if found else "404 Not Found"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def serve(port: int) -> None:
    known = answers()
    server = await asyncio.get_running_loop().create_server(lambda: Vendor(known), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))
