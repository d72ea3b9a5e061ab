"""Who wants to be told of a job's phases, and whether that may be.

An address is a webhook (``https://…``, ``http://…``), which is told every change, or
``mailto:`` with the owner's own e-mail address, which is told the end. `uws.delivery` tells them.
"""

from collections.abc import Sequence

from django.conf import settings

from auth.principal import email_of_user_id
from dali.errors import AuthorisationError, ParameterError
from dali.fetching import FetchError, check, networks

PARAMETER = "NOTIFY"
MAILTO = "mailto:"
_AT_MOST = 5
_LONGEST = 2000


def checked(addresses: Sequence[str], owner_id: int | None) -> list[str] | None:
    """The addresses, each once; ``None`` for none.

    owner_id: of the job. Raises `ParameterError`, or `AuthorisationError` for what this owner, or
    this server, may not do.
    """
    wanted = list(dict.fromkeys(filter(None, map(_normal, addresses))))
    if not wanted:
        return None
    if not settings.VO_UWS_NOTIFY:
        raise AuthorisationError(f"{PARAMETER}: this server tells nobody of phases; use WAIT")
    if owner_id is None:
        raise AuthorisationError(f"{PARAMETER}: sign in to be told of phases; or use WAIT")
    if len(wanted) > _AT_MOST:
        raise ParameterError(PARAMETER, f"takes {_AT_MOST} addresses at most")
    for address in wanted:
        _check(address, owner_id)
    return wanted


def _normal(address: str) -> str:
    address = address.strip()
    if address.lower().startswith(MAILTO):
        return MAILTO + address[len(MAILTO) :]
    return address


def _check(address: str, owner_id: int) -> None:
    is_letter = address.startswith(MAILTO)
    kind = "email" if is_letter else "webhook"
    if kind not in settings.VO_UWS_NOTIFY:
        offered = " and ".join(settings.VO_UWS_NOTIFY)
        raise AuthorisationError(f"{PARAMETER}: this server tells by {offered} only")
    if len(address) > _LONGEST:
        raise ParameterError(PARAMETER, f"an address has {_LONGEST} characters at most")
    if not is_letter:
        try:
            check(address, networks(settings.VO_UWS_NOTIFY_NETWORKS))
        except FetchError as error:
            raise ParameterError(PARAMETER, f"{address!r}: {error.message}") from None
        return
    own = email_of_user_id(owner_id)
    if not own or address[len(MAILTO) :].casefold() != own.casefold():
        raise AuthorisationError(
            f"{PARAMETER}: letters go to the e-mail address of the job's owner alone,"
            f" which {'is another' if own else 'is not known here'}"
        )
