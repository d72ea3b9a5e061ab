"""What a value is: its type, its unit and what it means.

Types are VOTable's (datatype, arraysize, xtype; VOTable 1.4, section 2 and DALI 1.1, section 3);
each has one PostgreSQL type, said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from adql.schema import Column, SpaceSystem, TimeSystem


class Kind(Enum):
    """Families of types within which values can be compared."""

    NUMBER = "a number"
    TEXT = "a text"
    TIMESTAMP = "a timestamp"
    BOOLEAN = "a truth value"
    POINT = "a point"
    CIRCLE = "a circle"
    POLYGON = "a polygon"
    ARRAY = "an array"
    NULL = "NULL"  #: Has no type of its own and goes with every other


GEOMETRIES = frozenset({Kind.POINT, Kind.CIRCLE, Kind.POLYGON})
REGIONS = frozenset({Kind.CIRCLE, Kind.POLYGON})

_RANK = {"unsignedByte": 0, "short": 1, "int": 2, "long": 3, "float": 4, "double": 5}

_NUMBERS = {
    "unsignedByte": "smallint",
    "short": "smallint",
    "int": "integer",
    "long": "bigint",
    "float": "real",
    "double": "double precision",
}

_BY_KIND = {
    Kind.TEXT: "text",
    Kind.NULL: "text",
    Kind.TIMESTAMP: "timestamp",
    Kind.BOOLEAN: "boolean",
    Kind.POINT: "spoint",
    Kind.CIRCLE: "scircle",
    Kind.POLYGON: "spoly",
}


@dataclass(frozen=True, slots=True)
class DataType:
    """A type as VOTable writes it."""

    datatype: str
    arraysize: str | None = None
    xtype: str | None = None

    @property
    def kind(self) -> Kind:
        """The family it belongs to."""
        return _kind(self)

    @property
    def is_integer(self) -> bool:
        """Whether its values are whole numbers."""
        return self.kind is Kind.NUMBER and _RANK[self.datatype] <= _RANK["long"]

    @property
    def postgres(self) -> str:
        """The type that PostgreSQL computes with."""
        kind = self.kind
        if kind is Kind.NUMBER:
            return _NUMBERS[self.datatype]
        if kind is Kind.ARRAY:
            return _NUMBERS.get(self.datatype, "text") + "[]"
        return _BY_KIND[kind]

    @property
    def postgres_output(self) -> str:
        """The type that leaves PostgreSQL: geometries as arrays of degrees, timestamps as text."""
        kind = self.kind
        if kind in GEOMETRIES:
            return "double precision[]"
        return "text" if kind is Kind.TIMESTAMP else self.postgres


@lru_cache(maxsize=1024)
def _kind(data_type: DataType) -> Kind:
    if data_type.xtype in {"point", "circle", "polygon"}:
        return Kind[data_type.xtype.upper()]
    if data_type.xtype == "adql:REGION":
        return Kind.POLYGON
    if data_type == NULL:
        return Kind.NULL
    if data_type.xtype == "timestamp":
        return Kind.TIMESTAMP
    if data_type.datatype in {"char", "unicodeChar"}:
        return Kind.TEXT
    if data_type.arraysize not in {None, "1"}:
        return Kind.ARRAY
    if data_type.datatype == "boolean":
        return Kind.BOOLEAN
    return Kind.NUMBER if data_type.datatype in _RANK else Kind.ARRAY


NULL = DataType("char", "*", "null")  #: Never leaves the room: an output column of NULLs is text
SHORT = DataType("short")
INT = DataType("int")
LONG = DataType("long")
FLOAT = DataType("float")
DOUBLE = DataType("double")
TEXT = DataType("char", "*")
UNICODE_TEXT = DataType("unicodeChar", "*")
TIMESTAMP = DataType("char", "*", "timestamp")
INT_ARRAY = DataType("int", "*")
POINT = DataType("double", "2", "point")
CIRCLE = DataType("double", "3", "circle")
POLYGON = DataType("double", "*", "polygon")


def wider(left: DataType, right: DataType) -> DataType:
    """The type of a sum of two numbers: PostgreSQL's rules."""
    if {left.datatype, right.datatype} & {"double"}:
        return DOUBLE
    if "float" in {left.datatype, right.datatype}:
        return FLOAT if left.datatype == right.datatype else DOUBLE
    widest = max(left.datatype, right.datatype, key=_RANK.__getitem__)
    return DataType("short" if widest == "unsignedByte" else widest)


def common(left: DataType, right: DataType) -> DataType | None:
    """The type that holds the values of both, or ``None`` where there is none."""
    if left.kind is Kind.NULL:
        return right
    if right.kind is Kind.NULL or left == right:
        return left
    if left.kind is not right.kind:
        return None
    if left.kind is Kind.NUMBER:
        return wider(left, right)
    if left.kind is Kind.TEXT:
        unicode = "unicodeChar" in {left.datatype, right.datatype}
        return UNICODE_TEXT if unicode else TEXT
    if left.kind is Kind.ARRAY:
        return DataType(left.datatype, "*") if left.datatype == right.datatype else None
    return DataType(
        left.datatype, "*" if left.kind is Kind.TIMESTAMP else left.arraysize, left.xtype
    )


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value stands for. A number whose unit is ``None`` has none.

    system: only a column that is given as it was published has one.
    """

    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    description: str = ""
    system: SpaceSystem | TimeSystem | None = None


NO_MEANING = Meaning()


def of_column(column: Column) -> tuple[DataType, Meaning]:
    """Type and meaning of a published column."""
    return (
        DataType(column.datatype, column.arraysize, column.xtype),
        Meaning(column.unit, column.ucd, column.utype, column.description, column.system),
    )
