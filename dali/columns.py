"""Arrow columns as a field declares them, and their bytes, with no Python object per row.

What PostgreSQL gives and what the result's metadata say may differ in width (a `numeric` sum for
a declared `long`); here the column takes the declared type, so that every format tells the same.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dali.fields import Field

_ARROW = {
    "boolean": pa.bool_(),
    "unsignedByte": pa.uint8(),
    "short": pa.int16(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "char": pa.string(),
    "unicodeChar": pa.string(),
}

# TAP 1.0, section 2.5: a region as text, still what ObsCore wants of s_region
REGION = "adql:REGION"

_LAST_ASCII = 0x7F

#: after each polygon a comma, as after each number within it
_BRACE_TO_COMMA = bytes.maketrans(b"}", b",")

Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class ColumnError(Exception):
    """A column's values don't fit what its field declares: a fault of the server's metadata."""


def arrow_type(field: Field) -> pa.DataType:
    """The Arrow type of a field's column."""
    element = _ARROW[field.datatype]
    return pa.list_(element) if field.is_array else element


def as_declared(field: Field, column: pa.Array) -> pa.Array:
    """The column in its field's Arrow type; raises `ColumnError` where a value has no place there.

    Timestamps become text as DALI writes them (section 3.3.3: ``YYYY-MM-DDThh:mm:ss[.f]``, UTC
    without a zone). Bytes are polygons as pgSphere writes them.
    """
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if pa.types.is_binary(column.type):
        column = _polygons(field, column)
    wanted = arrow_type(field)
    if column.type == wanted:
        return column
    try:
        if field.is_string and pa.types.is_timestamp(column.type):
            return _timestamp_text(column)
        if field.is_string and pa.types.is_list(column.type):
            return _region_text(field, column)
        return pc.cast(column, wanted, safe=not pa.types.is_floating(_innermost(wanted)))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as exc:
        raise ColumnError(f"column {field.name} is no {field.datatype}: {exc}") from exc


