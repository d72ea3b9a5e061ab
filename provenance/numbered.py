"""Names with a number at their end: what a job gives several of, such as ``spectrum_1``.

A job type can't say beforehand how many there will be. It declares the first (role ``spectrum_1``);
the descriptions of the others are entered when they are first met, in the same words.
"""

import re

_NUMBERED = re.compile(r"(.+)_(\d+)")


def without_number(name: str) -> str:
    """What the things have in common: ``spectrum`` of ``spectrum_2``; other names as they are."""
    found = _NUMBERED.fullmatch(name)
    return found[1] if found else name


def first_of(name: str) -> str | None:
    """``spectrum_1`` of ``spectrum_2``; ``None`` of the first itself, and where is no number."""
    found = _NUMBERED.fullmatch(name)
    return f"{found[1]}_1" if found and found[2] != "1" else None
