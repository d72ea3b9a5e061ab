"""The name under which others see a person: chosen by that person (``/api/account``)."""

import re
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

#: Signs that nobody sees: those of the Unicode property Default_Ignorable_Code_Point, and blanks
#: that are no spaces (Braille's without dots, null note head, Khitan's filler).
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\u2800\U0001d159\U00016fe4]"
)
#: Alphabets with letters that look like another's, by the first word of their letters' names.
_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU"})


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
    """The same for names that differ in capitals, spaces, forms of letters or unseen signs alone.

    Not for all that look alike: ``I`` isn't ``l``, and a Cyrillic letter is no Latin one.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(_UNSEEN.sub("", folded).split())


class UnfitNameError(ValueError):
    """What can't be anybody's name, in words."""


def choose_name(user: AbstractUser, name: str) -> None:
    """Let others see the account's owner under this name; empty: under the account's again.

    Raises `UnfitNameError` for an address, more than a line of text, what can't be seen or is a mix
    of alphabets that look alike, or another's name.
    """
    if not name.isprintable():
        raise UnfitNameError(f"must be one line of {_LONGEST} signs at most")
    name = " ".join(name.split())
    if "@" in name:
        raise UnfitNameError("others would read an address in it: leave out the @")
    if len(name) > _LONGEST:
        raise UnfitNameError(f"must be one line of {_LONGEST} signs at most")
    if _UNSEEN.search(name):
        raise UnfitNameError("has signs that can't be seen: leave them out")
    if name and not any(sign.isalnum() for sign in name):
        raise UnfitNameError("must have a letter or a digit")
    if len(_alphabets(name)) > 1:
        raise UnfitNameError("mixes alphabets whose letters look alike")
    if name and _is_taken(user, name):
        raise UnfitNameError(f"somebody or something else is called {name} here")
    user.first_name, user.last_name = name, ""
    user.save(update_fields=["first_name", "last_name"])


def _alphabets(name: str) -> set[str]:
    """Those of the alphabets that look alike of which the name has letters."""
    letters = filter(str.isalpha, unicodedata.normalize("NFKC", name))
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in letters} & _ALIKE


def _is_taken(user: AbstractUser, name: str) -> bool:
    wanted = comparable(name)
    accounts = get_user_model()._default_manager.exclude(pk=user.pk)
    if any(wanted == comparable(name_of(other)) for other in accounts.iterator()):
        return True
    return any(taken(user.pk, wanted) for taken in _others)


def _without_address(name: str) -> str:
    return name.partition("@")[0] or "somebody"
