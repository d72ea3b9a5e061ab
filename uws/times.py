"""Times as clients write them."""

from datetime import UTC, datetime

from dali.errors import ParameterError


def read_time(name: str, text: str) -> datetime:
    """UWS 1.1, section 2.2.1: ISO 8601; UTC, also where the zone is left out.

    Raises `ParameterError` about ``name``.
    """
    try:
        time = datetime.fromisoformat(text.strip())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParameterError(name, f"{text!r} is not a time in ISO 8601") from None
