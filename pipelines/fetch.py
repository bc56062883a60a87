"""The one fetcher: a public http(s) URL to bytes, for UI, API and rows alike (never a proxy)."""

from __future__ import annotations

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from pipelines.errors import InputError
from pipelines.limits import MB, Limits

DEFAULT_PORTS = {"http": 80, "https": 443}
REDIRECTS = (301, 302, 303, 307, 308)
URL_CHARS = 4096
BLOCK_BYTES = 65_536
PUBLIC_V6 = ipaddress.IPv6Network("2000::/3")
CLOSED = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "100.64.0.0/10",  # CGNAT
        "169.254.0.0/16",  # link-local, cloud metadata
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",  # benchmarks
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "2001::/23",  # Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
"""Closed here whatever the ipaddress of this Python thinks; its tables differ by version."""


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: global unicast and no tunnel to others.

    IPv6 outside 2000::/3 is not: mapped IPv4, NAT64, link-local, unique-local, multicast.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        return False
    if ip.version == 6 and ip not in PUBLIC_V6:
        return False
    return not any(ip in block for block in CLOSED if block.version == ip.version)


def _system_addresses(host: str, port: int) -> list[str]:
    """Every address of a host name, as the system resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, kw_only=True)
class _Network:
    """What counts as reachable; tests hand in their own, nothing else can."""

    resolve: Callable[[str, int], list[str]] = _system_addresses
    is_allowed: Callable[[str], bool] = is_public
    ports: frozenset[int] = frozenset(DEFAULT_PORTS.values())
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context


class _Refused(Exception):
    """Why a URL is not fetched; fetch() gives it the field's name."""


def fetch(
    url: str,
    max_bytes: int,
    limits: Limits,
    *,
    name: str = "url",
    _network: _Network = _Network(),
) -> bytes:
    """The bytes behind a public URL, within limits.fetch_seconds and limits.fetch_redirects.

    Raises InputError on `name`, in words that tell nothing of the network that the server is in.
    """
    if not limits.fetch_urls:
        raise InputError(name, "takes uploaded files only; fetching URLs is switched off here.")
    deadline = time.monotonic() + limits.fetch_seconds
    try:
        for _ in range(limits.fetch_redirects + 1):
            body, url = _visit(url, max_bytes, deadline, _network)
            if not url:
                return body
        raise _Refused(f"it redirects more than {limits.fetch_redirects} times.")
    except _Refused as why:
        raise InputError(name, f"could not be fetched: {why}") from None
    except TimeoutError:
        raise InputError(
            name, f"could not be fetched in {limits.fetch_seconds:g} s; upload the file instead."
        ) from None
    except (OSError, http.client.HTTPException, ValueError):
        raise InputError(
            name, "could not be fetched: no good answer came; check the address."
        ) from None


def _visit(url: str, max_bytes: int, deadline: float, network: _Network) -> tuple[bytes, str]:
    """One request: (body, "") or (b"", the URL that it redirects to)."""
    parts = _checked(url, network)
    host, port = _host(parts), parts.port or DEFAULT_PORTS[parts.scheme]
    wire = _connect(parts.scheme, host, port, deadline, network)
    with wire.socket:
        response = _ask(wire, parts, host, port)
        if response.status in REDIRECTS:
            return b"", urljoin(url, response.getheader("Location") or "")
        if response.status != http.client.OK:
            raise _Refused(f"the server answered {response.status}; check the address.")
        if response.getheader("Content-Encoding", "identity").strip().lower() != "identity":
            raise _Refused("the server sent it compressed although asked not to.")
        return _body(response, max_bytes), ""


def _checked(url: str, network: _Network) -> SplitResult:
    """The parts of a URL of the kind that may be fetched."""
    if len(url) > URL_CHARS or re.search(r"[\x00-\x20\x7f\\]", url):
        raise _Refused("the address is too long or has blanks in it.")
    parts = urlsplit(url)
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
        raise _Refused("give an address that starts with http:// or https://.")
    if "@" in parts.netloc:
        raise _Refused("the address must not contain a user name or password.")
    if (parts.port or DEFAULT_PORTS[parts.scheme]) not in network.ports:
        raise _Refused("only the ports 80 and 443 are used.")
    return parts


