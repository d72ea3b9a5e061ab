"""Which of a function's signatures a call means, and its arguments as that one takes them."""

from __future__ import annotations

from adql import typed
from adql.conversions import as_timestamp, converted
from adql.errors import AdqlError, Position
from adql.functions import Function, Signature
from adql.types import DataType, Kind


def chosen(function: Function, arguments: tuple[typed.Value, ...], position: Position) -> Signature:
    """The first signature that the arguments fit; raises AdqlError where none is."""
    for signature in function.signatures:
        if len(signature.parameters) == len(arguments) and all(
            _fits(argument, parameter.type)
            for argument, parameter in zip(arguments, signature.parameters, strict=True)
        ):
            return signature
    found = ", ".join(argument.type.kind.value for argument in arguments) or "nothing"
    raise AdqlError(
        f"{function.name} doesn't take {found}", position, "write " + " or ".join(function.forms())
    )


def _fits(argument: typed.Value, wanted: DataType) -> bool:
    kind = argument.type.kind
    if kind is Kind.NULL:
        return True
    if kind is Kind.TEXT and wanted.kind is Kind.TIMESTAMP:
        return True
    if kind is not wanted.kind:
        return False
    return kind is not Kind.NUMBER or not wanted.is_integer or argument.type.is_integer


def passed(argument: typed.Value, wanted: DataType) -> typed.Value:
    """The argument in the type in which a function's SQL takes it."""
    if argument.type.kind is Kind.TEXT:
        return argument if wanted.kind is Kind.TEXT else as_timestamp(argument)
    return converted(argument, wanted)
