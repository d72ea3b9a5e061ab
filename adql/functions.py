"""The functions that ADQL calls by name, each said once.

A function is one value: its signatures, its SQL, what its result means, its description. The
language's own are in `BUILT_IN` (ADQL 2.1, section 2.3 and 4.4); user defined functions are
values of the same class, handed to the resolver beside them. Geometry is in `adql.geometry`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from adql import typed, units
from adql.errors import Position
from adql.types import DOUBLE, INT, LONG, NO_MEANING, TEXT, DataType, Kind, Meaning

#: From a call's arguments to what the result means.
MeaningRule = Callable[[Sequence[typed.Value]], Meaning]

#: From a call's arguments and its place to the value; raises AdqlError.
Builder = Callable[[Sequence[typed.Value], Position], typed.Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter. A parameter of type ``double`` takes any number, one of ``long`` whole ones."""

    name: str
    type: DataType


@dataclass(frozen=True, slots=True)
class Signature:
    """One way to call a function.

    sql: PostgreSQL's expression, with the arguments in the places ``{0}``, ``{1}``; they come in
        the types that the parameters have.
    """

    parameters: tuple[Parameter, ...]
    result: DataType
    sql: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function and all that is to be known of it.

    is_aggregate: a set function. is_condition: the SQL is a condition; the value is 1 where it
    holds, otherwise 0, and an index can serve ``1 = f(...)``.
    build: makes the value of a call, where that isn't the signature's SQL.
    reads_data: what a call means may change while the schema doesn't, since ``build`` looks
    something up.
    """

    name: str
    description: str
    signatures: tuple[Signature, ...]
    meaning: MeaningRule = lambda arguments: NO_MEANING
    is_aggregate: bool = False
    is_condition: bool = False
    build: Builder | None = None
    reads_data: bool = False

    def value(
        self, signature: Signature, arguments: tuple[typed.Value, ...], position: Position
    ) -> typed.Value:
        """The value of a call whose arguments have the types that the signature wants."""
        if self.build is not None:
            return self.build(arguments, position)
        kind = typed.Call
        if self.is_aggregate:
            kind = typed.AggregateCall
        elif self.is_condition:
            kind = typed.Test
        return kind(signature.result, signature.sql, arguments, meaning=self.meaning(arguments))

    def forms(self) -> tuple[str, ...]:
        """The signatures as TAPRegExt 1.0, section 2.3 writes them."""
        return tuple(
            f"{self.name}({', '.join(f'{p.name} {adql_type(p.type)}' for p in s.parameters)})"
            f" -> {adql_type(s.result)}"
            for s in self.signatures
        )


def adql_type(data_type: DataType) -> str:
    """A type's name in ADQL 2.1, section 3."""
    kind = data_type.kind
    if kind is Kind.NUMBER:
        names = {"short": "SMALLINT", "int": "INTEGER", "long": "BIGINT", "float": "REAL"}
        return names.get(data_type.datatype, "DOUBLE")
    if kind is Kind.BOOLEAN:
        return "BOOLEAN"
    if kind is Kind.ARRAY:
        return adql_type(DataType(data_type.datatype)) + "[]"
    return "VARCHAR" if kind in {Kind.TEXT, Kind.NULL} else kind.name


def by_name(functions: Iterable[Function]) -> dict[str, Function]:
    """Functions by their names in upper case."""
    return {function.name.upper(): function for function in functions}


def _same(arguments: Sequence[typed.Value]) -> Meaning:
    first = arguments[0].meaning
    return Meaning(first.unit, first.ucd)


def _unit(unit: str) -> MeaningRule:
    return lambda arguments: Meaning(unit)


def _square_root(arguments: Sequence[typed.Value]) -> Meaning:
    return Meaning(units.raised(arguments[0].meaning.unit, 0.5))


def _power(arguments: Sequence[typed.Value]) -> Meaning:
    exponent = arguments[1]
    while isinstance(exponent, typed.Cast):
        exponent = exponent.operand
    if isinstance(exponent, typed.Constant) and isinstance(exponent.value, int | float):
        return Meaning(units.raised(arguments[0].meaning.unit, exponent.value))
    return NO_MEANING


