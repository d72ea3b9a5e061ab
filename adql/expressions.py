"""Values and conditions: what each names, its type, unit and UCD.

The rules for units: sums keep the unit of their parts (a number without one goes with any),
products and quotients multiply and divide them, set functions but COUNT keep them. Where units
disagree the result has none rather than a wrong one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from adql import geometry, tree, typed, units
from adql.conversions import (
    comparable,
    constant_number,
    converted,
    double,
    is_number,
    matched,
    number,
    unified,
)
from adql.errors import START, AdqlError, Position, UnknownNameError, nearest
from adql.faults import Faults
from adql.functions import BUILT_IN, Function
from adql.grouping import within_aggregate
from adql.overloads import chosen, passed
from adql.printer import write
from adql.scopes import Scope
from adql.types import (
    CIRCLE,
    DOUBLE,
    GEOMETRIES,
    INT,
    LONG,
    NULL,
    POINT,
    POLYGON,
    SHORT,
    TEXT,
    TIMESTAMP,
    DataType,
    Kind,
    Meaning,
    common,
    wider,
)

_CAST_TARGETS = {
    "SMALLINT": SHORT,
    "INTEGER": INT,
    "BIGINT": LONG,
    "REAL": DataType("float"),
    "DOUBLE PRECISION": DOUBLE,
    "CHAR": TEXT,
    "VARCHAR": TEXT,
    "TIMESTAMP": TIMESTAMP,
    "POINT": POINT,
    "CIRCLE": CIRCLE,
    "POLYGON": POLYGON,
}

_COMPARABLE_BY_SIZE = {Kind.NUMBER, Kind.TEXT, Kind.TIMESTAMP}

#: Stands for a value that is wrong, until all that is wrong is told.
NOTHING: typed.Value = typed.Constant(NULL, None)

_LEAST_LONG = tree.Sign("-", tree.NumberLiteral(str(2**63)))

_NO_CONDITION: typed.Condition = typed.IsNull(NOTHING, False)

#: Resolves a subquery whose outer scope is given.
Subquery = Callable[[tree.Query, Scope], typed.Query]


class Expressions:
    """Types the expressions of one query."""

    def __init__(
        self, functions: Mapping[str, Function], subquery: Subquery, faults: Faults
    ) -> None:
        """``functions``: user defined ones by their names in upper case."""
        self._functions = functions
        self._subquery = subquery
        self._faults = faults
        self.reads_data = False  #: whether a function looked something up beside the schema

    def whole_value(self, node: tree.Value, scope: Scope) -> typed.Value:
        """As `value`; where it is wrong, that is noted and NULL stands for it."""
        return self._faults.apart(lambda: self.value(node, scope), NOTHING)

    def whole_condition(self, node: tree.Condition, scope: Scope) -> typed.Condition:
        """As `condition`; where it is wrong, that is noted and another stands for it."""
        return self._faults.apart(lambda: self.condition(node, scope), _NO_CONDITION)

    def value(self, node: tree.Value, scope: Scope) -> typed.Value:
        """The typed value; a position is added where the parts didn't bring one."""
        value = self._VALUES[type(node)](self, node, scope)
        if value.position == START and node.position != START:
            return replace(value, position=node.position)
        return value

    def condition(self, node: tree.Condition, scope: Scope) -> typed.Condition:
        """The typed condition."""
        return self._CONDITIONS[type(node)](self, node, scope)

    # values

    def _number(self, node: tree.NumberLiteral, scope: Scope) -> typed.Value:
        if node.is_integer and len(node.text) < 40:
            whole = int(node.text)
            if whole < 2**31:
                return typed.Constant(INT, whole)
            if whole < 2**63:
                return typed.Constant(LONG, whole)
        real = float(node.text)
        if real == float("inf"):
            raise AdqlError("the number is too large", node.position)
        return typed.Constant(DOUBLE, real)

    def _string(self, node: tree.StringLiteral, scope: Scope) -> typed.Value:
        is_ascii = node.text.isascii()
        return typed.Constant(TEXT if is_ascii else DataType("unicodeChar", "*"), node.text)

    def _null(self, node: tree.NullLiteral, scope: Scope) -> typed.Value:
        return typed.Constant(NULL, None)

    def _column(self, node: tree.ColumnReference, scope: Scope) -> typed.Value:
        try:
            return self._visible_column(node, scope)
        except UnknownNameError as error:
            return self._passed_over(error, node.position)

    def _passed_over(self, error: UnknownNameError, position: Position) -> typed.Value:
        """Note the error and go on, to tell all unknown names at once; NULL goes with anything."""
        self._faults.note(error)
        return typed.Constant(NULL, None, position=position)

    def _visible_column(self, node: tree.ColumnReference, scope: Scope) -> typed.Value:
        if scope.outputs and not node.qualifier:
            try:
                return scope.column(node)
            except AdqlError:
                output = scope.output(node)
                if output is None:
                    raise
                return scope.outputs[output - 1].value
        return scope.column(node)

    def _sign(self, node: tree.Sign, scope: Scope) -> typed.Value:
        if node == _LEAST_LONG:  # without its sign it would be too large
            return typed.Constant(LONG, -(2**63))
        operand = number(self.value(node.operand, scope))
        meaning = Meaning(operand.meaning.unit, operand.meaning.ucd)
        return typed.Signed(wider(operand.type, SHORT), node.operator, operand, meaning=meaning)

    def _arithmetic(self, node: tree.Arithmetic, scope: Scope) -> typed.Value:
        left, right = number(self.value(node.left, scope)), number(self.value(node.right, scope))
        first, second = left.meaning, right.meaning
        ucd = None
        if node.operator == "*":
            unit = units.product(first.unit, second.unit)
        elif node.operator == "/":
            unit = units.product(first.unit, second.unit, -1)
        else:
            agree = first.unit == second.unit or not first.unit or not second.unit
            unit = first.unit or second.unit if agree else None
            if first.ucd == second.ucd or constant_number(right) is not None:
                ucd = first.ucd
            elif constant_number(left) is not None:
                ucd = second.ucd
        data_type = wider(left.type, right.type)
        if data_type == SHORT:
            left, data_type = converted(left, INT), INT  # two of them soon overflow
        return typed.Arithmetic(data_type, node.operator, left, right, meaning=Meaning(unit, ucd))

    def _concatenation(self, node: tree.Concatenation, scope: Scope) -> typed.Value:
        parts = [self.value(part, scope) for part in (node.left, node.right)]
        for part in parts:
            if part.type.kind not in {Kind.TEXT, Kind.NUMBER, Kind.TIMESTAMP, Kind.NULL}:
                raise AdqlError(f"can't join {part.type.kind.value} to a text", part.position)
        left, right = (p if p.type.kind is Kind.TEXT else converted(p, TEXT) for p in parts)
        return typed.Concatenation(common(left.type, right.type) or TEXT, left, right)

    def _call(self, node: tree.FunctionCall, scope: Scope) -> typed.Value:
        name = node.name.upper()
        if name in geometry.FUNCTIONS:
            return geometry.build(node, lambda argument: self.value(argument, scope))
        if name == "COALESCE":
            return self._coalesce(node, scope)
        if name == "IN_UNIT":
            return self._in_unit(node, scope)
        if name == "REGION" and isinstance(node.arguments[0], tree.StringLiteral):
            return geometry.of_region(node.arguments[0].text, node.arguments[0].position)
        function = BUILT_IN.get(name) or self._functions.get(name)
        if function is None:
            known = [*BUILT_IN, *geometry.FUNCTIONS, *(f.name for f in self._functions.values())]
            hint = nearest(node.name, known)
            error = UnknownNameError(f"unknown function `{node.name}`", node.position, hint)
            for argument in node.arguments:
                self.value(argument, scope)
            return self._passed_over(error, node.position)
        if function.is_aggregate:
            with within_aggregate(function.name, node.position, scope):
                arguments = tuple(self.value(argument, scope) for argument in node.arguments)
        else:
            arguments = tuple(self.value(argument, scope) for argument in node.arguments)
        signature = chosen(function, arguments, node.position)
        arguments = tuple(
            passed(a, p.type) for a, p in zip(arguments, signature.parameters, strict=True)
        )
        self.reads_data = self.reads_data or function.reads_data
        return function.value(signature, arguments, node.position)

    def _coalesce(self, node: tree.FunctionCall, scope: Scope) -> typed.Value:
        values = tuple(self.value(argument, scope) for argument in node.arguments)
        values, data_type = unified(values, "choose between")
        first = next((v.meaning for v in values if v.meaning.unit or v.meaning.ucd), Meaning())
        meanings = [v.meaning for v in values if not isinstance(v, typed.Constant)]
        unit = first.unit if all(m.unit == first.unit for m in meanings) else None
        ucd = first.ucd if all(m.ucd == first.ucd for m in meanings) else None
        return typed.Coalesce(data_type, values, meaning=Meaning(unit, ucd))

    def _in_unit(self, node: tree.FunctionCall, scope: Scope) -> typed.Value:
        argument = self.value(node.arguments[0], scope)
        if argument.type == NULL and self._faults:
            return argument  # it may be what stands for something wrong
        value = double(argument)
        target = node.arguments[1]
        wanted = target.text if isinstance(target, tree.StringLiteral) else ""
        unit = value.meaning.unit
        if not wanted.strip():
            raise AdqlError("nothing can be converted to no unit", target.position)
        if not units.is_valid(wanted):
            raise AdqlError(
                f"`{wanted}` isn't a unit", target.position, "units are written as in VOUnits"
            )
        shown = write(node.arguments[0])
        if not unit:
            raise AdqlError(f"`{shown}` has no unit to convert", value.position)
        factor = units.factor(unit, wanted)
        if factor is None:
            raise AdqlError(f"can't convert {unit} to {wanted}", target.position)
        return typed.Arithmetic(
            DOUBLE,
            "*",
            value,
            typed.Constant(DOUBLE, factor),
            meaning=Meaning(wanted, value.meaning.ucd),
        )

    def _aggregate(self, node: tree.Aggregate, scope: Scope) -> typed.Value:
        name = node.function
        with within_aggregate(name, node.position, scope):
            if node.argument is None:
                return typed.Aggregate(LONG, name, None, meaning=Meaning(ucd="meta.number"))
            argument = self.value(node.argument, scope)
        distinct = node.quantifier == "DISTINCT"
        if distinct and argument.type.kind in GEOMETRIES:
            raise AdqlError("geometries can't be told apart by DISTINCT", argument.position)
        if name == "COUNT":
            meaning = Meaning(ucd="meta.number")
            return typed.Aggregate(LONG, name, argument, distinct, meaning=meaning)
        if argument.type.kind is Kind.NULL:
            argument = converted(argument, DOUBLE)
        if name in {"AVG", "SUM"}:
            argument = number(argument)
        elif argument.type.kind not in _COMPARABLE_BY_SIZE:
            raise AdqlError(f"{name} can't order {argument.type.kind.value}s", argument.position)
        data_type = argument.type
        if name == "AVG":
            data_type = DOUBLE
        elif name == "SUM" and data_type.is_integer:
            data_type = LONG
        ucd = argument.meaning.ucd
        statistic = {"AVG": ";stat.mean", "MIN": ";stat.min", "MAX": ";stat.max"}.get(name)
        if ucd and statistic:
            ucd = ucd + statistic if "stat." not in ucd else None
        meaning = Meaning(argument.meaning.unit, ucd)
        return typed.Aggregate(data_type, name, argument, distinct, meaning=meaning)

    def _cast(self, node: tree.Cast, scope: Scope) -> typed.Value:
        operand = self.value(node.operand, scope)
        target = _CAST_TARGETS[node.target]
        source, wanted = operand.type.kind, target.kind
        allowed = {Kind.TEXT, Kind.NULL, wanted}
        if wanted is Kind.TEXT:
            allowed |= {Kind.NUMBER, Kind.TIMESTAMP, Kind.BOOLEAN} | GEOMETRIES
        if source not in allowed:
            raise AdqlError(f"CAST can't make {wanted.value} of {source.value}", operand.position)
        meaning = Meaning(operand.meaning.unit, operand.meaning.ucd)
        if source is Kind.TEXT and wanted is Kind.TIMESTAMP:
            first, _ = matched((operand, typed.Constant(TIMESTAMP, None)), "cast")
            return replace(first, meaning=meaning)
        text = operand.value if isinstance(operand, typed.Constant) else None
        if wanted in GEOMETRIES and isinstance(text, str):
            return geometry.of_text(text, target, operand.position)
        if wanted is Kind.NUMBER and isinstance(text, str) and not is_number(text):
            raise AdqlError(f"`{text}` isn't a number", operand.position)
        if wanted is Kind.TEXT:
            size = f"{node.length}*" if node.target == "VARCHAR" else str(node.length)
            target = DataType(operand.type.datatype if source is Kind.TEXT else "char", "*")
            target = replace(target, arraysize=size) if node.length else target
            meaning = Meaning(ucd=operand.meaning.ucd)
        padded = node.target == "CHAR"
        return typed.Cast(target, operand, node.length, padded, meaning=meaning)

    # conditions

    def _comparison(self, node: tree.Comparison, scope: Scope) -> typed.Condition:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        return typed.Comparison(node.operator, *comparable(left, right, node.operator))

    def _between(self, node: tree.Between, scope: Scope) -> typed.Condition:
        values = (self.value(v, scope) for v in (node.operand, node.low, node.high))
        operand, low, high = matched(tuple(values), "compare")
        if operand.type.kind in GEOMETRIES:
            raise AdqlError("geometries have no order", operand.position)
        return typed.Between(operand, low, high, node.negated)

    def _in_list(self, node: tree.InList, scope: Scope) -> typed.Condition:
        values = (node.operand, *node.values)
        operand, *others = matched(tuple(self.value(v, scope) for v in values), "compare")
        return typed.InList(operand, tuple(others), node.negated)

    def _in_query(self, node: tree.InQuery, scope: Scope) -> typed.Condition:
        operand = self.value(node.operand, scope)
        query = self._subquery(node.query, scope)
        if len(query.outputs) != 1:
            raise AdqlError(
                f"the query in IN gives {len(query.outputs)} columns; expected one",
                node.query.position,
            )
        found = query.outputs[0].value
        operand, other = comparable(operand, replace(found, position=node.query.position))
        if other.type.kind is not found.type.kind or operand.type.kind in GEOMETRIES:
            raise AdqlError(
                f"can't compare {operand.type.kind.value} and {found.type.kind.value}",
                node.query.position,
                "CAST the query's column",
            )
        return typed.InQuery(operand, query, node.negated)

    def _like(self, node: tree.Like, scope: Scope) -> typed.Condition:
        values = [self.value(v, scope) for v in (node.operand, node.pattern)]
        for value in values:
            if value.type.kind not in {Kind.TEXT, Kind.NULL}:
                raise AdqlError(
                    f"LIKE compares texts, found {value.type.kind.value}", value.position
                )
        operand, pattern = (converted(v, TEXT) if v.type == NULL else v for v in values)
        return typed.Like(operand, pattern, node.negated, node.ignores_case)

    def _is_null(self, node: tree.IsNull, scope: Scope) -> typed.Condition:
        return typed.IsNull(self.value(node.operand, scope), node.negated)

    def _exists(self, node: tree.Exists, scope: Scope) -> typed.Condition:
        return typed.Exists(self._subquery(node.query, scope))

    def _not(self, node: tree.Not, scope: Scope) -> typed.Condition:
        return typed.Not(self.condition(node.operand, scope))

    def _and(self, node: tree.And, scope: Scope) -> typed.Condition:
        return typed.And(tuple(self.whole_condition(o, scope) for o in node.operands))

    def _or(self, node: tree.Or, scope: Scope) -> typed.Condition:
        return typed.Or(tuple(self.whole_condition(o, scope) for o in node.operands))

    _VALUES: ClassVar[dict[type, Callable[[Any, Any, Scope], typed.Value]]] = {
        tree.NumberLiteral: _number,
        tree.StringLiteral: _string,
        tree.NullLiteral: _null,
        tree.ColumnReference: _column,
        tree.Sign: _sign,
        tree.Arithmetic: _arithmetic,
        tree.Concatenation: _concatenation,
        tree.FunctionCall: _call,
        tree.Aggregate: _aggregate,
        tree.Cast: _cast,
    }
    _CONDITIONS: ClassVar[dict[type, Callable[[Any, Any, Scope], typed.Condition]]] = {
        tree.Comparison: _comparison,
        tree.Between: _between,
        tree.InList: _in_list,
        tree.InQuery: _in_query,
        tree.Like: _like,
        tree.IsNull: _is_null,
        tree.Exists: _exists,
        tree.Not: _not,
        tree.And: _and,
        tree.Or: _or,
    }
