"""The typed tree: names bound to columns, every value with its type and meaning.

`adql.resolver` makes it, `adql.postgres` writes it as SQL. Columns are named by what SQL will
call them, so that no name of a user's query has to mean the same in PostgreSQL. Meanings and
positions take no part in comparisons: two values are equal if they compute the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adql.errors import START, Position
from adql.types import NO_MEANING, DataType, Meaning


@dataclass(frozen=True, slots=True)
class Value:
    """Something that has a value."""

    type: DataType
    meaning: Meaning = field(default=NO_MEANING, compare=False, kw_only=True)
    position: Position = field(default=START, compare=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Constant(Value):
    """A literal; ``value`` is ``None`` for NULL. Numbers keep the digits that were written."""

    value: int | float | str | None


@dataclass(frozen=True, slots=True)
class ColumnValue(Value):
    """A column of a table, or of a subquery, in FROM. ``scope``: the number of that SELECT."""

    relation: str
    column: str
    scope: int


@dataclass(frozen=True, slots=True)
class Signed(Value):
    """A number with a sign."""

    operator: str
    operand: Value


@dataclass(frozen=True, slots=True)
class Arithmetic(Value):
    """``left operator right``."""

    operator: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Concatenation(Value):
    """Two texts joined."""

    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Call(Value):
    """A function's SQL with its arguments in the places ``{0}``, ``{1}``."""

    template: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Test(Call):
    """1 or 0: whether the condition that a function's SQL is holds."""


@dataclass(frozen=True, slots=True)
class AggregateCall(Call):
    """A set function that isn't the language's own."""


@dataclass(frozen=True, slots=True)
class Aggregate(Value):
    """A set function; ``argument`` is ``None`` for COUNT(*)."""

    function: str
    argument: Value | None
    distinct: bool = False


@dataclass(frozen=True, slots=True)
class Coalesce(Value):
    """The first of the values that isn't NULL; also a column merged by a FULL JOIN USING."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Cast(Value):
    """A value made into ``type``; ``length`` is that of CHAR(n) or VARCHAR(n)."""

    operand: Value
    length: int | None = None
    padded: bool = False


@dataclass(frozen=True, slots=True)
class Point(Value):
    """A position; longitude and latitude in degrees."""

    longitude: Value
    latitude: Value


@dataclass(frozen=True, slots=True)
class Circle(Value):
    """A circle; its radius in degrees."""

    centre: Value
    radius: Value


@dataclass(frozen=True, slots=True)
class Polygon(Value):
    """A polygon of three or more points."""

    vertices: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Box(Value):
    """Great circles at right angles through the ends of a cross; sizes in degrees."""

    centre: Value
    width: Value
    height: Value


@dataclass(frozen=True, slots=True)
class Distance(Value):
    """The angle between two points, in degrees."""

    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Overlap(Value):
    """1 or 0: whether ``left`` lies in ``right`` (``contains``), or has a place in common."""

    contains: bool
    left: Value
    right: Value


# --- conditions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition:
    """True, false or unknown."""


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """Two values of one type compared."""

    operator: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Between(Condition):
    """A value within limits."""

    operand: Value
    low: Value
    high: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class InList(Condition):
    """A value among others."""

    operand: Value
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery(Condition):
    """A value among a query's."""

    operand: Value
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Like(Condition):
    """A text that follows a pattern."""

    operand: Value
    pattern: Value
    negated: bool
    ignores_case: bool


@dataclass(frozen=True, slots=True)
class IsNull(Condition):
    """A value that is missing."""

    operand: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists(Condition):
    """A query that has rows."""

    query: Query


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """A condition's opposite."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class And(Condition):
    """All of them."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or(Condition):
    """Any of them."""

    operands: tuple[Condition, ...]


# --- relations and queries ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """A stored relation: ``schema`` is ``None`` for a common table."""

    schema: str | None
    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A subquery. ``by_itself``: it is computed before anything is made of its columns."""

    query: Query
    alias: str
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Join:
    """Two relations on a condition, which is ``None`` where every pair of rows is wanted."""

    left: Relation
    right: Relation
    kind: str
    condition: Condition | None


#: What stands in FROM.
Relation = Table | Derived | Join


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a query gives: ``name`` as ADQL knows it, ``column`` as SQL does."""

    name: str
    column: str
    value: Value


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """What to sort by: the number of an output column, from 1, or a value."""

    output: int | None
    value: Value
    descending: bool


@dataclass(frozen=True, slots=True)
class Select:
    """One SELECT."""

    outputs: tuple[Output, ...]
    relations: tuple[Relation, ...]
    where: Condition | None
    group_by: tuple[Value, ...]
    having: Condition | None
    distinct: bool
    top: int | None


@dataclass(frozen=True, slots=True)
class SetOperation:
    """Two queries with as many columns, of the same types; the outputs are those of both."""

    operator: str
    left: Body
    right: Body
    keeps_all: bool
    outputs: tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class CommonTable:
    """A named query. ``by_itself``: it is computed before anything is made of its columns."""

    name: str
    query: Query
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A query with its order and the number of rows to leave out.

    alias: what SQL calls the rows of ``body`` where they are sorted by an expression.
    """

    body: Body
    order_by: tuple[OrderTerm, ...]
    offset: int | None
    alias: str
    common_tables: tuple[CommonTable, ...] = ()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns that it gives."""
        return self.body.outputs


Body = Select | SetOperation | Query
