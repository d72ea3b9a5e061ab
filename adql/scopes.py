"""Which names a query may use, and what they stand for (SQL-92's scopes)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from adql import tree, typed
from adql.errors import AdqlError, UnknownNameError, nearest
from adql.types import NULL


@dataclass(frozen=True, slots=True)
class VisibleColumn:
    """A column that can be named."""

    name: str
    value: typed.Value


@dataclass(frozen=True, slots=True)
class VisibleTable:
    """A table that can stand before a column's name.

    names: its alias alone, or its name with the schema before it. is_unknown: no such table is
    published, so nothing can be said of its columns.
    """

    names: tuple[str, ...]
    columns: tuple[VisibleColumn, ...]
    is_unknown: bool = False

    def answers_to(self, qualifier: tuple[tree.Name, ...]) -> bool:
        """Whether the qualifier of a column means this table."""
        if not qualifier or len(qualifier) > len(self.names):
            return False
        own = self.names[len(self.names) - len(qualifier) :]
        return all(name.matches(text) for name, text in zip(qualifier, own, strict=True))


@dataclass(slots=True)
class Scope:
    """The tables of one SELECT.

    columns: what ``*`` stands for; a column that USING merged is there once. outputs: the select
    list, for ORDER BY, GROUP BY and HAVING; aliases: the names that it gives. outer: the SELECT
    around a subquery.
    """

    number: int
    outer: Scope | None = None
    tables: list[VisibleTable] = field(default_factory=list)
    columns: list[VisibleColumn] = field(default_factory=list)
    outputs: tuple[typed.Output, ...] = ()
    aliases: tuple[str, ...] = ()
    allows_aggregates: bool = False

    def column(self, reference: tree.ColumnReference) -> typed.Value:
        """What a column's name stands for, here or in the scopes around."""
        scope: Scope | None = self
        while scope is not None:
            found = list(scope._find(reference))
            if found:
                return _only(found, reference)
            scope = scope.outer
        if self._may_be_of_unknown_table(reference):
            return typed.Constant(NULL, None, position=reference.position)
        raise self._unknown(reference)

    def _may_be_of_unknown_table(self, reference: tree.ColumnReference) -> bool:
        scope: Scope | None = self
        while scope is not None:
            for table in scope.tables:
                if table.is_unknown and (
                    not reference.qualifier or table.answers_to(reference.qualifier)
                ):
                    return True
            scope = scope.outer
        return False

    def declared_name(self, reference: tree.ColumnReference) -> str:
        """The name under which a column that was found is declared."""
        scope: Scope | None = self
        while scope is not None:
            found = list(scope._find(reference))
            if found:
                exact = reference.name.text.lower()
                return next((c.name for c in found if c.name == exact), found[0].name)
            scope = scope.outer
        return reference.name.text

    def output(self, reference: tree.ColumnReference) -> int | None:
        """The number, from 1, of the output column of that name."""
        if reference.qualifier:
            return None
        found = [n for n, o in enumerate(self.outputs, 1) if reference.name.matches(o.name)]
        if len({self.outputs[n - 1].value for n in found}) > 1:
            raise AdqlError(
                f"`{reference.name}` names {len(found)} columns of the result",
                reference.position,
                "sort by the number of the column",
            )
        return found[0] if found else None

    def table(self, qualifier: tuple[tree.Name, ...]) -> VisibleTable:
        """The table of this SELECT that a qualifier means."""
        found = [table for table in self.tables if table.answers_to(qualifier)]
        shown = ".".join(map(str, qualifier))
        if len(found) > 1:
            raise AdqlError(f"`{shown}` means more than one table", qualifier[0].position)
        if not found:
            known = [".".join(table.names[-len(qualifier) :]) for table in self.tables]
            raise UnknownNameError(
                f"unknown table `{shown}`; FROM has {_shown(known)}",
                qualifier[0].position,
                nearest(shown, known),
            )
        return found[0]

    def _find(self, reference: tree.ColumnReference) -> Iterator[VisibleColumn]:
        if not reference.qualifier:
            yield from (c for c in self.columns if reference.name.matches(c.name))
            return
        for table in self.tables:
            if table.answers_to(reference.qualifier):
                yield from (c for c in table.columns if reference.name.matches(c.name))

    def _unknown(self, reference: tree.ColumnReference) -> AdqlError:
        name, qualifier = reference.name, reference.qualifier
        if qualifier:
            scope: Scope | None = self
            while scope is not None:
                for table in scope.tables:
                    if table.answers_to(qualifier):
                        return _unknown_column(name, [table])
                scope = scope.outer
            self.table(qualifier)
        error = _unknown_column(name, self.tables)
        if any(name.matches(alias) for alias in self.aliases):
            error.hint = "an alias of SELECT means nothing here; write what it stands for"
        return error


def _unknown_column(name: tree.Name, tables: list[VisibleTable]) -> AdqlError:
    columns = [column.name for table in tables for column in table.columns]
    where = f" in {_shown(['.'.join(table.names) for table in tables])}" if tables else ""
    hint = nearest(name.text, columns)
    return UnknownNameError(f"unknown column `{name}`{where}", name.position, hint)


def _shown(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _only(found: list[VisibleColumn], reference: tree.ColumnReference) -> typed.Value:
    """The one column meant; one that agrees in case goes before those that don't."""
    if len(found) > 1:
        exact = [c for c in found if c.name == reference.name.text.lower()]
        if len(exact) != 1:
            raise AdqlError(
                f"`{reference.name}` could be any of {len(found)} columns",
                reference.position,
                "write the table's name or alias before it",
            )
        found = exact
    return replace(found[0].value, position=reference.position)
