"""What a FITS table must hold, as values: its extension, columns and keywords.

FITS 4.0, sections 7.3 (binary tables) and 4.4 (keywords). Writers take formats and units from
here; readers check a file against it with `TableStructure.missing_columns` and the rest.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_FORMAT = re.compile(r"([0-9]*)([A-Z])")
_DTYPES = {"L": "i1", "B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}
#: Letters of formats that a reader takes for one another: a value fits in either.
_EXCHANGEABLE = ("BIJK", "ED", "A", "L")


@dataclass(frozen=True, slots=True)
class Keyword:
    """A header keyword.

    kind: Python's type of its value. unit: of a number, as written in the comment.
    required: whether a reader refuses a file without it. allowed: its only values, if limited.
    """

    name: str
    kind: type[str] | type[int] | type[float]
    meaning: str
    unit: str | None = None
    required: bool = True
    allowed: tuple[str, ...] = ()

    @property
    def comment(self) -> str:
        """The text behind the slash of its card: FITS writes the unit in brackets first."""
        return self.meaning if self.unit is None else f"[{self.unit}] {self.meaning}"

    def accepts(self, value: object) -> bool:
        """Whether a value read from a header has the right type and is one of `allowed`."""
        if self.kind is str:
            return isinstance(value, str) and (not self.allowed or value.strip() in self.allowed)
        if isinstance(value, bool):
            return False
        if self.kind is int:
            # programs that have but one kind of number write 665.0
            return isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return isinstance(value, int | float)


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """A column of a binary table. format: TFORM such as ``1D`` or ``16A``; unit: TUNIT."""

    name: str
    format: str
    meaning: str
    unit: str | None = None

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """NumPy's type of a cell, big-endian as in the file."""
        repeat, letter = _split(self.format)
        if letter == "A":
            return np.dtype(f"S{repeat}")
        scalar = np.dtype(_DTYPES[letter])
        return scalar if repeat == 1 else np.dtype((scalar, (repeat,)))

    def accepts(self, fits_format: str) -> bool:
        """Whether a file's TFORM can be read as this column.

        ``D`` is ``1D``, a real number may have either precision, an integer any length, a text any
        width.
        """
        repeat, letter = _split(self.format)
        other_repeat, other_letter = _split(fits_format)
        alike = any(letter in group and other_letter in group for group in _EXCHANGEABLE)
        return alike and (letter == "A" or repeat == other_repeat)


@dataclass(frozen=True, slots=True)
class TableStructure:
    """A binary table extension: EXTNAME, columns in order, keywords in order."""

    extension: str
    columns: tuple[FitsColumn, ...]
    keywords: tuple[Keyword, ...] = ()

    @property
    def dtype(self) -> np.dtype[np.void]:
        """NumPy's type of a row, big-endian as in the file."""
        return np.dtype([(column.name, column.dtype) for column in self.columns])

    def column(self, name: str) -> FitsColumn:
        """The column of that name; raises KeyError."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def keyword(self, name: str) -> Keyword:
        """The keyword of that name; raises KeyError."""
        for keyword in self.keywords:
            if keyword.name == name:
                return keyword
        raise KeyError(name)

    def missing_columns(self, names: Iterable[str]) -> tuple[str, ...]:
        """Columns that a table with these column names lacks; FITS ignores their case."""
        present = {name.upper() for name in names}
        return tuple(column.name for column in self.columns if column.name not in present)

    def missing_keywords(self, names: Iterable[str]) -> tuple[str, ...]:
        """Required keywords that a header with these keywords lacks."""
        present = {name.upper() for name in names}
        return tuple(k.name for k in self.keywords if k.required and k.name not in present)


def _split(fits_format: str) -> tuple[int, str]:
    match = _FORMAT.match(fits_format.strip().upper())
    if match is None or (match[2] not in _DTYPES and match[2] != "A"):
        return 0, "?"
    return int(match[1] or 1), match[2]
