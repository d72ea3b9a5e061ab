"""The position of an object by its name: from the reference catalogue or, where set, Sesame."""

import http.client
import math
import re
from urllib.parse import quote
from urllib.request import Request, urlopen

from django.conf import settings

from archive.catalogue import source_named

#: A position in the answer to format ``-oI``: ``%J 083.633080 +22.014500 = 05:34:31.9 ...``
_POSITION = re.compile(r"^%J\s+([0-9.]+)\s+([+-]?[0-9.]+)", re.MULTILINE)
_TIMEOUT_S = 5
_LONGEST_ANSWER = 100_000
_LONGEST_NAME = 200


def places() -> str:
    """Where names are looked up, for people."""
    own = "the mission's reference catalogue"
    return f"{own} and, if it isn't there, from CDS's Sesame" if settings.VO_SESAME_URL else own


def position_of(name: str) -> tuple[float, float] | None:
    """ICRS degrees, or ``None`` where nobody knows the name.

    Raises LookupError, with a message for people, where Sesame should know and doesn't answer.
    """
    source = source_named(name)
    if source is not None:
        return source.ra, source.dec
    wanted = " ".join(name.split())
    if not settings.VO_SESAME_URL or not 0 < len(wanted) <= _LONGEST_NAME:
        return None
    return _from_sesame(wanted)


def _from_sesame(name: str) -> tuple[float, float] | None:
    address = f"{settings.VO_SESAME_URL.rstrip('/')}/-oI/SNV?{quote(name, safe='')}"
    if not address.startswith(("http://", "https://")):
        raise LookupError("the service's name resolver is set wrongly")
    try:
        with urlopen(Request(address), timeout=_TIMEOUT_S) as answer:  # noqa: S310 - checked above
            text = answer.read(_LONGEST_ANSWER).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        raise LookupError("the name resolver Sesame doesn't answer; try again later") from error
    match = _POSITION.search(text)
    if match is None:
        return None
    ra, dec = map(float, match.groups())
    return (ra, dec) if math.isfinite(ra) and abs(dec) <= 90 else None
