"""Reading FITS products of any origin: what is missing is named by file, extension and column."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from astropy import units
from astropy.io import fits
from numpy.typing import NDArray

from analysis.errors import AnalysisError

Array = NDArray[np.float64]

#: Texts that the mission's templates leave in keywords that nothing has filled.
PLACEHOLDERS = {"String", "Real", "Integer", "Boolean", "UTC_format", "OBT_format", ""}


class ProductFileError(AnalysisError):
    """A file is no FITS file, or lacks a part that a product of its kind has."""


@contextmanager
def opened(path: Path) -> Iterator[fits.HDUList]:
    """The extensions of a FITS file, plain or compressed; raises `ProductFileError`."""
    try:
        hdus = fits.open(path, memmap=False)
    except OSError:
        raise ProductFileError(f"{path.name}: no FITS file that can be read") from None
    with hdus:
        yield hdus


def tables(
    path: Path, hdus: fits.HDUList, what: str, wanted: Callable[[fits.BinTableHDU], bool]
) -> list[fits.BinTableHDU]:
    """The tables for which ``wanted`` holds; raises `ProductFileError` where there is none.

    what: what is looked for, in words for the error.
    """
    found = [hdu for hdu in hdus if isinstance(hdu, fits.BinTableHDU) and wanted(hdu)]
    if not found:
        present = ", ".join(hdu.name or "without name" for hdu in hdus)
        raise ProductFileError(f"{path.name}: no extension holds {what} (there are: {present})")
    return found


def column(
    path: Path, hdu: fits.BinTableHDU, name: str, unit: str | None = None
) -> NDArray[np.generic]:
    """A column as it is, or as numbers in ``unit`` where the column states another.

    Raises `ProductFileError` where it is missing or in a unit that can't be converted. A column
    without unit is in ``unit``: the mission's files often leave it out.
    """
    stated = {column.name.upper(): column.unit for column in hdu.columns}
    if name not in stated:
        raise ProductFileError(f"{path.name}, extension {hdu.name}: no column {name}")
    # FITS is big-endian, the machine isn't
    values = np.asarray(hdu.data[name])
    if values.dtype.kind in "iuf":
        values = values.astype(values.dtype.newbyteorder("="))
    if unit is None or not stated[name]:
        return values
    try:
        factor = units.Unit(stated[name]).to(units.Unit(unit))
    except (units.UnitConversionError, ValueError):
        raise ProductFileError(
            f"{path.name}, extension {hdu.name}: column {name} is in {stated[name]}, not in {unit}"
        ) from None
    return np.asarray(values if factor == 1 else values * factor)


def numbers(path: Path, hdu: fits.BinTableHDU, name: str, unit: str | None = None) -> Array:
    """A column as float64; see `column`."""
    return np.asarray(column(path, hdu, name, unit), dtype=np.float64)


def optional_numbers(
    path: Path, hdu: fits.BinTableHDU, name: str, unit: str | None = None
) -> Array | None:
    """A column as float64, ``None`` where it is missing."""
    has_it = name in {column.name.upper() for column in hdu.columns}
    return numbers(path, hdu, name, unit) if has_it else None


def keyword_number(
    path: Path, hdu: fits.BinTableHDU, keyword: str, default: float | None = None
) -> float:
    """A number of the header; raises `ProductFileError` where it is missing without default.

    Text such as ``Real`` is what the mission's templates leave where nothing was filled in.
    """
    value = hdu.header.get(keyword)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if default is None:
        raise ProductFileError(f"{path.name}, extension {hdu.name}: no number in keyword {keyword}")
    return default


def keyword_text(hdu: fits.BinTableHDU, keyword: str) -> str:
    """A text of the header, empty where it is missing or nothing was filled in."""
    value = hdu.header.get(keyword, "")
    text = value.strip() if isinstance(value, str) else ""
    return "" if text in PLACEHOLDERS else text
