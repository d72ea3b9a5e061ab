"""The name under which others see a person."""

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from auth.principal import Principal


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


def _without_address(name: str) -> str:
    return name.partition("@")[0] or "somebody"
