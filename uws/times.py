"""Times as clients write them."""

import re
from datetime import UTC, datetime

from dali.errors import ParameterError

_PLUS = re.compile(r"(:\d\d(?:\.\d+)?) (\d\d:?\d\d)$")


def read_time(name: str, text: str) -> datetime:
    """UWS 1.1, section 2.2.1: ISO 8601; UTC, also where the zone is left out.

    A blank before the zone is the plus sign of a client that didn't encode it.
    Raises `ParameterError` about ``name``.
    """
    try:
        time = datetime.fromisoformat(_PLUS.sub(r"\1+\2", text.strip()))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParameterError(name, f"{text!r} is not a time in ISO 8601") from None
