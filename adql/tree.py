"""The tree of a query as it was written.

Nodes are frozen values named after the BNF of ADQL 2.1, appendix A. A node's ``position`` says
where it begins and takes no part in comparisons, so that two texts that mean the same give equal
trees. Nothing here knows of tables or types: `adql.resolver` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from adql.errors import START, Position
from adql.words import RESERVED


@dataclass(frozen=True, slots=True)
class Node:
    """Something that was written at a place."""

    position: Position = field(default=START, compare=False, repr=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier. ``delimited``: it stood in double quotes, and case counts."""

    text: str
    delimited: bool = False

    def matches(self, declared: str) -> bool:
        """Whether this names what is declared under that name (ADQL 2.1, section 2.1.6)."""
        if self.delimited:
            return self.text == declared
        return self.text.lower() == declared.lower()

    def __str__(self) -> str:
        """As ADQL writes it."""
        if self.delimited or self.text.upper() in RESERVED:
            return '"' + self.text.replace('"', '""') + '"'
        return self.text


# --- values ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value(Node):
    """An expression that has a value."""


@dataclass(frozen=True, slots=True)
class NumberLiteral(Value):
    """An unsigned number, in the digits that were written."""

    text: str

    @property
    def is_integer(self) -> bool:
        """Whether it was written without point and exponent."""
        return self.text.isdigit()


@dataclass(frozen=True, slots=True)
class StringLiteral(Value):
    """A text, without its quotes and with doubled quotes undone."""

    text: str


@dataclass(frozen=True, slots=True)
class NullLiteral(Value):
    """NULL."""


@dataclass(frozen=True, slots=True)
class ColumnReference(Value):
    """A column. ``qualifier``: table or alias, with schema and catalogue before it if given."""

    name: Name
    qualifier: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class Sign(Value):
    """A signed value. ``operator``: ``+`` or ``-``."""

    operator: str
    operand: Value


@dataclass(frozen=True, slots=True)
class Arithmetic(Value):
    """``left operator right``; ``operator`` is one of ``+ - * /``."""

    operator: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Concatenation(Value):
    """``left || right``."""

    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class FunctionCall(Value):
    """A function of the language (name in upper case) or a user defined one (as written)."""

    name: str
    arguments: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Aggregate(Value):
    """A set function. ``argument`` is ``None`` for ``COUNT(*)``; ``quantifier`` DISTINCT or ALL."""

    function: str
    argument: Value | None
    quantifier: str | None = None


@dataclass(frozen=True, slots=True)
class Cast(Value):
    """``CAST(operand AS target)``; ``length`` is that of CHAR(n) and VARCHAR(n)."""

    operand: Value
    target: str
    length: int | None = None


# --- conditions -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Condition(Node):
    """An expression that is true, false or unknown."""


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """``left operator right``; ``operator`` is one of ``= <> < > <= >=``."""

    operator: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class Between(Condition):
    """``operand [NOT] BETWEEN low AND high``."""

    operand: Value
    low: Value
    high: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InList(Condition):
    """``operand [NOT] IN (values)``."""

    operand: Value
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class InQuery(Condition):
    """``operand [NOT] IN (SELECT ...)``."""

    operand: Value
    query: Query
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Like(Condition):
    """``operand [NOT] LIKE pattern``, or ILIKE where case is ignored."""

    operand: Value
    pattern: Value
    negated: bool = False
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class IsNull(Condition):
    """``operand IS [NOT] NULL``."""

    operand: Value
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Exists(Condition):
    """``EXISTS (SELECT ...)``."""

    query: Query


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """``NOT operand``."""

    operand: Condition


@dataclass(frozen=True, slots=True)
class And(Condition):
    """Two or more conditions, none of them itself an `And`."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or(Condition):
    """Two or more conditions, none of them itself an `Or`."""

    operands: tuple[Condition, ...]


# --- tables ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TableReference(Node):
    """A table by its name."""

    name: Name
    qualifier: tuple[Name, ...] = ()
    alias: Name | None = None


@dataclass(frozen=True, slots=True)
class DerivedTable(Node):
    """``(SELECT ...) AS alias``."""

    query: Query
    alias: Name


@dataclass(frozen=True, slots=True)
class Join(Node):
    """``kind``: INNER, LEFT, RIGHT or FULL. One of ``natural``, ``condition``, ``using`` is set."""

    left: FromItem
    right: FromItem
    kind: str = "INNER"
    natural: bool = False
    condition: Condition | None = None
    using: tuple[Name, ...] = ()


#: What stands in FROM.
FromItem = TableReference | DerivedTable | Join


# --- queries --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AllColumns(Node):
    """``*`` or ``qualifier.*``."""

    qualifier: tuple[Name, ...] = ()


@dataclass(frozen=True, slots=True)
class SelectItem(Node):
    """A value in the select list, with its alias."""

    value: Value
    alias: Name | None = None


@dataclass(frozen=True, slots=True)
class Select(Node):
    """One SELECT, without ORDER BY and OFFSET, which belong to the `Query` around it."""

    items: tuple[AllColumns | SelectItem, ...]
    tables: tuple[FromItem, ...]
    where: Condition | None = None
    group_by: tuple[Value, ...] = ()
    having: Condition | None = None
    quantifier: str | None = None
    top: int | None = None


@dataclass(frozen=True, slots=True)
class SetOperation(Node):
    """``left operator right``; ``operator`` is UNION, EXCEPT or INTERSECT. ``keeps_all``: ALL."""

    operator: str
    left: Body
    right: Body
    keeps_all: bool = False


@dataclass(frozen=True, slots=True)
class OrderTerm(Node):
    """A value to sort by; an integer literal is the number of an output column."""

    value: Value
    descending: bool = False


@dataclass(frozen=True, slots=True)
class CommonTable(Node):
    """``name AS (SELECT ...)`` in WITH."""

    name: Name
    query: Query


@dataclass(frozen=True, slots=True)
class Query(Node):
    """A whole query, a subquery, or an operand in parentheses.

    As an operand of a set operation, or as the body of another query, it stands in parentheses.
    """

    body: Body
    order_by: tuple[OrderTerm, ...] = ()
    offset: int | None = None
    common_tables: tuple[CommonTable, ...] = ()


Body = Select | SetOperation | Query
