"""The only place where a value or a name becomes SQL text.

Results are streamed by a path that takes no query parameters, so literals stand in the statement.
"""

from __future__ import annotations

from adql.types import DataType, Kind


def quote_name(name: str) -> str:
    """A name as PostgreSQL's delimited identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_text(text: str) -> str:
    """A text as a literal that means the same whatever ``standard_conforming_strings`` is."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def quote(value: int | float | str | None, data_type: DataType) -> str:
    """A constant as a literal of its type."""
    kind = data_type.kind
    if value is None:
        return f"NULL::{data_type.postgres}"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        # in PostgreSQL a sign binds weaker than a cast, and the least number has no positive one
        return str(value) if value >= 0 else f"'{value}'::{data_type.postgres}"
    if isinstance(value, float):
        return f"{value!r}::float8"
    return f"{quote_text(value)}::{'timestamp' if kind is Kind.TIMESTAMP else 'text'}"
