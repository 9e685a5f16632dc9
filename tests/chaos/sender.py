"""A vendor that sends at full rate, and sends again whatever was not answered with 2xx."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable

CONNECTIONS = 32
AGAIN_AFTER = 0.1  # seconds; a vendor waits for minutes
PATIENCE = 15.0  # seconds for an answer


class Sender:
    """Sends requests by their number; `acknowledged` are those that were answered with 2xx, `answers` all that came."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.acknowledged: set[int] = set()
        self.answers: Counter[str] = Counter()

    async def send(self, requests: Iterable[tuple[int, bytes]]) -> None:
        """Return when each is acknowledged."""
        waiting = deque(requests)
        await asyncio.gather(*(self._connection(waiting) for _ in range(CONNECTIONS)))

    async def _connection(self, waiting: deque[tuple[int, bytes]]) -> None:
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while waiting:
            number, request = waiting.popleft()
            try:
                stream = stream or await asyncio.open_connection("127.0.0.1", self._port)
                answer = await asyncio.wait_for(_exchange(*stream, request), PATIENCE)
            except (OSError, EOFError, TimeoutError):
                # Nobody can tell whether it was stored: it is sent again.
                answer = "none"
                if stream:
                    stream[1].close()
                stream = None
            self.answers[answer] += 1
            if answer.startswith("2"):
                self.acknowledged.add(number)
            else:
                waiting.append((number, request))
                await asyncio.sleep(AGAIN_AFTER)
        if stream:
            stream[1].close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> str:
    writer.write(request)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return head[9:12].decode()
