"""Talking to an address that a client named, without lending the client our place in the network.

Only http and https; only addresses on the public Internet, or in networks that the operator allows.
A host's name is resolved once and that very address is used, so that it can't change between the
check and the connection; every redirect is checked alike. Size and time are limited.
"""

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO, TypeVar
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from dali.errors import DaliError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

T = TypeVar("T")

_PORTS = {"http": 80, "https": 443}
_REDIRECTS_AT_MOST = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PIECE_BYTES = 1 << 16
# addresses of IPv6 that stand for one of IPv4 (RFC 6052)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchError(DaliError):
    """What an address points at can't be had; the message tells nothing of our network."""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What may be fetched.

    networks: those whose addresses may be fetched from although they aren't public.
    """

    max_bytes: int
    timeout_s: float
    networks: tuple[IPNetwork, ...] = ()


def networks(text: str) -> tuple[IPNetwork, ...]:
    """Networks as an operator writes them, separated by commas; raises ``ValueError``."""
    words = (word.strip() for word in text.split(","))
    return tuple(ipaddress.ip_network(word) for word in words if word)


def fetch(url: str, into: BinaryIO, limits: FetchLimits) -> None:
    """Write what ``url`` points at into a file; raises `FetchError`, 413 where it is too large."""
    end = time.monotonic() + limits.timeout_s
    for _ in range(_REDIRECTS_AT_MOST + 1):
        target = _get(url, into, limits, end)
        if target is None:
            return
        url = urljoin(url, target)
    raise FetchError("it leads from one address to the next too often")


def send(url: str, body: bytes, media_type: str, limits: FetchLimits) -> None:
    """POST ``body`` to ``url``; raises `FetchError` unless the answer is that it was taken (2xx).

    What the answer holds is not read, and no redirect is followed.
    """

    def talk(connection: http.client.HTTPConnection, path: str) -> None:
        headers = {"Content-Type": media_type, "Connection": "close"}
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            raise FetchError(f"its server answers with status {answer.status}", answer.status)

    _conversation(url, limits, time.monotonic() + limits.timeout_s, talk)


def check(url: str, allowed: tuple[IPNetwork, ...]) -> None:
    """Refuse early what would never be talked to; raises `FetchError`. Asks no name server."""
    parts, _ = _checked(url)
    try:
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return  # a name: what it means is looked at when it is used
    if not _is_allowed(address, allowed):
        raise FetchError(f"{parts.hostname!r} is no public address")


def _get(url: str, into: BinaryIO, limits: FetchLimits, end: float) -> str | None:
    """One request. The address that it leads on to, ``None`` where the body was written."""
    return _conversation(
        url, limits, end, lambda connection, path: _answer(connection, path, into, limits)
    )


def _conversation(
    url: str,
    limits: FetchLimits,
    end: float,
    talk: Callable[[http.client.HTTPConnection, str], T],
) -> T:
    """What ``talk`` makes of a connection to ``url`` and the path to ask there for."""
    parts, port = _checked(url)
    host = parts.hostname or ""
    address = _resolved(host, port, limits)
    path = quote(parts.path or "/", safe="%/:=&~+!$,;'@()*") + (
        "?" + quote(parts.query, safe="%/:=&?~+!$,;'@()*[]") if parts.query else ""
    )
    too_late = FetchError(f"it took longer than {limits.timeout_s:g} s")
    try:
        with _connected(parts.scheme, host, port, address, end) as plain:
            # ends also a server that sends a byte now and then
            alarm = threading.Timer(max(0.0, end - time.monotonic()), _shut, (plain,))
            alarm.daemon = True
            alarm.start()
            try:
                connection = http.client.HTTPConnection(host, port)
                connection.default_port = _PORTS[parts.scheme]  # which the header Host leaves out
                connection.sock = plain
                said = talk(connection, path)
            finally:
                alarm.cancel()
            if time.monotonic() >= end:  # what was cut off looks like the end
                raise too_late
            return said
    except DaliError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        if time.monotonic() >= end:
            raise too_late from error
        raise FetchError("it can't be reached, or gives no proper answer") from error


def _checked(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise FetchError("it is no address") from None
    if parts.scheme not in _PORTS:
        kind = f"addresses of the kind {parts.scheme}:" if parts.scheme else "such addresses"
        raise FetchError(f"{kind} are not fetched, only http: and https:")
    if parts.username is not None or parts.password is not None:
        raise FetchError("an address with a user's name or a password is not fetched")
    if not parts.hostname or re.search(r"[\s\x00-\x20\x7f]", url):
        raise FetchError("it is no address")
    return parts, port or _PORTS[parts.scheme]


def _resolved(host: str, port: int, limits: FetchLimits) -> str:
    """The address to connect to; never told, and the same words where there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        found = []
    for _, _, _, _, place in found:
        if _is_allowed(ipaddress.ip_address(str(place[0]).partition("%")[0]), limits.networks):
            return str(place[0])
    raise FetchError(f"{host!r} has no public address")


def _is_allowed(address: IPAddress, allowed: tuple[IPNetwork, ...]) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_allowed(inner, allowed)
    if any(address in network for network in allowed):
        return True
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _connected(scheme: str, host: str, port: int, address: str, end: float) -> socket.socket:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    plain = socket.create_connection((address, port), timeout=left)
    if scheme == "http":
        return plain
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise


def _shut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _answer(
    connection: http.client.HTTPConnection, path: str, into: BinaryIO, limits: FetchLimits
) -> str | None:
    connection.request("GET", path, headers={"Accept-Encoding": "identity"})
    answer = connection.getresponse()
    target = answer.getheader("Location")
    if answer.status in _REDIRECTS and target:
        return target
    if answer.status != HTTPStatus.OK:
        raise FetchError(f"its server answers with status {answer.status}")
    length = answer.length
    written = 0
    while piece := answer.read(_PIECE_BYTES):
        written += len(piece)
        if written > limits.max_bytes:
            raise FetchError(f"it is larger than {limits.max_bytes} bytes", 413)
        into.write(piece)
    if length is not None and written < length:
        raise http.client.IncompleteRead(b"")
    return None
