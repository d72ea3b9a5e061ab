"""One text for one meaning: the canonical form that identities are digests of.

The form is JSON with sorted keys and no white space. A number is written the same way whether it
came as ``20``, ``20.0`` or ``2e1``, text in Unicode's normalisation form C, a tuple as a list.
Quantities are converted to the unit that a step declares before they get here
(`analysis.quantities`). Nothing is accepted whose meaning could differ between two runs or that
another value could be taken for: no NaN, no infinities, no sets, no bytes, no objects, no halves of
surrogate pairs, no two names that look alike.
"""

import hashlib
import json
import math
import numbers
import unicodedata
from collections.abc import Mapping
from typing import Any

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def canonical_text(value: object) -> str:
    """``value`` in canonical form; raises `ValueError` for what has none."""
    return json.dumps(
        plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )


def digest(value: object) -> str:
    """SHA-256 of the canonical form, 64 hexadecimal digits."""
    return hashlib.sha256(canonical_text(value).encode("ascii")).hexdigest()


def plain(value: object) -> Plain:
    """The one value that stands for all of the same meaning: ``plain(20.0)`` is the integer 20.

    Names of a mapping come sorted. Raises `ValueError` for what has no canonical form.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _normalised(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, Mapping):
        return plain_mapping(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise ValueError(f"{type(value).__name__} has no canonical form")


def _normalised(text: str) -> str:
    if text.isascii():
        return str(text)
    if any("\ud800" <= character <= "\udfff" for character in text):
        # JSON would write two of them like the one character that such a pair stands for
        raise ValueError("half of a surrogate pair has no canonical form")
    return unicodedata.normalize("NFC", text)


def _number(value: numbers.Real) -> int | float:
    """A whole number as such, so that 20.0 and 20 are one; zero has no sign."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} has no canonical form: identities need finite numbers")
    if number != value:
        raise ValueError(f"{value} has no canonical form: no double is equal to it")
    return int(number) if number.is_integer() else number


def plain_mapping(value: Mapping[Any, object]) -> dict[str, Plain]:
    """The same for a mapping: names sorted, values plain."""
    found: dict[str, Plain] = {}
    for name, item in value.items():
        if not isinstance(name, str):
            raise ValueError("a mapping in an identity needs names as keys")
        name = _normalised(name)
        if name in found:
            raise ValueError(f"a mapping in an identity has {name!r} twice, in two spellings")
        found[name] = plain(item)
    return dict(sorted(found.items()))
