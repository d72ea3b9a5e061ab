"""From tree to typed tree: which tables and columns a query means, and what it gives.

Scopes are SQL-92's: names of FROM items, merged columns of NATURAL and USING, subqueries that see
the query around them, common tables by the names before them. Every relation and every column of
a subquery gets a name of its own for SQL.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from itertools import count

from adql import grouping, growth, joins, tree, typed
from adql.conversions import comparable, converted
from adql.errors import AdqlError, UnknownNameError, nearest
from adql.expressions import NOTHING, Expressions
from adql.faults import EnoughFaultsError, Faults
from adql.functions import Function, by_name
from adql.outputs import ResolvedQuery, of_one_system, output_columns, plain, unused
from adql.printer import write
from adql.schema import Catalogue, Table
from adql.scopes import Scope, VisibleColumn, VisibleTable
from adql.types import GEOMETRIES, DataType, Kind, common, of_column

#: TAP 1.1, section 2.5: uploads are tables of this schema. Their ``source`` is the name of a
#: temporary table.
UPLOAD_SCHEMA = "tap_upload"

#: Somewhat fewer than PostgreSQL can give.
_MOST_COLUMNS = 1600


def resolve(
    query: tree.Query, catalogue: Catalogue, functions: Iterable[Function] = ()
) -> ResolvedQuery:
    """Bind a query's names to the published tables and to functions.

    Raises AdqlError where a name is unknown or ambiguous, or types don't go together; all of it.
    """
    faults = Faults()
    try:
        resolver = _Resolver(catalogue, functions, faults)
        resolved = faults.apart(lambda: resolver.statement(query), None)
        if resolved is None or faults:
            raise faults.together()
        return ResolvedQuery(resolved, output_columns(resolved), resolver.reads_data)
    except EnoughFaultsError:
        raise faults.together() from None
    except RecursionError:
        raise AdqlError("the query is nested too deeply") from None


class _Resolver:
    """Resolves one statement."""

    def __init__(self, catalogue: Catalogue, functions: Iterable[Function], faults: Faults) -> None:
        self._catalogue = catalogue
        self._faults = faults
        self._expressions = Expressions(by_name(functions), self._query, faults)
        self._common: dict[str, tuple[tree.Name, str, typed.Query]] = {}
        self._numbers = count()
        self._aliases: set[str] = set()
        self._weights: dict[tuple[str, str], int] = {}
        self._common_weights: dict[str, dict[str, int]] = {}

    @property
    def reads_data(self) -> bool:
        """Whether a function looked up what may change while the schema doesn't."""
        return self._expressions.reads_data

    # queries

    def statement(self, node: tree.Query) -> typed.Query:
        """The whole query, with its common tables."""
        tables = []
        for common_table in node.common_tables:
            key = common_table.name.text.lower()
            if key in self._common:
                raise AdqlError(
                    f"`{common_table.name}` is defined twice", common_table.name.position
                )
            query = self._query(common_table.query, None)
            name = self._alias(common_table.name.text)
            self._common[key] = (common_table.name, name, query)
            weights = growth.of_outputs(query.body, self._weights)
            by_itself = growth.is_heavy(weights)
            if not by_itself:
                self._common_weights[name] = weights
            tables.append(typed.CommonTable(name, query, by_itself))
        return replace(self._query(node, None), common_tables=tuple(tables))

    def _query(self, node: tree.Query, outer: Scope | None) -> typed.Query:
        body: typed.Body
        if isinstance(node.body, tree.Select):
            body, scope = self._select(node.body, outer)
        else:
            body = self._body(node.body, outer)
            scope = Scope(next(self._numbers), outer)
        alias = self._alias("rows")
        if not isinstance(body, typed.Select):
            scope.columns = [
                VisibleColumn(o.name, self._reference(o, alias, scope)) for o in body.outputs
            ]
            scope.outputs = tuple(
                replace(o, value=c.value) for o, c in zip(body.outputs, scope.columns, strict=True)
            )
        unsorted = typed.OrderTerm(None, NOTHING, False)
        order_by = tuple(
            self._faults.apart(partial(self._order_term, term, body, scope), unsorted)
            for term in node.order_by
        )
        return typed.Query(body, order_by, node.offset, alias)

    def _body(self, node: tree.Body, outer: Scope | None) -> typed.Body:
        if isinstance(node, tree.Select):
            return self._select(node, outer)[0]
        if isinstance(node, tree.Query):
            return self._query(node, outer)
        left, right = self._body(node.left, outer), self._body(node.right, outer)
        if len(left.outputs) != len(right.outputs):
            raise AdqlError(
                f"the queries of {node.operator} give {len(left.outputs)} and "
                f"{len(right.outputs)} columns; expected as many",
                node.right.position,
            )
        types = []
        for number, (one, other) in enumerate(zip(left.outputs, right.outputs, strict=True), 1):
            together = common(one.value.type, other.value.type)
            if together is None:
                raise AdqlError(
                    f"column {number} of {node.operator} is {one.value.type.kind.value} in one "
                    f"query and {other.value.type.kind.value} in the other",
                    node.right.position,
                    "make them alike with CAST",
                )
            types.append(together)
        left, right = _with_types(left, types), _with_types(right, types)
        outputs = tuple(map(of_one_system, left.outputs, right.outputs))
        return typed.SetOperation(node.operator, left, right, node.keeps_all, outputs)

    def _select(self, node: tree.Select, outer: Scope | None) -> tuple[typed.Select, Scope]:
        scope = Scope(next(self._numbers), outer)
        items = (item for item in node.items if isinstance(item, tree.SelectItem))
        scope.aliases = tuple(item.alias.text for item in items if item.alias is not None)
        relations = tuple(self._relation(table, scope) for table in node.tables)
        expressions = self._expressions
        where = None if node.where is None else expressions.whole_condition(node.where, scope)
        scope.allows_aggregates = True
        outputs = self._outputs(node, scope)
        scope.allows_aggregates = False
        scope.outputs = outputs
        group_by = tuple(
            self._faults.apart(partial(self._group_term, term, scope), NOTHING)
            for term in node.group_by
        )
        scope.allows_aggregates = True
        having = None if node.having is None else expressions.whole_condition(node.having, scope)
        distinct = node.quantifier == "DISTINCT"
        select = typed.Select(outputs, relations, where, group_by, having, distinct, node.top)
        if not self._faults:
            self._faults.apart(lambda: grouping.check(select, scope.number), None)
        return select, scope

    def _outputs(self, node: tree.Select, scope: Scope) -> tuple[typed.Output, ...]:
        found: list[tuple[str, typed.Value]] = []
        for item in node.items:
            if isinstance(item, tree.AllColumns):
                columns: Iterable[VisibleColumn] = scope.columns
                if item.qualifier:
                    columns = self._faults.apart(partial(self._columns_of_table, item, scope), ())
                found += ((c.name, replace(c.value, position=item.position)) for c in columns)
                continue
            value = self._expressions.whole_value(item.value, scope)
            if not isinstance(item.value, tree.ColumnReference):
                text = write(item.value)
                meaning = replace(value.meaning, utype=None, description=text, system=None)
                value = replace(value, meaning=meaning)
            found.append((self._output_name(item, len(found) + 1, scope), value))
        if len(found) > _MOST_COLUMNS:
            raise AdqlError(
                f"the query gives {len(found)} columns; {_MOST_COLUMNS} are the most", node.position
            )
        taken: set[str] = set()
        return tuple(typed.Output(name, unused(plain(name), taken), value) for name, value in found)

    def _columns_of_table(self, item: tree.AllColumns, scope: Scope) -> tuple[VisibleColumn, ...]:
        return scope.table(item.qualifier).columns

    def _output_name(self, item: tree.SelectItem, number: int, scope: Scope) -> str:
        if item.alias is not None:
            return item.alias.text
        if isinstance(item.value, tree.ColumnReference):
            return scope.declared_name(item.value)
        if isinstance(item.value, tree.FunctionCall):
            return item.value.name.lower()
        if isinstance(item.value, tree.Aggregate):
            return item.value.function.lower()
        return f"col{number}"

    def _group_term(self, node: tree.Value, scope: Scope) -> typed.Value:
        if isinstance(node, tree.NumberLiteral) and node.is_integer:
            value = scope.outputs[_output_number(node, scope) - 1].value
        else:
            value = self._expressions.value(node, scope)
        if grouping.has_aggregate(value):
            raise AdqlError("rows can't be grouped by a set function", node.position)
        if value.type.kind in GEOMETRIES:
            raise AdqlError("rows can't be grouped by a geometry", node.position)
        return value

    def _order_term(self, node: tree.OrderTerm, body: typed.Body, scope: Scope) -> typed.OrderTerm:
        output: int | None = None
        if isinstance(node.value, tree.NumberLiteral) and node.value.is_integer:
            output = _output_number(node.value, scope)
        elif isinstance(node.value, tree.ColumnReference):
            output = scope.output(node.value)
        if output is None:
            value = self._expressions.value(node.value, scope)
            if isinstance(body, typed.Select):
                if not self._faults:
                    grouping.check_value(value, body, scope.number)
                output = next((n for n, o in enumerate(body.outputs, 1) if o.value == value), None)
                if body.distinct and output is None:
                    raise AdqlError(
                        "SELECT DISTINCT sorts by columns of its result only", node.position
                    )
        else:
            value = scope.outputs[output - 1].value
        if value.type.kind in GEOMETRIES | {Kind.ARRAY}:
            raise AdqlError(f"rows can't be sorted by {value.type.kind.value}", node.position)
        return typed.OrderTerm(output, value, node.descending)

    # tables

    def _relation(self, node: tree.FromItem, scope: Scope) -> typed.Relation:
        """Bind a FROM item, and make its tables and columns visible in the scope."""
        relation, tables, columns = self._bound(node, scope)
        for table in tables:
            shown = ".".join(table.names)
            if any(table.names == other.names for other in scope.tables):
                raise AdqlError(
                    f"`{shown}` stands twice in FROM", node.position, "give one of them an alias"
                )
            scope.tables.append(table)
        scope.columns += columns
        return relation

    def _bound(
        self, node: tree.FromItem, scope: Scope
    ) -> tuple[typed.Relation, list[VisibleTable], list[VisibleColumn]]:
        if isinstance(node, tree.Join):
            return self._join(node, scope)
        if isinstance(node, tree.DerivedTable):
            query = self._query(node.query, scope.outer)
            alias = self._alias(node.alias.text)
            columns = self._columns_of(query, alias, scope)
            table = VisibleTable((node.alias.text,), tuple(columns))
            weights = growth.of_outputs(query.body, self._weights)
            by_itself = growth.is_heavy(weights)
            if not by_itself:
                self._weigh(alias, weights)
            return typed.Derived(query, alias, by_itself), [table], columns
        return self._named(node, scope)

    def _named(
        self, node: tree.TableReference, scope: Scope
    ) -> tuple[typed.Relation, list[VisibleTable], list[VisibleColumn]]:
        found = None if node.qualifier else self._common.get(node.name.text.lower())
        if found is not None and node.name.matches(found[0].text):
            declared, name, query = found
            names = (node.alias.text,) if node.alias else (declared.text,)
            alias = self._alias(names[0])
            self._weigh(alias, self._common_weights.get(name, {}))
            columns = self._columns_of(query, alias, scope)
            return typed.Table(None, name, alias), [VisibleTable(names, tuple(columns))], columns
        return self._stored(node, scope)

    def _stored(
        self, node: tree.TableReference, scope: Scope
    ) -> tuple[typed.Relation, list[VisibleTable], list[VisibleColumn]]:
        try:
            table = self._find_table(node)
        except UnknownNameError as error:
            self._faults.note(error)
            written = (node.alias,) if node.alias else (*node.qualifier, node.name)
            names = tuple(name.text for name in written)
            alias = self._alias(names[-1])
            unknown = VisibleTable(names, (), is_unknown=True)
            return typed.Table(None, alias, alias), [unknown], []
        names = (node.alias.text,) if node.alias else (table.schema, table.name)
        alias = self._alias(names[-1])
        is_upload = table.schema.lower() == UPLOAD_SCHEMA
        columns = []
        for column in table.columns:
            data_type, meaning = of_column(column)
            stored = (column.source if is_upload else None) or column.name
            value = typed.ColumnValue(data_type, alias, stored, scope.number, meaning=meaning)
            columns.append(VisibleColumn(column.name, value))
        schema, name = ("pg_temp", table.source) if is_upload else (table.schema, table.name)
        return typed.Table(schema, name, alias), [VisibleTable(names, tuple(columns))], columns

    def _find_table(self, node: tree.TableReference) -> Table:
        written = (*node.qualifier, node.name)
        shown = ".".join(map(str, written))
        if len(written) == 1:
            found = [table for table in self._catalogue if node.name.matches(table.name)]
        else:
            found = [
                table
                for table in self._catalogue
                if len(written) == 2
                and node.name.matches(table.name)
                and node.qualifier[0].matches(table.schema)
            ]
        if len(found) > 1:
            known = " or ".join(f"`{table.qualified_name}`" for table in found)
            raise AdqlError(f"`{shown}` could be {known}", node.position, "write its schema too")
        if not found:
            names = [table.qualified_name for table in self._catalogue]
            bare = [table.name for table in self._catalogue]
            common_names = [name.text for name, _, _ in self._common.values()]
            hint = nearest(shown, [*names, *(bare if len(written) == 1 else ()), *common_names])
            raise UnknownNameError(f"unknown table `{shown}`", node.position, hint)
        return found[0]

    def _join(
        self, node: tree.Join, scope: Scope
    ) -> tuple[typed.Relation, list[VisibleTable], list[VisibleColumn]]:
        left, left_tables, left_columns = self._bound(node.left, scope)
        right, right_tables, right_columns = self._bound(node.right, scope)
        tables = left_tables + right_tables
        if node.condition is not None:
            columns = left_columns + right_columns
            inner = Scope(scope.number, scope.outer, tables, columns)
            condition = self._expressions.whole_condition(node.condition, inner)
            if node.kind == "FULL" and not self._faults:
                joins.check_full(condition, left_tables, right_tables, node.condition.position)
            return typed.Join(left, right, node.kind, condition), tables, columns
        merged: list[VisibleColumn] = []
        conditions: list[typed.Condition] = []
        for name in joins.shared_names(node, left_columns, right_columns):
            mine, yours = joins.named(name, left_columns), joins.named(name, right_columns)
            one = replace(mine.value, position=name.position)
            one, other = comparable(one, replace(yours.value, position=name.position))
            conditions.append(typed.Comparison("=", one, other))
            value = joins.merged(node.kind, mine.value, yours.value)
            merged.append(VisibleColumn(mine.name, value))
            left_columns = [column for column in left_columns if column is not mine]
            right_columns = [column for column in right_columns if column is not yours]
        joined = conditions[0] if len(conditions) == 1 else typed.And(tuple(conditions))
        if node.kind == "FULL" and conditions:
            joins.check_full(joined, left_tables, right_tables, node.right.position)
        relation = typed.Join(left, right, node.kind, joined if conditions else None)
        return relation, tables, merged + left_columns + right_columns

    # names for SQL

    def _alias(self, wanted: str) -> str:
        return unused(plain(wanted), self._aliases)

    def _reference(self, output: typed.Output, alias: str, scope: Scope) -> typed.Value:
        value = output.value
        return typed.ColumnValue(
            value.type, alias, output.column, scope.number, meaning=value.meaning
        )

    def _weigh(self, alias: str, weights: dict[str, int]) -> None:
        """Note how much the columns of a subquery stand for."""
        self._weights.update(((alias, column), weight) for column, weight in weights.items())

    def _columns_of(self, query: typed.Query, alias: str, scope: Scope) -> list[VisibleColumn]:
        return [VisibleColumn(o.name, self._reference(o, alias, scope)) for o in query.outputs]


def _output_number(node: tree.NumberLiteral, scope: Scope) -> int:
    number = int(node.text) if len(node.text) < 10 else 0
    if not 1 <= number <= len(scope.outputs):
        raise AdqlError(
            f"there is no column {node.text} in the result, which has {len(scope.outputs)}",
            node.position,
        )
    return number


def _with_types(body: typed.Body, types: list[DataType]) -> typed.Body:
    """The query with its columns cast where a set operation needs them in another type."""
    if all(o.value.type.postgres == t.postgres for o, t in zip(body.outputs, types, strict=True)):
        return body
    outputs = tuple(
        replace(o, value=converted(o.value, t)) for o, t in zip(body.outputs, types, strict=True)
    )
    if isinstance(body, typed.Select):
        return replace(body, outputs=outputs)
    if isinstance(body, typed.Query):
        return replace(body, body=_with_types(body.body, types))
    return replace(
        body,
        left=_with_types(body.left, types),
        right=_with_types(body.right, types),
        outputs=outputs,
    )
