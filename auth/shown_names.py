"""The name under which others see a person: chosen by that person (``/api/account``)."""

import unicodedata
from collections.abc import Callable

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser

from auth.principal import Principal

Taken = Callable[[int, str], bool]
"""Whether a name, as `comparable` has it, is that of another than the account with this key."""

#: Who else has names, beside accounts; floors above tell it (`reserve`).
_others: list[Taken] = []

#: Django's length of ``first_name``, where the chosen name is kept.
_LONGEST = 150


def shown_name(principal: Principal) -> str:
    """The name that whoever signed in goes by: the full name in the account, else the account's.

    Never an e-mail address: of an account that is named by one, what stands before the ``@``.
    """
    user = None
    if principal.user_id is not None:
        user = get_user_model()._default_manager.filter(pk=principal.user_id).first()
    return name_of(user) if user is not None else _without_address(principal.name)


def name_of(user: AbstractBaseUser) -> str:
    """The same of an account."""
    full = str(getattr(user, "get_full_name", str)()).strip()
    return _without_address(full or user.get_username())


def reserve(taken: Taken) -> None:
    """Let nobody choose a name of which ``taken`` says that another has it."""
    if taken not in _others:
        _others.append(taken)


def comparable(name: str) -> str:
    """The same for names that look the same but for capitals, spaces and forms of letters."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


class UnfitNameError(ValueError):
    """What can't be anybody's name, in words."""


def choose_name(user: AbstractUser, name: str) -> None:
    """Let others see the account's owner under this name; empty: under the account's again.

    Raises `UnfitNameError` for an address, more than a line of text, or another's name.
    """
    if not name.isprintable():
        raise UnfitNameError(f"must be one line of {_LONGEST} signs at most")
    name = " ".join(name.split())
    if "@" in name:
        raise UnfitNameError("others would read an address in it: leave out the @")
    if len(name) > _LONGEST:
        raise UnfitNameError(f"must be one line of {_LONGEST} signs at most")
    if name and _is_taken(user, name):
        raise UnfitNameError(f"somebody or something else is called {name} here")
    user.first_name, user.last_name = name, ""
    user.save(update_fields=["first_name", "last_name"])


def _is_taken(user: AbstractUser, name: str) -> bool:
    wanted = comparable(name)
    accounts = get_user_model()._default_manager.exclude(pk=user.pk)
    if any(wanted == comparable(name_of(other)) for other in accounts.iterator()):
        return True
    return any(taken(user.pk, wanted) for taken in _others)


def _without_address(name: str) -> str:
    return name.partition("@")[0] or "somebody"
