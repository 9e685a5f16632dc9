"""What tests of the cache need: an origin, and a Redis of one's own that a test may kill."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from socket import create_server
from typing import Any

import pytest
import redis

from tests.integrations.origin import answering
from tests.services import need


@pytest.fixture
def start_redis(tmp_path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], str]]]:
    """Starts a Redis on a free port, or on the one named, and gives its process and its URL."""
    started = []

    def start(port: int = 0) -> tuple[subprocess.Popen[bytes], str]:
        if not port:
            with closing(create_server(("127.0.0.1", 0))) as free:
                port = free.getsockname()[1]
        command = ["redis-server", "--port", str(port), "--save", "", "--dir", str(tmp_path), "--loglevel", "warning"]
        try:
            process = subprocess.Popen([*command, "--bind", "127.0.0.1"], stdout=subprocess.PIPE)
        except FileNotFoundError as error:
            need("redis-server", str(error))
            raise
        started.append(process)
        url = f"redis://127.0.0.1:{port}/0"
        client = redis.Redis.from_url(url, retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 500))
        client.ping()
        client.close()
        return process, url

    yield start
    for process in started:
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def origin() -> Iterator[Any]:
    with answering() as origin:
        yield origin
