"""The benchmark's load generator, held to its word against a server that counts."""

import asyncio
import json
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest

from bench import drain, pgbench, servers, volume
from bench.load import Job, Outcome, post

ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood",
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
    b"",  # the connection is cut instead
]


async def _post_to_a_server(requests: list[bytes], pace: float = 0) -> tuple[Outcome, list[bytes]]:
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
        return await post(Job(port, seconds=5, connections=2, pace=pace), requests), received


def test_every_request_is_sent_once_and_every_answer_counted_once() -> None:
    """Only a 200 is an acknowledgement; a refusal and a cut connection are told apart from it."""
    outcome, received = asyncio.run(_post_to_a_server([f"{number}\n".encode() for number in range(6)]))
    assert len(received) == len(set(received))
    assert outcome.acknowledged == outcome.statuses["200"] == 2
    assert sum(outcome.statuses.values()) == len(received)


def test_with_a_pace_requests_leave_at_even_distances(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_bench.ANSWERS", ANSWERS[:1])
    outcome, received = asyncio.run(_post_to_a_server([f"{number}\n".encode() for number in range(8)], pace=40))
    assert len(received) == 8
    assert outcome.elapsed >= 8 / 40


@pytest.mark.services
def test_a_database_is_filled_to_the_row_and_has_its_indexes_afterwards(postgresql: str) -> None:
    servers.run(["manage.py", "migrate", "-v0"], {"DATABASE_URL": postgresql, "PATCHBAY_SANDBOX": "1"})
    with psycopg.connect(postgresql, autocommit=True) as connection:
        names = "SELECT indexname FROM pg_indexes WHERE tablename = 'webhooks_delivery' ORDER BY 1"
        before = connection.execute(names).fetchall()
        volume.fill(postgresql, 300)
        assert connection.execute(names).fetchall() == before
        assert connection.execute("SELECT count(*) FROM webhooks_delivery").fetchone() == (300,)
        assert connection.execute("SELECT count(*) FROM webhooks_contents").fetchone() == (300,)
        assert connection.execute("SELECT count(*) FROM webhooks_contents_default").fetchone() == (0,)


@pytest.mark.services
def test_the_yardstick_inserts_one_row_a_transaction_with_the_bytes_of_a_webhook(postgresql: str, tmp_path) -> None:
    if not pgbench.command():
        pytest.skip("pgbench is not there")
    servers.run(["manage.py", "migrate", "-v0"], {"DATABASE_URL": postgresql, "PATCHBAY_SANDBOX": "1"})
    inserts = pgbench.Inserts(postgresql, tmp_path / "insert.sql")
    inserts.compete(1)
    with psycopg.connect(postgresql) as connection:
        stored = connection.execute("SELECT count(*), min(length(body)) FROM bench_delivery").fetchone()
    assert stored is not None
    assert inserts.rate * 0.5 <= stored[0] <= inserts.rate * 2
    assert stored[1] > 1000


@pytest.mark.services
@pytest.mark.parametrize("name", drain.CONTESTANTS)
def test_a_worker_is_timed_from_its_first_delivery_to_its_last(
    services: dict[str, str], tmp_path: Path, name: str
) -> None:
    own = {"PATCHBAY_QUEUE": f"bench-{token_hex(6)}", "PATCHBAY_VAR": str(tmp_path)}
    environment = {**services, **own, "PATCHBAY_SANDBOX": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    servers.run(["manage.py", "migrate", "-v0"], environment)
    took = json.loads(servers.run(["-m", "bench.drain.worker", name, "20"], environment))
    assert took["count"] == 20
    assert took["cpu"] > 0
    assert took["wall"] > 0