def _host(parts: SplitResult) -> str:
    """The host name in ASCII, as it goes into DNS, TLS and the Host header."""
    return (parts.hostname or "").encode("idna").decode("ascii")


def _connect(scheme: str, host: str, port: int, deadline: float, network: _Network) -> _Wire:
    """A connection to an address that was checked: the name is not resolved a second time."""
    addresses = _in_time(lambda: network.resolve(host, port), deadline)
    if not addresses or not all(map(network.is_allowed, addresses)):
        raise _Refused("the address is not one of the public internet.")
    for address in addresses:
        try:
            sock = socket.create_connection((address, port), timeout=_left(deadline))
            break
        except OSError:
            _left(deadline)
    else:
        raise _Refused("the server cannot be reached; check the address.")
    if scheme == "https":
        sock = _secured(sock, host, network)
    return _Wire(sock, deadline)


def _secured(sock: socket.socket, host: str, network: _Network) -> socket.socket:
    """TLS with a certificate that is valid for the host's name."""
    try:
        return network.tls().wrap_socket(sock, server_hostname=host)
    except ssl.SSLError:
        sock.close()
        raise _Refused("its certificate is not valid for that name.") from None
    except OSError:
        sock.close()
        raise


def _ask(wire: _Wire, parts: SplitResult, host: str, port: int) -> http.client.HTTPResponse:
    """Send one GET without cookies, credentials or compression; read the answer's headers."""
    connection = http.client.HTTPConnection(host, port)
    connection.auto_open = 0
    connection.sock = wire
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    shown = f"[{host}]" if ":" in host else host
    suffix = "" if port == DEFAULT_PORTS[parts.scheme] else f":{port}"
    connection.putrequest(
        "GET", f"{target}?{query}" if query else target, skip_host=True, skip_accept_encoding=True
    )
    connection.putheader("Host", shown + suffix)
    connection.putheader("Accept-Encoding", "identity")
    connection.putheader("User-Agent", "pipeline-playground")
    connection.putheader("Connection", "close")
    connection.endheaders()
    return connection.getresponse()


def _body(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    """The whole body, block by block; refused as soon as it is, or says it is, too large."""
    expected = response.length
    body = bytearray()
    too_large = _Refused(f"it is larger than {max_bytes / MB:g} MB, which is the limit.")
    if expected is not None and expected > max_bytes:
        raise too_large
    while block := response.read1(BLOCK_BYTES):
        body += block
        if len(body) > max_bytes:
            raise too_large
    if expected is not None and len(body) < expected:
        raise _Refused("the connection ended before the file did; try again.")
    return bytes(body)


class _Wire:
    """A connected socket as http.client wants one, whose every wait ends at one deadline."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        self.socket = sock
        self.deadline = deadline

    def sendall(self, content: bytes) -> None:
        self.socket.settimeout(_left(self.deadline))
        self.socket.sendall(content)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Drip(self.socket, self.deadline))

    def close(self) -> None:
        """Nothing: http.client closes before the body is read; _visit closes the socket."""


class _Drip(io.RawIOBase):
    """The bytes of a socket until the deadline, however slowly they come."""

    def __init__(self, sock: socket.socket, deadline: float) -> None:
        super().__init__()
        self.socket = sock
        self.deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self.socket.settimeout(_left(self.deadline))
        return self.socket.recv_into(buffer)


def _left(deadline: float) -> float:
    """Seconds until the deadline; raises TimeoutError after it."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _in_time(work: Callable[[], list[str]], deadline: float) -> list[str]:
    """The result of `work`, which cannot be interrupted, or TimeoutError without waiting for it."""
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="resolve")
    try:
        return pool.submit(work).result(timeout=_left(deadline))
    except FutureTimeoutError:  # not the built-in one before Python 3.11
        raise TimeoutError from None
    finally:
        pool.shutdown(wait=False)
