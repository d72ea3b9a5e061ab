"""What a column of a result is: VOTable's FIELD as a value.

VOTable 1.4, sections 2.1 (datatypes), 2.2 (arraysize) and 4.1 (FIELD). A published
`adql.schema.Column` and a column of a query's result both become a `Field` before a writer sees
them; writers know nothing else of a column.
"""

import math
import re
from dataclasses import dataclass
from typing import Protocol, Self

from adql.schema import SpaceSystem, TimeSystem

# Numbers of VOTable that this server writes, and boolean.
PRIMITIVES = ("boolean", "unsignedByte", "short", "int", "long", "float", "double")
STRINGS = ("char", "unicodeChar")
_SIZE = re.compile(r"(?:\d+x)*(?:\d+|\d*\*)")
# DALI 1.1, section 3.3: how many numbers a geometry has
_GEOMETRIES = {"point": "2", "circle": "3", "polygon": "*"}


class Described(Protocol):
    """Whatever carries a column's metadata: a published column, or one of a query's result."""

    @property
    def name(self) -> str: ...
    @property
    def datatype(self) -> str: ...
    @property
    def arraysize(self) -> str | None: ...
    @property
    def xtype(self) -> str | None: ...
    @property
    def unit(self) -> str | None: ...
    @property
    def ucd(self) -> str | None: ...
    @property
    def utype(self) -> str | None: ...
    @property
    def description(self) -> str | None: ...
    @property
    def system(self) -> SpaceSystem | TimeSystem | None: ...


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table that is written.

    name, datatype, arraysize, xtype, unit, ucd, utype, description: VOTable's.
    arraysize: ``None`` for one value, ``"*"`` or ``"12*"`` for a varying number (strings are arrays
    of characters), ``"12"`` for exactly that many, ``"3x4"`` for an array of several dimensions,
    whose cells are lists of all elements.
    system: what its positions or times are counted from; VOTable's COOSYS or TIMESYS.
    """

    name: str
    datatype: str
    arraysize: str | None = None
    xtype: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    description: str | None = None
    system: SpaceSystem | TimeSystem | None = None

    def __post_init__(self) -> None:
        """Refuse what no writer can write; raises ``ValueError``."""
        if self.datatype not in PRIMITIVES + STRINGS:
            raise ValueError(f"column {self.name}: no datatype {self.datatype!r} in VOTable")
        size = self.arraysize
        if size is not None and not _SIZE.fullmatch(size):
            raise ValueError(f"column {self.name}: arraysize {size!r} is not supported")

    @classmethod
    def of(cls, column: Described) -> Self:
        """The field that a published column, or a column of a result, is written as.

        A geometry has as many numbers as its xtype says, whether or not the column says so too.
        """
        geometry = _GEOMETRIES.get(column.xtype or "") if column.datatype == "double" else None
        return cls(
            name=column.name,
            datatype=column.datatype,
            arraysize=column.arraysize or geometry,
            xtype=column.xtype,
            unit=column.unit,
            ucd=column.ucd,
            utype=column.utype,
            description=column.description or None,
            system=column.system,
        )

    @property
    def is_string(self) -> bool:
        """Whether a cell is text."""
        return self.datatype in STRINGS

    @property
    def is_array(self) -> bool:
        """Whether a cell is an array of numbers."""
        return not self.is_string and self.arraysize is not None

    @property
    def fixed_size(self) -> int | None:
        """How many values (or characters) each cell has, ``None`` where cells differ."""
        if self.arraysize is None:
            return 1
        if self.arraysize.endswith("*"):
            return None
        return math.prod(map(int, self.arraysize.split("x")))
