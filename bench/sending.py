"""How long messages to twenty endpoints take while another one answers, and while it hangs.

A process of its own: the job comes as JSON on standard input (seconds of each phase, and of the hanging), the latencies
of the twenty go as JSON, in seconds, to standard output.
"""

import asyncio
import json
import os
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

import django

WELL = 20
PAUSE = 0.25  # seconds between one message to each and the next
SETTLE = 2.0
PATIENCE = 60.0
TURNS = 4


class Receivers:
    """A server for all the endpoints; what is asked of `/odd` hangs while `hang` is above zero."""

    def __init__(self) -> None:
        self.received: dict[str, float] = {}
        self.hang = 0.0
        self._ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._ready.wait()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).decode():
                headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
                self.received.setdefault(headers["webhook-id"], time.time())
                await reader.readexactly(int(headers["content-length"]))
                await self._dawdle("/odd " in head)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def _dawdle(self, odd: bool) -> None:
        until = time.monotonic() + self.hang
        while odd and self.hang and time.monotonic() < until:
            await asyncio.sleep(0.05)


def main() -> None:
    job = json.load(sys.stdin)
    django.setup()
    from django.contrib.auth import get_user_model

    from webhooks.endpoints.engine import Engine
    from webhooks.models import Endpoint

    receivers, engine = Receivers(), Engine()
    owner = get_user_model().objects.create_user("bench@example.com")
    url = f"http://127.0.0.1:{receivers.port}"
    well = [Endpoint.objects.create(owner=owner, url=f"{url}/{place}", events=["*"]) for place in range(WELL)]
    odd = Endpoint.objects.create(owner=owner, url=f"{url}/odd", events=["*"])
    _sign([*well, odd])
    threading.Thread(target=engine.run, daemon=True).start()
    found: dict[str, list[float]] = {"quiet": [], "hanging": []}
    _phase(engine, receivers, well, odd, SETTLE)
    for _ in range(TURNS):
        for kind in found:
            receivers.hang = job["hang"] if kind == "hanging" else 0.0
            found[kind] += _phase(engine, receivers, well, odd, job[kind])
    engine.stop()
    print(json.dumps(found))


def _sign(endpoints: list[Any]) -> None:
    from django.utils import timezone

    from webhooks.endpoints import keys

    for endpoint in endpoints:
        keys.make(endpoint, timezone.now())


def _phase(engine: Any, receivers: Receivers, well: list[Any], odd: Any, seconds: float) -> list[float]:
    """The latencies of the twenty; the odd one's messages are forgotten at the end, and it is let go."""
    from webhooks.models import Endpoint, Message

    sent: dict[str, float] = {}
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        rows = [Message(endpoint=endpoint, name="order.paid", sample={"n": 1}) for endpoint in [*well, odd]]
        Message.objects.bulk_create(rows)
        now = time.time()
        sent |= {str(row.uid): now for row in rows[:-1]}
        engine.nudge()
        time.sleep(PAUSE)
    _wait(receivers, sent)
    receivers.hang = 0.0
    time.sleep(SETTLE)
    Message.objects.filter(endpoint=odd).delete()
    Endpoint.objects.update(failing_since=None, failures=0)
    return [receivers.received[uid] - began for uid, began in sent.items()]


def _wait(receivers: Receivers, sent: Mapping[str, float]) -> None:
    ends = time.monotonic() + PATIENCE
    while lost := sum(uid not in receivers.received for uid in sent):
        if time.monotonic() > ends:
            raise RuntimeError(f"{lost} of {len(sent)} messages did not arrive")
        time.sleep(0.1)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    main()
