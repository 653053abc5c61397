"""Which addresses a webhook may reach: the public ones, so that no one looks inside through us.

A name is resolved when a delivery is made, every address it has is checked, and the connection is
made to an address that was checked: a name that resolves otherwise a moment later changes nothing.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

URL_LIMIT = 2000

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """The URL may not be called; the text says why."""


@dataclass(frozen=True)
class Target:
    """A URL taken apart; `path` has the query too."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = 443 if self.tls else 80
        return host if self.port == usual else f"{host}:{self.port}"


def read_target(url: str, *, local: bool) -> Target:
    """Take a webhook's URL apart.

    `local` is for a laptop: there plain HTTP is allowed, and then to loopback addresses only.

    Raises
    ------
    Refused
        If it is not an https URL of a host, or names an address that may not be called.
    """
    if len(url) > URL_LIMIT or any(sign <= " " or sign > "~" for sign in url):
        raise Refused(f"must be a URL of at most {URL_LIMIT} characters, all of them ASCII")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused("must be a URL") from error
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise Refused("must begin with https://")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise Refused("must name a host, and no user or password")
    if parts.fragment:
        raise Refused("must have no fragment")
    tls = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    target = Target(tls, parts.hostname, port or (443 if tls else 80), path)
    literal = _literal(target.host)
    if literal is not None:
        require_allowed([literal], tls=tls, local=local)
    return target


def resolve(target: Target, *, local: bool) -> Address:
    """Return an address of the host that may be called.

    Raises
    ------
    Refused
        If any of its addresses may not be.
    OSError
        If the name has none.
    """
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    require_allowed(addresses, tls=target.tls, local=local)
    return addresses[0]


def require_allowed(addresses: Sequence[Address], *, tls: bool, local: bool) -> None:
    """Refuse a host of which one address may not be called.

    Raises
    ------
    Refused
        With why.
    """
    for address in addresses:
        plain = _unwrapped(address)
        if local and plain.is_loopback:
            continue
        if not tls:
            raise Refused("plain HTTP may go to this machine only")
        if not _is_public(plain):
            raise Refused("must not be an address inside a network of this server")


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified
    )


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, as gateways would reach it.

    >>> _unwrapped(ipaddress.ip_address("64:ff9b::7f00:1"))
    IPv4Address('127.0.0.1')
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    # NAT64 (RFC 6052, RFC 8215).
    if any(address in network for network in _CARRIERS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


_CARRIERS = tuple(ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48"))


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
