"""R12: which addresses are fetched from, and that they are those that were checked."""

from __future__ import annotations

import pytest

from pipelines import fetch as fetching
from pipelines.fetch import fetch, is_public
from tests.sites import (
    MAX_BYTES,
    QUICK,
    loopback,
    ok,
    refusal,
    says,
    server,
)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.1.2.3",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "not an address",
        "",
    ],
)
def test_r12_an_address_that_is_not_global_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "2a00:1450:4001::1"]
)
def test_r12_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://0/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://169.254.169.254/latest/meta-data/",
        "https://10.0.0.1/",
    ],
)
def test_r12_every_way_to_write_a_private_address_is_refused(url: str) -> None:
    words = refusal(url)
    assert "not one of the public internet" in words or "no good answer" in words


def test_r12_one_private_address_among_public_ones_refuses_the_name() -> None:
    network = fetching._Network(resolve=lambda host, port: ["8.8.8.8", "127.0.0.1"])
    assert "not one of the public internet" in refusal("http://example.com/", network)


def test_r12_the_connection_goes_to_the_address_that_was_checked() -> None:
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    resolved: list[str] = []

    def rebinding(host: str, port: int) -> list[str]:
        resolved.append(host)
        return next(answers)

    with server(says(ok(b"first"))) as port:
        network = loopback(port, resolve=rebinding)
        assert fetch(f"http://example.com:{port}/", MAX_BYTES, QUICK, _network=network) == b"first"
        assert resolved == ["example.com"]
        words = refusal(f"http://example.com:{port}/", network)
    assert "not one of the public internet" in words


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://example.com/", "starts with http:// or https://"),
        ("file:///etc/passwd", "starts with http:// or https://"),
        ("gopher://example.com/", "starts with http:// or https://"),
        ("//example.com/", "starts with http:// or https://"),
        ("http:///nothing", "starts with http:// or https://"),
        ("http://example.com:22/", "only the ports 80 and 443"),
        ("http://example.com:8080/", "only the ports 80 and 443"),
        ("http://example.com:99999/", "check the address"),
        ("http://user:secret@example.com/", "user name or password"),
        ("http://@example.com/", "user name or password"),
        ("http://example.com/\r\nHost: other", "blanks"),
        ("http://exa mple.com/", "blanks"),
        ("http://example.com\\@127.0.0.1/", "blanks"),
        ("http://example.com/" + "a" * 5_000, "too long"),
        ("http://[::1/", "check the address"),
        ("http://" + "a" * 70 + ".com/", "check the address"),
    ],
)
def test_r12_only_plain_web_addresses_are_fetched(url: str, words: str) -> None:
    def never(host: str, port: int) -> list[str]:
        raise AssertionError("a refused address must not be resolved")

    message = refusal(url, fetching._Network(resolve=never))
    assert words in message
    assert "secret" not in message
