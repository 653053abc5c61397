"""Which URLs can be webhooks, and which addresses are reached for them."""

import ipaddress

import pytest

from app.notices.addresses import Refused, Target, read_target, require_allowed, resolve

INSIDE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",  # noqa: S104
    "169.254.169.254", "100.64.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "::7f00:1", "2002:7f00:1::", "2002:a00:1::1", "64:ff9b::a00:1", "64:ff9b:1::7f00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_refused_in_every_guise(address: str) -> None:
    with pytest.raises(Refused, match="inside a network"):
        require_allowed([ipaddress.ip_address(address)], tls=True, local=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_not(address: str) -> None:
    require_allowed([ipaddress.ip_address(address)], tls=True, local=False)


def test_one_address_inside_is_one_too_many() -> None:
    addresses = [ipaddress.ip_address(one) for one in ("8.8.8.8", "10.0.0.1")]
    with pytest.raises(Refused):
        require_allowed(addresses, tls=True, local=False)


def test_a_laptop_reaches_itself_in_plain_and_nothing_else_inside() -> None:
    for own in ("127.0.0.1", "::1"):
        require_allowed([ipaddress.ip_address(own)], tls=False, local=True)
        require_allowed([ipaddress.ip_address(own)], tls=True, local=True)
    with pytest.raises(Refused, match="this machine only"):
        require_allowed([ipaddress.ip_address("8.8.8.8")], tls=False, local=True)
    with pytest.raises(Refused, match="inside a network"):
        require_allowed([ipaddress.ip_address("10.0.0.1")], tls=True, local=True)


WRONG = {
    "http://example.org/": "https",
    "ftp://example.org/": "https",
    "example.org/hook": "https",
    "https:///hook": "name a host",
    "https://user@example.org/": "no user or password",
    "https://user:secret@example.org/": "no user or password",
    "https://example.org/#part": "no fragment",
    "https://example.org:99999/": "must be a URL",
    "https://[::1/": "must be a URL",
    "https://exämple.org/": "ASCII",
    "https://example.org/a b": "ASCII",
    "https://example.org/\r\nHost: inside": "ASCII",
    "https://example.org/" + "a" * 2000: "at most 2000",
    "https://127.0.0.1/": "inside a network",
    "https://[::ffff:10.0.0.1]/": "inside a network",
}


@pytest.mark.parametrize("url", WRONG)
def test_a_url_is_refused_with_what_is_wrong_with_it(url: str) -> None:
    with pytest.raises(Refused, match=WRONG[url]):
        read_target(url, local=False)


def test_a_url_is_taken_apart() -> None:
    assert read_target("https://Example.org:8443/a/b?c=d", local=False) == Target(
        tls=True, host="example.org", port=8443, path="/a/b?c=d"
    )
    assert read_target("https://example.org", local=False).path == "/"
    assert read_target("http://127.0.0.1:9/", local=True).port == 9
    with pytest.raises(Refused, match="https"):
        read_target("http://127.0.0.1:9/", local=False)


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001"])
def test_a_name_is_held_to_what_it_resolves_to(host: str) -> None:
    target = Target(tls=True, host=host, port=443, path="/")
    with pytest.raises(Refused):
        resolve(target, local=False)
    assert resolve(target, local=True).is_loopback
