"""The name under which others see a person: chosen by that person (``/api/account``)."""

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AbstractUser

from auth.principal import Principal

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


class UnfitNameError(ValueError):
    """What can't be anybody's name, in words."""


def choose_name(user: AbstractUser, name: str) -> None:
    """Let others see the account's owner under this name; empty: under the account's again.

    Raises `UnfitNameError` for an address, or more than a line of text.
    """
    name = " ".join(name.split(" ")).strip()
    if "@" in name:
        raise UnfitNameError("others would read an address in it: leave out the @")
    if len(name) > _LONGEST or not name.isprintable():
        raise UnfitNameError(f"must be one line of {_LONGEST} signs at most")
    user.first_name, user.last_name = name, ""
    user.save(update_fields=["first_name", "last_name"])


def _without_address(name: str) -> str:
    return name.partition("@")[0] or "somebody"
