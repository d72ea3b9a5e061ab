"""Who asks, as a value that every room can hold, compare and log.

Rooms decide by a `Principal`, never by Django's user: it stays valid when the request is over,
and goes into a job's child process.
"""

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Principal:
    """One person or program.

    user_id: the account's id; ``None`` for whoever didn't sign in.
    name: the account's name; empty for the anonymous.
    is_administrator: sees and changes what belongs to others.
    """

    user_id: int | None
    name: str
    is_administrator: bool = False

    @property
    def is_anonymous(self) -> bool:
        """Whether nobody signed in."""
        return self.user_id is None


ANONYMOUS = Principal(user_id=None, name="")


def of_user(user: AbstractBaseUser) -> Principal:
    """The principal of an account."""
    return Principal(user.pk, user.get_username(), bool(getattr(user, "is_superuser", False)))


def of_request(request: HttpRequest) -> Principal:
    """Who asks, by HTTP Basic or by session.

    May read the database: call it from synchronous code only.
    """
    user = getattr(request, "user", None)
    if isinstance(user, AbstractBaseUser) and user.is_active:
        return of_user(user)
    return ANONYMOUS


def of_user_id(user_id: int | None) -> Principal:
    """The principal with this account id; anonymous for ``None`` or a closed account."""
    if user_id is None:
        return ANONYMOUS
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return ANONYMOUS if user is None else of_user(user)


def email_of_user_id(user_id: int) -> str:
    """The e-mail address of an open account; empty where none is known."""
    found = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return str(getattr(found, "email", ""))


def of_name(name: str) -> Principal | None:
    """The principal of the account of that name; ``None`` where there is none, or it is closed."""
    user = get_user_model().objects.filter(username=name, is_active=True).first()
    return None if user is None else of_user(user)
