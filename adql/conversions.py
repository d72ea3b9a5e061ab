"""Values brought to one type, so that PostgreSQL never has to guess."""

from __future__ import annotations

import re
from dataclasses import replace

from adql import typed
from adql.errors import AdqlError, Position
from adql.types import (
    DOUBLE,
    GEOMETRIES,
    NULL,
    TIMESTAMP,
    DataType,
    Kind,
    common,
)

_TIMESTAMP = re.compile(
    r"(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(?:[T ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(\.\d+)?)?Z?)?",
    re.ASCII,
)
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}


def is_number(text: str) -> bool:
    """Whether a text is a decimal number."""
    return _NUMBER.fullmatch(text) is not None


def converted(value: typed.Value, wanted: DataType) -> typed.Value:
    """The value in that type; the caller knows that the kinds agree."""
    if value.type == wanted:
        return value
    if isinstance(value, typed.Constant):
        if wanted == DOUBLE and isinstance(value.value, int):
            return replace(value, type=DOUBLE, value=_double(value.value, value.position))
        if value.value is None:
            return replace(value, type=wanted)
    return typed.Cast(wanted, value, meaning=value.meaning, position=value.position)


def _double(number: int, position: Position) -> float:
    try:
        return float(number)
    except OverflowError:
        raise AdqlError("the number is too large", position) from None


def timestamp(text: str, position: Position) -> str:
    """A timestamp as DALI 1.1, section 3.3.3 writes it, checked and without its Z."""
    match = _TIMESTAMP.fullmatch(text.strip())
    if match:
        year, month, day = (int(part) for part in match.group(1, 2, 3))
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        longest = 28 if month == 2 and not leap else _DAYS[month - 1]
        if year > 0 and day <= longest:
            return text.strip().rstrip("Z").replace(" ", "T")
    raise AdqlError(
        f"`{text}` isn't a timestamp", position, "write it as '2003-02-28' or '2003-02-28T12:30:00'"
    )


def as_timestamp(value: typed.Value) -> typed.Value:
    """A text as a timestamp; raises AdqlError for a literal that isn't one."""
    if isinstance(value, typed.Constant) and isinstance(value.value, str):
        return replace(value, type=TIMESTAMP, value=timestamp(value.value, value.position))
    return typed.Cast(TIMESTAMP, value, meaning=value.meaning, position=value.position)


def _as_truth(value: typed.Value, wanted: DataType) -> typed.Value | None:
    if isinstance(value, typed.Constant) and str(value.value).lower() in _TRUTHS:
        return replace(value, type=wanted, value=_TRUTHS[str(value.value).lower()])
    return None


def matched(values: tuple[typed.Value, ...], what: str) -> tuple[typed.Value, ...]:
    """The values brought to one kind; ``what`` says what is done with them, for the error.

    Texts beside timestamps are read as timestamps; 0, 1, 'true' and 'false' beside truth values
    as such. NULL takes the type of the others.
    """
    kinds = {value.type.kind for value in values}
    if Kind.TIMESTAMP in kinds:
        values = tuple(as_timestamp(v) if v.type.kind is Kind.TEXT else v for v in values)
    elif Kind.BOOLEAN in kinds:
        truth = next(v.type for v in values if v.type.kind is Kind.BOOLEAN)
        values = tuple(
            (_as_truth(v, truth) or v) if v.type.kind is not Kind.BOOLEAN else v for v in values
        )
    together = values[0].type
    for value in values[1:]:
        wider = common(together, value.type)
        if wider is None:
            raise AdqlError(
                f"can't {what} {together.kind.value} and {value.type.kind.value}", value.position
            )
        together = wider
    return tuple(
        converted(v, together) if v.type == NULL and together != NULL else v for v in values
    )


def unified(values: tuple[typed.Value, ...], what: str) -> tuple[tuple[typed.Value, ...], DataType]:
    """The values in their one common type, and that type."""
    values = matched(values, what)
    together = values[0].type
    for value in values[1:]:
        together = common(together, value.type) or together
    return tuple(
        v if v.type.postgres == together.postgres else converted(v, together) for v in values
    ), together


def comparable(
    left: typed.Value, right: typed.Value, operator: str = "="
) -> tuple[typed.Value, typed.Value]:
    """Two values that PostgreSQL can compare."""
    first, second = matched((left, right), "compare")
    if first.type.kind in GEOMETRIES and operator not in {"=", "<>"}:
        raise AdqlError(f"{first.type.kind.value} is neither less nor greater", left.position)
    return first, second


def number(value: typed.Value) -> typed.Value:
    """The value, which has to be a number."""
    return _of_kind(value, Kind.NUMBER, DOUBLE)


def double(value: typed.Value) -> typed.Value:
    """The value as a double."""
    return converted(number(value), DOUBLE)


def _of_kind(value: typed.Value, kind: Kind, null_type: DataType) -> typed.Value:
    if value.type.kind is Kind.NULL:
        return converted(value, null_type)
    if value.type.kind is not kind:
        raise AdqlError(f"expected {kind.value}, found {value.type.kind.value}", value.position)
    return value


def constant_number(value: typed.Value) -> float | None:
    """What an expression of number literals alone comes to; ``None`` for any other."""
    if isinstance(value, typed.Constant):
        is_number = isinstance(value.value, int | float) and not isinstance(value.value, bool)
        return float(value.value) if is_number and value.value is not None else None
    if isinstance(value, typed.Signed):
        operand = constant_number(value.operand)
        return operand if operand is None or value.operator == "+" else -operand
    if isinstance(value, typed.Cast) and value.type == DOUBLE:
        return constant_number(value.operand)
    if isinstance(value, typed.Arithmetic):
        left, right = constant_number(value.left), constant_number(value.right)
        if left is None or right is None:
            return None
        if value.operator == "/":
            if right == 0:
                return None
            # Whole numbers divide as PostgreSQL divides them.
            return float(int(left / right)) if value.type.is_integer else left / right
        results = {"+": left + right, "-": left - right, "*": left * right}
        return results[value.operator]
    return None
