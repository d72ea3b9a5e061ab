"""Whether two makings of one result agree: to the byte, or within the step's stated tolerance.

Numbers lie within a tolerance as `analysis.steps.Tolerance` says; NaN agrees with NaN. What else a
file holds (names, texts, structure) must be the same. Formats: FITS; JSON; PNG, whose numbers are
the levels of its pixels; tar, member by member. Any other file agrees to the byte or not at all.
Nothing is written: the members of archives are read where they lie.
"""

import json
import math
import tarfile
from pathlib import Path, PurePath
from typing import IO, Any

from analysis.steps import Tolerance

#: The same to the byte.
EXACT = Tolerance()
_LINES = 12
_CHUNK = 1 << 20


def agree(one: Path, other: Path, tolerance: Tolerance = EXACT) -> bool:
    """Whether two files agree; see the module."""
    return difference(one, other, tolerance) is None


def difference(one: Path, other: Path, tolerance: Tolerance = EXACT) -> str | None:
    """In words what differs by more than the tolerance; ``None`` where the files agree.

    one: what is compared with ``other``, whose values count for the relative tolerance.
    """
    with one.open("rb") as mine, other.open("rb") as yours:
        return _difference(other, mine, yours, tolerance)


def _difference(
    name: PurePath, one: IO[bytes], other: IO[bytes], tolerance: Tolerance
) -> str | None:
    """`difference` of two open files; ``name``: the ending says what they are."""
    if _are_same(one, other):
        return None
    if tolerance == EXACT or (compare := _BY_ENDING.get(name.suffix)) is None:
        return "the bytes differ"
    one.seek(0)
    other.seek(0)
    try:
        return compare(one, other, tolerance)
    except (OSError, ValueError, MemoryError, tarfile.TarError) as unreadable:
        return f"the bytes differ, and the files can't be compared ({type(unreadable).__name__})"


def _are_same(one: IO[bytes], other: IO[bytes]) -> bool:
    while True:
        mine, yours = one.read(_CHUNK), other.read(_CHUNK)
        if mine != yours:
            return False
        if not mine:
            return True


def _fits(one: IO[bytes], other: IO[bytes], tolerance: Tolerance) -> str | None:
    from astropy.io import fits

    with fits.open(one, memmap=False) as mine, fits.open(other, memmap=False) as yours:
        # checksums of the parts differ with any bit of them
        found = fits.FITSDiff(
            mine,
            yours,
            rtol=tolerance.relative,
            atol=tolerance.absolute,
            ignore_keywords=["CHECKSUM", "DATASUM"],
            ignore_comments=["CHECKSUM", "DATASUM"],
        )
    if found.identical:
        return None
    report = [line.strip() for line in str(found.report()).splitlines() if line.strip()]
    # it begins with names of the files and with what was ignored
    begin = next((n for n, line in enumerate(report) if line.startswith("Primary HDU")), None)
    begin = next((n for n, line in enumerate(report) if "differ" in line), begin or 0)
    return "; ".join(report[begin : begin + _LINES])


def _json(one: IO[bytes], other: IO[bytes], tolerance: Tolerance) -> str | None:
    mine, yours = (json.loads(file.read().decode("utf-8")) for file in (one, other))
    return _unlike(mine, yours, tolerance, "")


def _unlike(one: Any, other: Any, tolerance: Tolerance, where: str) -> str | None:
    """The first difference between two JSON values, with the place where it is."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        pairs = [(f"{where}.{name}", one[name], other[name]) for name in other]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = [
            (f"{where}[{n}]", mine, yours)
            for n, (mine, yours) in enumerate(zip(one, other, strict=True))
        ]
    elif _is_number(one) and _is_number(other):
        return None if _is_near(one, other, tolerance) else f"{where.lstrip('.')}: {one}, {other}"
    elif type(one) is type(other) and one == other and not isinstance(one, dict | list):
        return None
    else:
        return f"{where.lstrip('.') or 'the whole'}: {_short(one)}, {_short(other)}"
    found = (_unlike(mine, yours, tolerance, place) for place, mine, yours in pairs)
    return next((words for words in found if words is not None), None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_near(one: float, other: float, tolerance: Tolerance) -> bool:
    try:
        if one == other or (math.isnan(one) and math.isnan(other)):
            return True
        if not (math.isfinite(one) and math.isfinite(other)):
            return False
        return abs(one - other) <= tolerance.absolute + tolerance.relative * abs(other)
    except OverflowError:  # whole numbers beyond all doubles
        return False


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _png(one: IO[bytes], other: IO[bytes], tolerance: Tolerance) -> str | None:
    import numpy as np
    from PIL import Image

    with Image.open(one) as mine, Image.open(other) as yours:
        if (mine.size, mine.mode, mine.info) != (yours.size, yours.mode, yours.info):
            return "size, kind or texts of the pictures differ"
        levels, of_other = np.asarray(mine, dtype=float), np.asarray(yours, dtype=float)
    apart = np.abs(levels - of_other)
    beyond = apart > tolerance.absolute + tolerance.relative * of_other
    if not beyond.any():
        return None
    return f"{np.count_nonzero(beyond)} levels of pixels differ, by up to {apart.max():g}"


def _tar(one: IO[bytes], other: IO[bytes], tolerance: Tolerance) -> str | None:
    with tarfile.open(fileobj=one) as mine, tarfile.open(fileobj=other) as yours:
        names = [", ".join(archive.getnames()) for archive in (mine, yours)]
        if names[0] != names[1]:
            return f"it holds {names[0]}; {names[1]}"
        for member, of_other in zip(mine, yours, strict=True):
            if (member.type, member.linkname) != (of_other.type, of_other.linkname):
                return f"{member.name}: another kind of member"
            file, other_file = mine.extractfile(member), yours.extractfile(of_other)
            if not member.isfile() or file is None or other_file is None:
                continue
            with file, other_file:
                words = _difference(PurePath(member.name), file, other_file, tolerance)
            if words is not None:
                return f"{member.name}: {words}"
    return None


_BY_ENDING = {".fits": _fits, ".json": _json, ".png": _png, ".tar": _tar}
