"""Times as users write them, in any of astropy's formats; light to import."""

#: Formats whose times are words; of all others they are numbers.
_TEXT_FORMATS = {"isot", "iso", "fits", "yday", "byear_str", "jyear_str", "datetime64"}


def check_format(name: str) -> str:
    """The name of a format; raises ``ValueError`` for one that astropy doesn't have."""
    from astropy.time import Time  # a second's work, only for those who send a format

    if name not in Time.FORMATS:
        raise ValueError(f"no time format of astropy's: {', '.join(Time.FORMATS)}")
    return name


def mjd_utc(name: str, text: str, time_format: str) -> float:
    """A time, UTC, as MJD; raises ``ValueError`` naming the parameter that can't be read."""
    from astropy.time import Time

    try:
        value = text if time_format in _TEXT_FORMATS else float(text)
        return float(Time(value, format=time_format, scale="utc").mjd)
    except (ValueError, TypeError):
        raise ValueError(f"{name}: {text[:50]!r} is not a time in format {time_format}") from None
