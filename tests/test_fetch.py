"""The one fetcher: R11 and R12, against servers on the loopback only."""

from __future__ import annotations

import datetime
import gzip
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from pipelines import fetch as fetching
from pipelines.fetch import fetch
from pipelines.limits import Limits
from tests.sites import (
    MAX_BYTES,
    QUICK,
    Serve,
    loopback,
    moved,
    ok,
    refusal,
    says,
    server,
)


def test_r12_a_file_comes_with_the_right_host_header_and_nothing_private() -> None:
    requests: list[bytes] = []

    def serve(connection: socket.socket, request: bytes) -> None:
        requests.append(request)
        connection.sendall(ok(b"picture"))

    with server(serve) as port:
        url = f"http://example.com:{port}/a b?q=1#part".replace(" ", "%20")
        assert fetch(url, MAX_BYTES, QUICK, _network=loopback(port)) == b"picture"
    head = requests[0].decode()
    assert head.startswith("GET /a%20b?q=1 HTTP/1.1\r\n")
    assert f"Host: example.com:{port}\r\n" in head
    assert "Accept-Encoding: identity\r\n" in head
    assert "Cookie" not in head
    assert "Authorization" not in head


def test_r12_a_body_without_length_and_one_in_chunks_are_read() -> None:
    plain = b"HTTP/1.1 200 OK\r\n\r\nwhole"
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n"
    )
    for answer in (plain, chunked):
        with server(says(answer)) as port:
            url = f"http://example.com:{port}/"
            assert fetch(url, MAX_BYTES, QUICK, _network=loopback(port)) == b"whole"


def test_r12_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    def serve(connection: socket.socket, request: bytes) -> None:
        left = int(request.split(b" ")[1][1:])
        connection.sendall(moved(f"/{left - 1}") if left else ok(b"end"))

    with server(serve) as port:
        start = f"http://example.com:{port}/"
        assert fetch(start + "3", MAX_BYTES, QUICK, _network=loopback(port)) == b"end"
        assert "redirects more than 3 times" in refusal(start + "4", loopback(port))


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("http://internal.example/", "only the ports 80 and 443"),
        ("file:///etc/passwd", "starts with http:// or https://"),
        ("http://user:pw@example.com/", "user name or password"),
        ("//private:{port}/", "not one of the public internet"),
    ],
)
def test_r12_each_redirect_is_checked_like_the_first_address(place: str, words: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        return ["10.0.0.1"] if host == "private" else ["127.0.0.1"]

    with server(lambda c, _: c.sendall(moved(place.format(port=c.getsockname()[1])))) as port:
        network = loopback(port, resolve=resolve)
        assert words in refusal(f"http://example.com:{port}/", network)


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"a" * (MAX_BYTES + 1)),
        b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * (MAX_BYTES + 1),
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
    ],
)
def test_r12_a_file_over_the_limit_of_size_is_refused(answer: bytes) -> None:
    with server(says(answer)) as port:
        words = refusal(f"http://example.com:{port}/", loopback(port))
    assert "larger than 0.1 MB" in words


def test_r12_an_endless_body_is_cut_at_the_limit_of_size() -> None:
    def serve(connection: socket.socket, request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65_536)

    with server(serve) as port:
        assert "larger than 0.1 MB" in refusal(f"http://example.com:{port}/", loopback(port))


def test_r12_compressed_answers_are_refused_so_that_none_can_be_a_bomb() -> None:
    body = gzip.compress(b"\0" * 10**6)
    with server(says(ok(body, "Content-Encoding: gzip"))) as port:
        assert "compressed" in refusal(f"http://example.com:{port}/", loopback(port))


@pytest.mark.parametrize(
    "drip",
    [
        says(b"HTTP/1.1 200 OK\r\n", *[b"a"] * 40, pause=0.05),
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", *[b"a"] * 40, pause=0.05),
        says(*[b"HTTP/1.1 100 Continue\r\n\r\n"] * 40, pause=0.05),
        says(b"", pause=0.4),
    ],
    ids=["headers", "body", "continue", "nothing"],
)
def test_r12_a_slow_drip_ends_at_the_time_limit(drip: Serve) -> None:
    limits = Limits(fetch_seconds=0.2)
    start = time.perf_counter()
    with server(drip) as port:
        words = refusal(f"http://example.com:{port}/", loopback(port), limits)
        took = time.perf_counter() - start
    assert "could not be fetched in 0.2 s" in words
    assert took < 1


def test_r12_a_slow_name_server_ends_at_the_time_limit() -> None:
    release = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        release.wait(5)
        return []

    network = fetching._Network(resolve=slow)
    start = time.perf_counter()
    assert "0.3 s" in refusal("http://example.com/", network, Limits(fetch_seconds=0.3))
    assert time.perf_counter() - start < 1
    release.set()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "answered 404"),
        (b"HTTP/1.1 206 Partial\r\n\r\n", "answered 206"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "redirects more than 3 times"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "check the address"),
        (b"", "check the address"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "ended before the file did"),
        (b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500 + b"\r\n", "check the address"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 10**5, "check the address"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "check the address",
        ),
    ],
)
def test_a_bad_answer_is_one_sentence(answer: bytes, words: str) -> None:
    with server(says(answer)) as port:
        assert words in refusal(f"http://example.com:{port}/", loopback(port))


def test_an_unknown_name_is_one_sentence() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    network = fetching._Network(resolve=unknown)
    assert "check the address" in refusal("http://example.com/", network)


def test_r11_fetching_can_be_switched_off() -> None:
    off = Limits(fetch_urls=False)
    assert "switched off" in refusal("http://example.com/", limits=off)


def test_r12_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with server(says(ok(b"direct"))) as port:
        url = f"http://example.com:{port}/"
        assert fetch(url, MAX_BYTES, QUICK, _network=loopback(port)) == b"direct"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a self-signed certificate for example.com in one file."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "example.com")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = x509.SubjectAlternativeName([x509.DNSName("example.com")])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + signed.public_bytes(pem))
    return path


def test_r12_tls_is_checked_for_the_name_and_not_for_the_pinned_address(certificate: Path) -> None:
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    named: list[str] = []
    serving.sni_callback = lambda _socket, name, _context: named.append(name)
    trusting = lambda: ssl.create_default_context(cafile=str(certificate))  # noqa: E731
    with server(says(ok(b"secret")), serving) as port:
        network = loopback(port, tls=trusting)
        url = f"https://example.com:{port}/"
        assert fetch(url, MAX_BYTES, QUICK, _network=network) == b"secret"
        assert named == ["example.com"]
        assert "certificate" in refusal(f"https://other.example:{port}/", network)
        assert "certificate" in refusal(url, loopback(port))
