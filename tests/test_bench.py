"""The benchmark's load generator, held to its word against a server that counts."""

import asyncio

from bench.load import Job, Outcome, post

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
    b"",  # the connection is cut instead
]


async def _post_to_a_server(requests: list[bytes]) -> tuple[Outcome, list[bytes]]:
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            answer = ANSWERS[len(received) % len(ANSWERS)]
            received.append(line)
            for part in (answer[:9], answer[9:]):
                writer.write(part)
                await writer.drain()
            if not answer:
                break
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        return await post(Job(port, seconds=5, connections=2), requests), received


def test_every_request_is_sent_once_and_every_answer_counted_once() -> None:
    """Only a 200 is an acknowledgement; a refusal and a cut connection are told apart from it."""
    outcome, received = asyncio.run(_post_to_a_server([f"{number}\n".encode() for number in range(6)]))
    assert len(received) == len(set(received))
    assert outcome.acknowledged == outcome.statuses["200"] == 2
    assert sum(outcome.statuses.values()) == len(received)
