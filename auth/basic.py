"""HTTP Basic: an account's name and password in each request (RFC 7617).

Django's password hashes are slow on purpose, and a client sends its password with every request.
So a password that was right is remembered for some minutes, as a keyed digest which only this
process can make. A wrong one, and an unknown name, always cost a full hash: the answer's time
tells nothing about which of them it was.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass

from django.contrib.auth import authenticate
from django.http import HttpRequest

from auth.models import User
from dali.errors import DaliError

REMEMBERED_S = 300.0
REMEMBERED_AT_MOST = 1000


class CredentialsError(DaliError):
    """The request's credentials are not those of an open account."""

    status = 401


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What the client says it is. Its repr shows no password."""

    username: str
    password: str


def read_header(header: str) -> Credentials:
    """The credentials in an ``Authorization`` header; raises `CredentialsError`."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        raise CredentialsError(f"sign in by HTTP Basic; {scheme[:20]!r} is not understood here")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise CredentialsError("the Authorization header is not HTTP Basic in UTF-8") from None
    username, colon, password = text.partition(":")
    if not colon or "\0" in text:
        raise CredentialsError("the Authorization header is not HTTP Basic in UTF-8")
    return Credentials(username, password)


class _Remembered:
    """Digests of credentials that were right, each until its time."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def _digest(self, user: User, password: str) -> bytes:
        # The stored hash is part of it: a changed password is forgotten at once.
        text = f"{user.pk}\0{user.password}\0{password}"
        return hmac.digest(self._key, text.encode(), hashlib.sha256)

    def holds(self, user: User, password: str) -> bool:
        with self._lock:
            return self._until.get(self._digest(user, password), 0.0) > time.monotonic()

    def add(self, user: User, password: str) -> None:
        now = time.monotonic()
        with self._lock:
            if len(self._until) >= REMEMBERED_AT_MOST:
                self._until = {key: until for key, until in self._until.items() if until > now}
            if len(self._until) >= REMEMBERED_AT_MOST:
                self._until.clear()
            self._until[self._digest(user, password)] = now + REMEMBERED_S


_remembered = _Remembered()


def verify(request: HttpRequest, credentials: Credentials) -> User:
    """The open account with these credentials; raises `CredentialsError`. Reads the database."""
    known = User.objects.filter(username=credentials.username).first()
    if known is not None and known.is_active and _remembered.holds(known, credentials.password):
        return known
    user = authenticate(request, username=credentials.username, password=credentials.password)
    if not isinstance(user, User):
        raise CredentialsError("wrong user name or password")
    _remembered.add(user, credentials.password)
    return user
