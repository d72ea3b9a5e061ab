"""Positions and regions in uploaded tables, as pgSphere reads them: always in ICRS.

DALI 1.1, sections 3.3.5 to 3.3.7 (numbers, in the frame of the column's COOSYS), and STC-S as of
TAP 1.0, section 2.5 (texts that name their frame). What is counted in another frame is turned into
ICRS, since that is what all geometries of a query are in; so it leaves again as well.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from adql import frames
from adql.schema import Column, SpaceSystem
from dali.errors import DaliError

_POINT, _CIRCLE, _POLYGON = "spoint", "scircle", "spoly"
#: pgSphere's types by the xtypes of numbers.
BY_XTYPE = {"point": _POINT, "circle": _CIRCLE, "polygon": _POLYGON}
_SIZES = {_POINT: "2", _CIRCLE: "3", _POLYGON: "*"}
_WORDS = {_POINT: "a point", _CIRCLE: "a circle", _POLYGON: "a polygon"}
_COUNTS: dict[str, Callable[[int], bool]] = {
    _POINT: lambda n: n == 2,
    _CIRCLE: lambda n: n == 3,
    _POLYGON: lambda n: n >= 6 and n % 2 == 0,
}
_ICRS = "ICRS"

# STC-S: the shape, then where wanted frame, reference position and flavour, then numbers
_STC = re.compile(
    r"\s*(?P<shape>[a-z]\w*)(?P<words>(?:\s+[a-z]\w*)*)(?P<numbers>(?:\s+[-+.\d]\S*)+)\s*", re.I
)
_STC_SHAPES = {"POSITION": _POINT, "CIRCLE": _CIRCLE, "POLYGON": _POLYGON}
_STC_PLACES = {"GEOCENTER", "BARYCENTER", "HELIOCENTER", "TOPOCENTER", "UNKNOWNREFPOS"}
_STC_FLAVOUR = "SPHERICAL2"


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """A column's declaration, the values that are sent, and the pgSphere type of their text."""

    column: Column
    values: pa.Array
    shape: str | None = None


def of_numbers(column: Column, values: pa.Array) -> StoredColumn:
    """Cells of degrees; without numbers, there is no shape. Raises `DaliError`."""
    xtype = (column.xtype or "").lower()
    shape = BY_XTYPE[xtype]
    frame = _frame(column)
    texts = []
    for row, cell in enumerate(values.to_pylist(), 1):
        numbers = [number for number in cell or () if number is not None]
        texts.append(_text(column.name, row, numbers, shape, frame) if numbers else None)
    system = column.system
    if isinstance(system, SpaceSystem) and frame != _ICRS:
        system = SpaceSystem(_ICRS, epoch=system.epoch)
    column = replace(column, datatype="double", arraysize=_SIZES[shape], xtype=xtype, system=system)
    return StoredColumn(column, pa.array(texts, pa.string()), shape)


def _frame(column: Column) -> str:
    """The frame that a column's positions are counted in; ICRS where it doesn't say."""
    system = column.system
    if not isinstance(system, SpaceSystem):
        return _ICRS
    frame = frames.known(system.frame, system.equinox)
    if frame is None:
        shown = f"{system.frame} {system.equinox or ''}".strip()
        raise DaliError(
            f"column {column.name}: its positions are counted in {shown!r}, which isn't known "
            f"here; send them in one of {', '.join(frames.FRAMES)}"
        )
    return frame


def of_stc(column: Column, values: pa.Array) -> StoredColumn:
    """Texts, unless all are positions, or all are polygons, of frames that are known."""
    cells = values.to_pylist()
    read = [None if text is None else _stc(text) for text in cells]
    shapes = {found[0] for found in read if found}
    wanted = _POINT if (column.xtype or "").lower() == "adql:point" else _POLYGON
    if shapes != {wanted} or any(
        found is None and text is not None for found, text in zip(read, cells, strict=True)
    ):
        return StoredColumn(replace(column, arraysize="*", xtype=None), values)
    texts = [
        found and _text(column.name, row, found[2], wanted, found[1])
        for row, found in enumerate(read, 1)
    ]
    if wanted == _POINT:
        column = replace(column, datatype="double", arraysize="2", xtype="point")
    else:
        column = replace(column, arraysize="*", xtype="adql:REGION")
    return StoredColumn(column, pa.array(texts, pa.string()), wanted)


def _stc(text: str) -> tuple[str, str, list[float]] | None:
    """Shape, frame and numbers of a region in STC-S, ``None`` for what isn't understood."""
    found = _STC.fullmatch(text)
    shape = _STC_SHAPES.get(found["shape"].upper()) if found else None
    if found is None or shape is None:
        return None
    words = found["words"].upper().split()
    frame: str | None = _ICRS
    if words and words[0] not in (_STC_FLAVOUR, *_STC_PLACES):
        frame = frames.known(words.pop(0))
    if words and words[0] in _STC_PLACES:
        words.pop(0)
    if frame is None or words not in ([], [_STC_FLAVOUR]):
        return None
    try:
        return shape, frame, [float(word) for word in found["numbers"].split()]
    except ValueError:
        return None


def _text(name: str, row: int, numbers: list[float], shape: str, frame: str) -> str:
    """A shape as pgSphere reads it."""
    if not _COUNTS[shape](len(numbers)) or not np.isfinite(numbers).all():
        raise DaliError(f"column {name}, row {row}: these numbers are not {_WORDS[shape]}")
    positions = list(_pairs(numbers[:2] if shape == _CIRCLE else numbers))
    if any(abs(latitude) > 90 or abs(longitude) > 360 for longitude, latitude in positions):
        raise DaliError(
            f"column {name}, row {row}: {_WORDS[shape]} has longitudes from 0 to 360 and latitudes "
            "from -90 to 90 degrees"
        )
    if shape == _CIRCLE and not 0 <= numbers[2] <= 90:
        raise DaliError(f"column {name}, row {row}: a radius is from 0 to 90 degrees")
    if frame != _ICRS:
        positions = [frames.to_icrs(frame, *position) for position in positions]
    corners = [f"({longitude!r}d,{latitude!r}d)" for longitude, latitude in positions]
    if shape == _POLYGON:
        return "{" + ",".join(corners) + "}"
    return corners[0] if shape == _POINT else f"<{corners[0]},{numbers[2]!r}d>"


def _pairs(numbers: list[float]) -> Iterator[tuple[float, float]]:
    return zip(numbers[::2], numbers[1::2], strict=True)