def _innermost(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_list(kind) else kind


def _timestamp_text(column: pa.Array) -> pa.Array:
    """UTC, with as many digits of a second as the value has."""
    if column.type.tz is not None:
        column = pc.cast(column, pa.timestamp(column.type.unit, "UTC"))
        column = pc.local_timestamp(column)
    text = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S")
    if column.type.unit == "s":
        return text
    # as many digits as the unit has (six for microseconds), which end in zeros
    return pc.replace_substring_regex(text, r"\.?0+$", "").cast(pa.string())


def _polygons(field: Field, column: pa.Array) -> pa.Array:
    """Lists of degrees from ``{(longitude , latitude),...}`` in radians.

    To 1e-11 degrees: what was stored as 83.63 comes back so, not as 83.63000000000001.
    """
    if field.xtype not in (REGION, "polygon"):
        raise ColumnError(f"column {field.name} is no polygon, but bytes")
    column = column.cast(pa.string())
    _, data = text_bytes(column)
    numbers = data.tobytes().translate(_BRACE_TO_COMMA, b"(){ ").decode()
    if numbers:
        words = pc.split_pattern(pa.array([numbers[:-1]]), ",").flatten()
        radians = pc.cast(words, pa.float64()).to_numpy()
        degrees = np.round(np.degrees(radians) * 1e11) / 1e11
    else:
        degrees = np.empty(0)
    corners = pc.fill_null(pc.count_substring(column, "("), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate(([0], np.cumsum(2 * corners, dtype=np.int32)))
    starts = pa.array(offsets.astype(np.int32), mask=np.append(~present(column), False))
    return pa.ListArray.from_arrays(starts, pa.array(degrees))


def _region_text(field: Field, column: pa.Array) -> pa.Array:
    """Polygons in degrees as ObsCore 1.1 and TAP 1.0 have them: STC-S, ``Polygon ICRS …``."""
    if field.xtype != REGION:
        raise ColumnError(f"column {field.name} is no text, but arrays")
    corners = joined_lists(column, pc.cast(column.flatten(), pa.string()))
    return pc.binary_join_element_wise("Polygon ICRS", corners, " ")


def joined_lists(column: pa.Array, elements: pa.Array, between: str = " ") -> pa.Array:
    """Text of a list column, from the texts of its elements, NULL for NULL.

    elements: those of all lists, one after the other, as ``column.flatten()`` has them.
    """
    lengths = pc.fill_null(pc.list_value_length(column), 0)
    ends = pc.cast(pc.cumulative_sum(lengths), pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, elements), between)
    return pc.if_else(pc.is_valid(column), joined, pa.scalar(None, pa.string()))


def present(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Where the column isn't NULL."""
    if column.null_count == 0:
        return np.ones(len(column), dtype=np.bool_)
    return np.asarray(column.is_valid().to_numpy(zero_copy_only=False), dtype=np.bool_)


def text_bytes(column: pa.Array) -> tuple[Offsets, Bytes]:
    """UTF-8 of a string column: where each row starts and ends, and all bytes. NULL is empty."""
    if column.null_count:
        column = pc.fill_null(column, "")
    _, offsets_buffer, data_buffer = column.buffers()
    offsets: Offsets = np.frombuffer(offsets_buffer, dtype=np.int32)[
        column.offset : column.offset + len(column) + 1
    ].astype(np.int64)
    if data_buffer is None:
        return offsets, np.empty(0, dtype=np.uint8)
    data = np.frombuffer(data_buffer, dtype=np.uint8)[offsets[0] : offsets[-1]]
    return offsets - offsets[0], data


def ascii_text(column: pa.Array) -> pa.Array:
    """Strings in which ``?`` stands for whatever isn't ASCII: what VOTable's char can hold."""
    _, data = text_bytes(column)
    if not data.size or data.max() <= _LAST_ASCII:
        return column
    return pc.replace_substring_regex(column, r"[^\x00-\x7F]", "?")


def utf16_bytes(column: pa.Array) -> tuple[Offsets, Bytes]:
    """UTF-16 (big endian, no byte order mark) of a string column, as `text_bytes`.

    Offsets count bytes. A character beyond the basic plane takes two units.
    """
    offsets, data = text_bytes(column)
    encoded = np.frombuffer(data.tobytes().decode().encode("utf-16-be"), dtype=np.uint8)
    # units that each byte of UTF-8 begins: none in mid-character, two for the longest characters
    units = ((data & 0xC0) != 0x80).astype(np.int64) + (data >= 0xF0)
    before = np.concatenate(([0], np.cumsum(units)))
    return 2 * before[offsets], encoded


def list_bytes(field: Field, column: pa.Array, null: int = 0) -> tuple[Offsets, Bytes, int]:
    """Elements of a list column, big endian: offsets in bytes, all bytes, bytes per element.

    A NULL array is empty, a NULL element is NaN, or ``null`` where there is no NaN.
    """
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    elements = column.flatten()
    data = primitive_bytes(field.datatype, elements, null)
    width = data.shape[1] if data.ndim == 2 else 1
    offsets = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64))) * width
    return offsets, data.reshape(-1), width


_BIG_ENDIAN = {
    "unsignedByte": ">u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}


def primitive_bytes(datatype: str, column: pa.Array, null: int = 0) -> Bytes:
    """Bytes of single values as BINARY2 has them, of shape (rows, width).

    VOTable 1.4, section 5.4: big endian; a boolean is ``T``, ``F``, or ``?`` for NULL. Other NULLs
    are NaN, or ``null`` where there is no NaN; BINARY2 has a mask that tells them.
    """
    if datatype == "boolean":
        values = pc.fill_null(column, False).to_numpy(zero_copy_only=False).astype(np.bool_)
        letters = np.where(values, ord("T"), ord("F")).astype(np.uint8)
        letters[~present(column)] = ord("?")
        return letters[:, None]
    kind = np.dtype(_BIG_ENDIAN[datatype])
    filled = pc.fill_null(column, float("nan") if kind.kind == "f" else null)
    values = filled.to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(values.astype(kind)).view(np.uint8).reshape(-1, kind.itemsize)
