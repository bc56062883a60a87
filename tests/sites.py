"""Web sites on loopback that say what a test makes them say, and a network that leads to them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from pipelines import fetch as fetching
from pipelines.errors import InputError
from pipelines.fetch import fetch
from pipelines.limits import Limits

QUICK = Limits(fetch_seconds=1)
MAX_BYTES = 100_000
INTERNET = fetching._Network()
Serve = Callable[[socket.socket, bytes], None]


@contextmanager
def server(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A loopback server that hands each connection and its request to `serve`; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[socket.socket] = []

    def answer() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connections.append(connection)
            with suppress(OSError):
                connection.settimeout(5)
                if tls:
                    connection = tls.wrap_socket(connection, server_side=True)
                    connections.append(connection)
                serve(connection, connection.recv(65_536))
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        for one in (listener, *connections):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        thread.join(5)


def says(*parts: bytes, pause: float = 0) -> Serve:
    def serve(connection: socket.socket, request: bytes) -> None:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)

    return serve


def ok(body: bytes, *headers: str) -> bytes:
    lines = ("HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", "")
    return "\r\n".join(lines).encode() + body


def moved(place: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode()


def loopback(port: int, **changes: Any) -> fetching._Network:
    """A network in which every name is 127.0.0.1 and that address and port are public."""
    options: dict[str, Any] = {
        "resolve": lambda host, port: ["127.0.0.1"],
        "is_allowed": lambda address: address == "127.0.0.1",
        "ports": frozenset({port}),
    }
    return fetching._Network(**(options | changes))


def refusal(url: str, network: fetching._Network = INTERNET, limits: Limits = QUICK) -> str:
    start = time.perf_counter()
    with pytest.raises(InputError) as caught:
        fetch(url, MAX_BYTES, limits, name="image", _network=network)
    assert time.perf_counter() - start < limits.fetch_seconds + 1
    assert caught.value.field == "image"
    assert "127.0.0.1" not in str(caught.value)
    return str(caught.value)
