"""From text to tree (ADQL 2.1, section 2.2 and appendix A)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput, UnexpectedToken

from adql import calls, tree
from adql.errors import AdqlError, Position
from adql.lexer import AdqlLexer
from adql.syntax_errors import explain

#: The largest TOP, OFFSET or length that PostgreSQL can take.
_LARGEST_COUNT = 2**63 - 1


def parse(text: str) -> tree.Query:
    """The tree of a query.

    Raises AdqlError, with the place and what was expected there, for anything that isn't ADQL.
    """
    try:
        parsed = _grammar().parse(text)
    except UnexpectedToken as error:
        raise explain(text, error) from None
    except UnexpectedInput as error:
        raise AdqlError(
            "the query can't be understood", Position(error.line, error.column)
        ) from None
    except RecursionError:
        raise AdqlError("the query is nested too deeply") from None
    query: tree.Query = parsed  # type: ignore[assignment]
    return query


def _place(token: Token) -> Position:
    return Position(token.line or 1, token.column or 1)


def _value(node: Any) -> tree.Value:
    if isinstance(node, tree.Condition):
        raise AdqlError("found a condition where a value was expected", node.position)
    value: tree.Value = node
    return value


def _condition(node: Any) -> tree.Condition:
    if isinstance(node, tree.Value):
        hint = None
        if isinstance(node, tree.FunctionCall) and node.name in {"CONTAINS", "INTERSECTS"}:
            hint = f"compare it with 1 or 0, as in `1 = {node.name}(...)`"
        raise AdqlError(
            "found a value where a condition such as a comparison was expected",
            node.position,
            hint,
        )
    condition: tree.Condition = node
    return condition


def _count(token: Token) -> int:
    number = int(token) if len(token) < 30 else _LARGEST_COUNT + 1
    if number > _LARGEST_COUNT:
        raise AdqlError("the number is too large", _place(token))
    return number


class _Builder(Transformer[Token, Any]):
    """Makes a node of every rule that was reduced; ``c`` are the parts of the rule."""

    # queries

    def start(self, c: list[Any]) -> tree.Query:
        return c[0]  # type: ignore[no-any-return]

    def plain_query(self, c: list[Any]) -> tree.Query:
        return c[0]  # type: ignore[no-any-return]

    def query_with(self, c: list[Any]) -> tree.Query:
        query: tree.Query = c[-1]
        return tree.Query(
            query.body, query.order_by, query.offset, tuple(c[1:-1]), position=_place(c[0])
        )

    def common_table(self, c: list[Any]) -> tree.CommonTable:
        return tree.CommonTable(c[0], c[2], position=c[0].position)

    def select_expression(self, c: list[Any]) -> tree.Query:
        body, order_by, offset = c
        if isinstance(body, tree.Query) and not order_by and offset is None:
            return body
        return tree.Query(body, order_by or (), offset, position=body.position)

    def order_by(self, c: list[Any]) -> tuple[tree.OrderTerm, ...]:
        return tuple(c[2:])

    def order_term(self, c: list[Any]) -> tree.OrderTerm:
        value = _value(c[0])
        descending = c[1] is not None and c[1].type == "DESC"
        return tree.OrderTerm(value, descending, position=value.position)

    def offset(self, c: list[Any]) -> int:
        return _count(c[1])

    def set_operation(self, c: list[Any]) -> tree.SetOperation:
        left, operator, keeps_all, right = c
        return tree.SetOperation(
            operator.upper(), left, right, keeps_all is not None, position=left.position
        )

    def grouped_query(self, c: list[Any]) -> tree.Body:
        query: tree.Query = c[0]
        if (
            not query.order_by
            and query.offset is None
            and isinstance(query.body, tree.SetOperation)
        ):
            return query.body
        return query

    def select(self, c: list[Any]) -> tree.Select:
        word, quantifier, top, items, _, tables, where, group_by, having = c
        return tree.Select(
            items,
            tables,
            where,
            group_by or (),
            having,
            quantifier.upper() if quantifier else None,
            top,
            position=_place(word),
        )

    def top(self, c: list[Any]) -> int:
        return _count(c[1])

    def select_list(self, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def all_columns(self, c: list[Any]) -> tree.AllColumns:
        return tree.AllColumns(position=_place(c[0]))

    def all_columns_of(self, c: list[Any]) -> tree.AllColumns:
        names = c[0]
        if len(names) > 3:
            raise AdqlError("a table's name has at most three parts", names[0].position)
        return tree.AllColumns(names, position=names[0].position)

    def output(self, c: list[Any]) -> tree.SelectItem:
        value = _value(c[0])
        return tree.SelectItem(value, c[1], position=value.position)

    def alias(self, c: list[Any]) -> tree.Name:
        return c[1]  # type: ignore[no-any-return]

    def where(self, c: list[Any]) -> tree.Condition:
        return _condition(c[1])

    def group_by(self, c: list[Any]) -> tuple[tree.Value, ...]:
        return tuple(_value(v) for v in c[2:])

    def having(self, c: list[Any]) -> tree.Condition:
        return _condition(c[1])

    # tables

    def from_list(self, c: list[Any]) -> tuple[Any, ...]:
        return tuple(c)

    def table(self, c: list[Any]) -> tree.TableReference:
        names, alias = c
        if len(names) > 3:
            raise AdqlError("a table's name has at most three parts", names[0].position)
        return tree.TableReference(names[-1], names[:-1], alias, position=names[0].position)

    def derived_table(self, c: list[Any]) -> tree.DerivedTable:
        return tree.DerivedTable(c[0], c[1], position=c[0].position)

    def grouped_join(self, c: list[Any]) -> tree.Join:
        return c[0]  # type: ignore[no-any-return]

    def derived_join(self, c: list[Any]) -> tree.DerivedTable:
        """``(a JOIN b ...) AS q`` means ``(SELECT * FROM a JOIN b ...) AS q``."""
        join, alias = c
        place = join.position
        select = tree.Select((tree.AllColumns(position=place),), (join,), position=place)
        return tree.DerivedTable(tree.Query(select, position=place), alias, position=place)

    def join_on(self, c: list[Any]) -> tree.Join:
        left, kind, _, right, _, condition = c
        return tree.Join(
            left, right, kind or "INNER", False, _condition(condition), position=left.position
        )

    def join_using(self, c: list[Any]) -> tree.Join:
        left, kind, _, right, _, *names = c
        return tree.Join(left, right, kind or "INNER", using=tuple(names), position=left.position)

    def natural_join(self, c: list[Any]) -> tree.Join:
        left, _, kind, _, right = c
        return tree.Join(left, right, kind or "INNER", True, position=left.position)

    def join_kind(self, c: list[Any]) -> str:
        kind: str = c[0].upper()
        return kind

    # conditions

    def or_condition(self, c: list[Any]) -> tree.Or:
        operands: list[tree.Condition] = []
        for part in c[::2]:
            condition = _condition(part)
            operands += condition.operands if isinstance(condition, tree.Or) else (condition,)
        return tree.Or(tuple(operands), position=operands[0].position)

    def and_condition(self, c: list[Any]) -> tree.And:
        operands: list[tree.Condition] = []
        for part in c[::2]:
            condition = _condition(part)
            operands += condition.operands if isinstance(condition, tree.And) else (condition,)
        return tree.And(tuple(operands), position=operands[0].position)

    def not_condition(self, c: list[Any]) -> tree.Not:
        return tree.Not(_condition(c[1]), position=_place(c[0]))

    def comparison(self, c: list[Any]) -> tree.Comparison:
        left = _value(c[0])
        operator = "<>" if c[1] == "!=" else str(c[1])
        return tree.Comparison(operator, left, _value(c[2]), position=left.position)

    def between(self, c: list[Any]) -> tree.Between:
        value, negated, _, low, _, high = c
        value = _value(value)
        return tree.Between(
            value, _value(low), _value(high), negated is not None, position=value.position
        )

    def in_list(self, c: list[Any]) -> tree.InList:
        value, negated, _, *values = c
        value = _value(value)
        return tree.InList(
            value, tuple(_value(v) for v in values), negated is not None, position=value.position
        )

    def in_query(self, c: list[Any]) -> tree.InQuery:
        value, negated, _, query = c
        value = _value(value)
        return tree.InQuery(value, query, negated is not None, position=value.position)

    def like(self, c: list[Any]) -> tree.Like:
        value, negated, word, pattern = c
        value = _value(value)
        return tree.Like(
            value,
            _value(pattern),
            negated is not None,
            word.type == "ILIKE",
            position=value.position,
        )

    def is_null(self, c: list[Any]) -> tree.IsNull:
        value = _value(c[0])
        return tree.IsNull(value, c[2] is not None, position=value.position)

    def exists(self, c: list[Any]) -> tree.Exists:
        return tree.Exists(c[1], position=_place(c[0]))

    # values

    def concatenate(self, c: list[Any]) -> tree.Concatenation:
        left = _value(c[0])
        return tree.Concatenation(left, _value(c[1]), position=left.position)

    def arithmetic(self, c: list[Any]) -> tree.Arithmetic:
        left = _value(c[0])
        return tree.Arithmetic(str(c[1]), left, _value(c[2]), position=left.position)

    def sign(self, c: list[Any]) -> tree.Sign:
        return tree.Sign(str(c[0]), _value(c[1]), position=_place(c[0]))

    def number(self, c: list[Any]) -> tree.NumberLiteral:
        return tree.NumberLiteral(str(c[0]), position=_place(c[0]))

    def string(self, c: list[Any]) -> tree.StringLiteral:
        return tree.StringLiteral(c[0][1:-1].replace("''", "'"), position=_place(c[0]))

    def null(self, c: list[Any]) -> tree.NullLiteral:
        return tree.NullLiteral(position=_place(c[0]))

    def column(self, c: list[Any]) -> tree.ColumnReference:
        names = c[0]
        if len(names) > 4:
            raise AdqlError("a column's name has at most four parts", names[0].position)
        return tree.ColumnReference(names[-1], names[:-1], position=names[0].position)

    def call(self, c: list[Any]) -> tree.FunctionCall:
        word, *values = c
        arguments: Sequence[tree.Value] = [_value(v) for v in values if v is not None]
        name = word.upper() if word.type == "FUNCTION" else str(word)
        call = tree.FunctionCall(name, tuple(arguments), position=_place(word))
        if word.type == "FUNCTION":
            calls.check(call)
        return call

    def function(self, c: list[Any]) -> Token:
        return c[0]  # type: ignore[no-any-return]

    def aggregate_all(self, c: list[Any]) -> tree.Aggregate:
        name = c[0].upper()
        if name != "COUNT":
            raise AdqlError(f"{name}(*) has no meaning; only COUNT(*) has", _place(c[0]))
        return tree.Aggregate(name, None, position=_place(c[0]))

    def aggregate(self, c: list[Any]) -> tree.Aggregate:
        word, quantifier, value = c
        return tree.Aggregate(
            word.upper(),
            _value(value),
            quantifier.upper() if quantifier else None,
            position=_place(word),
        )

    def cast(self, c: list[Any]) -> tree.Cast:
        word, operand, _, (target, length) = c
        return tree.Cast(_value(operand), target, length, position=_place(word))

    def type_name(self, c: list[Any]) -> tuple[str, int | None]:
        name, length = c[0].upper(), c[1]
        if length is not None and name not in {"CHAR", "VARCHAR"}:
            raise AdqlError(f"{name} has no length", _place(c[0]))
        if length is not None and not 1 <= _count(length) <= calls.LONGEST_TEXT:
            raise AdqlError(f"a text's length is from 1 to {calls.LONGEST_TEXT}", _place(length))
        return name, None if length is None else _count(length)

    def double_precision(self, c: list[Any]) -> tuple[str, int | None]:
        return "DOUBLE PRECISION", None

    def geometry_name(self, c: list[Any]) -> tuple[str, int | None]:
        name = c[0].upper()
        if name not in {"POINT", "CIRCLE", "POLYGON"}:
            raise AdqlError(f"`{c[0]}` isn't a type that CAST can make", _place(c[0]))
        return name, None

    def grouped(self, c: list[Any]) -> Any:
        return c[0]

    def first_name(self, c: list[Any]) -> tuple[tree.Name, ...]:
        return (c[0],)

    def further_name(self, c: list[Any]) -> tuple[tree.Name, ...]:
        return (*c[0], c[1])

    def identifier(self, c: list[Any]) -> tree.Name:
        token = c[0]
        if token.type == "DELIMITED":
            return tree.Name(token[1:-1].replace('""', '"'), True, position=_place(token))
        return tree.Name(str(token), position=_place(token))


@cache
def _grammar() -> Lark:
    """The parser's tables; making them takes a tenth of a second, so not at import."""
    return Lark(
        (Path(__file__).parent / "grammar.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer=AdqlLexer,
        transformer=_Builder(),
    )
