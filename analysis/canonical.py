"""One text for one meaning: the canonical form that identities are digests of.

The form is JSON with sorted keys and no white space, in which a number is written the same way
whether it came as ``20``, ``20.0`` or ``2e1``. Quantities are converted to the unit that a step
declares before they get here. Nothing is accepted whose meaning could differ between two runs:
no NaN, no infinities, no sets, no objects.
"""

import hashlib
import json
import math
import numbers
from collections.abc import Mapping

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]

_LARGEST_EXACT_INTEGER = 2**53


def canonical_text(value: object) -> str:
    """``value`` in canonical form; raises `ValueError` for what has none."""
    return json.dumps(
        _plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def digest(value: object) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_text(value).encode("ascii")).hexdigest()


def _plain(value: object) -> Plain:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return _number(float(value))
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a mapping in an identity needs names as keys")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no canonical form")


def _number(value: float) -> int | float:
    """A whole number as such, so that 20.0 and 20 are one; zero has no sign."""
    if not math.isfinite(value):
        raise ValueError(f"{value} has no canonical form: identities need finite numbers")
    if value.is_integer() and abs(value) <= _LARGEST_EXACT_INTEGER:
        return int(value)
    return value