def _numeric(
    name: str, sql: str, description: str, meaning: MeaningRule | None = None, parameters: str = "x"
) -> Function:
    """A function of doubles that gives a double."""
    signature = Signature(tuple(Parameter(p, DOUBLE) for p in parameters.split()), DOUBLE, sql)
    return Function(name, description, (signature,), meaning or (lambda arguments: NO_MEANING))


_X = Parameter("x", DOUBLE)
_DIGITS = Parameter("n", INT)
_NONE: tuple[Parameter, ...] = ()

# Digits are counted on the shortest decimal that stands for the double, which its text is; a
# direct cast from double to numeric would keep 15 digits only.
_DECIMAL = "{0}::text::numeric"

BUILT_IN = by_name(
    (
        Function(
            "ABS",
            "The absolute value of x",
            (
                Signature((Parameter("x", LONG),), LONG, "abs({0})"),
                Signature((_X,), DOUBLE, "abs({0})"),
            ),
            _same,
        ),
        _numeric("CEILING", "ceiling({0})", "The smallest integer not less than x", _same),
        _numeric("DEGREES", "degrees({0})", "Radians to degrees", _unit("deg")),
        _numeric("EXP", "exp({0})", "e to the power of x"),
        _numeric("FLOOR", "floor({0})", "The largest integer not greater than x", _same),
        _numeric("LOG", "ln({0})", "The natural logarithm of x"),
        _numeric("LOG10", "log({0})", "The logarithm of x to base 10"),
        Function(
            "MOD",
            "The remainder of x / y, with the sign of x",
            (
                Signature((Parameter("x", LONG), Parameter("y", LONG)), LONG, "mod({0}, {1})"),
                Signature(
                    (_X, Parameter("y", DOUBLE)),
                    DOUBLE,
                    "mod({0}::text::numeric, {1}::text::numeric)::double precision",
                ),
            ),
            _same,
        ),
        Function("PI", "The number pi", (Signature(_NONE, DOUBLE, "pi()"),)),
        _numeric("POWER", "power({0}, {1})", "x to the power of y", _power, "x y"),
        _numeric("RADIANS", "radians({0})", "Degrees to radians", _unit("rad")),
        Function(
            "RAND",
            "A random number between 0 and 1; the argument has no meaning",
            (Signature(_NONE, DOUBLE, "random()"), Signature((_X,), DOUBLE, "random()")),
        ),
        Function(
            "ROUND",
            "x rounded to n decimal places, 0 if not given",
            (
                Signature((_X,), DOUBLE, f"round({_DECIMAL})::double precision"),
                Signature((_X, _DIGITS), DOUBLE, f"round({_DECIMAL}, {{1}})::double precision"),
            ),
            _same,
        ),
        _numeric("SQRT", "sqrt({0})", "The square root of x", _square_root),
        Function(
            "TRUNCATE",
            "x cut to n decimal places, 0 if not given",
            (
                Signature((_X,), DOUBLE, "trunc({0})"),
                Signature((_X, _DIGITS), DOUBLE, f"trunc({_DECIMAL}, {{1}})::double precision"),
            ),
            _same,
        ),
        _numeric("ACOS", "acos({0})", "The arc cosine of x, in radians", _unit("rad")),
        _numeric("ASIN", "asin({0})", "The arc sine of x, in radians", _unit("rad")),
        _numeric("ATAN", "atan({0})", "The arc tangent of x, in radians", _unit("rad")),
        _numeric(
            "ATAN2", "atan2({0}, {1})", "The angle of (x, y), in radians", _unit("rad"), "y x"
        ),
        _numeric("COS", "cos({0})", "The cosine of x radians"),
        _numeric("COT", "cot({0})", "The cotangent of x radians"),
        _numeric("SIN", "sin({0})", "The sine of x radians"),
        _numeric("TAN", "tan({0})", "The tangent of x radians"),
        Function(
            "LOWER",
            "A text in lower case",
            (Signature((Parameter("text", TEXT),), TEXT, "lower({0})"),),
            _same,
        ),
        Function(
            "UPPER",
            "A text in upper case",
            (Signature((Parameter("text", TEXT),), TEXT, "upper({0})"),),
            _same,
        ),
    )
)
