"""The network under the HTTP client, every single operation of which ends when the deadline does.

The client's own timeouts start anew with each read: a vendor that sends one byte a second would hold us for ever.
"""

import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpcore2
import httpx2

from integrations.http import deadline
from integrations.http.processes import once_a_process

UNLIMITED = 3600.0


def bound(transport: httpx2.HTTPTransport) -> httpx2.HTTPTransport:
    """The same transport, held to `deadline.remaining()`."""
    pool: Any = transport._pool  # httpx2 has no public way to choose the network below it; its version is pinned
    pool._network_backend = Bounded(pool._network_backend)
    return transport


def _left(timeout: float | None) -> float:
    # Zero would mean "do not block" to a socket; the smallest wait times out just as well.
    return max(deadline.bounded(UNLIMITED if timeout is None else timeout), 0.001)


@once_a_process
def _resolvers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(16, thread_name_prefix="resolver")


def _resolved(host: str, port: int, until: float) -> list[str]:
    """The addresses of a name. The system's resolver knows no time limit: it is waited for, no longer than `until`."""
    resolving = _resolvers().submit(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = resolving.result(max(until - deadline.clock(), 0.001))
    except TimeoutError as error:
        resolving.cancel()  # one that has not begun: nobody waits for it any more
        raise httpcore2.ConnectTimeout(f"{host} was not resolved in time") from error
    except OSError as error:
        raise httpcore2.ConnectError(f"{host} cannot be resolved: {error}") from error
    return list(dict.fromkeys(str(address[4][0]) for address in found))


class Bounded(httpcore2.NetworkBackend):
    """Opens connections that keep to the deadline."""

    def __init__(self, backend: httpcore2.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        until = deadline.clock() + _left(timeout)
        addresses = _resolved(host, port, until)
        for place, address in enumerate(addresses):
            # One that drops what it is sent must leave time for those after it.
            share = max((until - deadline.clock()) / (len(addresses) - place), 0.001)
            try:
                return BoundedStream(self._backend.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if place == len(addresses) - 1:
                    raise
        raise httpcore2.ConnectError(f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore2.NetworkStream:
        return BoundedStream(self._backend.connect_unix_socket(path, _left(timeout), socket_options))

    def sleep(self, seconds: float) -> None:
        self._backend.sleep(min(seconds, _left(None)))


class BoundedStream(httpcore2.NetworkStream):
    """A connection that keeps to the deadline of whoever uses it at the moment."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
