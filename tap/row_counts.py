"""How many rows the published tables have: exact for small ones, an estimate for large ones.

VODataService 1.2, section 3.3: ``nrows`` is the approximate size of a table.
"""

import json
from collections.abc import Iterable, Mapping

from django.core.cache import cache
from django.db import connection
from django.db.backends.utils import CursorWrapper

from adql.schema import Table
from tap import published

#: Rows that are counted one by one; beyond, PostgreSQL's planner knows well enough.
_COUNTED_TO = 10_000
#: How long a client may read an old number.
_KEPT_FOR_S = 60
_KEY = "tap.row_counts"


def row_counts() -> Mapping[str, int]:
    """Rows by qualified name, of the tables that the database has; up to a minute old."""
    counts: dict[str, int] | None = cache.get(_KEY)
    if counts is None:
        counts = _counted(published.catalogue())
        cache.set(_KEY, counts, _KEPT_FOR_S)
    return counts


def _counted(tables: Iterable[Table]) -> dict[str, int]:
    with connection.cursor() as cursor:
        present = [table for table in tables if _is_there(cursor, table)]
        if not present:
            return {}
        # names and numbers are declared by our rooms
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT {number}, count(*) FROM"  # noqa: S608
                f" (SELECT 1 FROM {_view(table)} LIMIT {_COUNTED_TO + 1}) AS few"
                for number, table in enumerate(present)
            )
        )
        counts = {present[number].qualified_name: count for number, count in cursor.fetchall()}
        for table in present:
            if counts[table.qualified_name] > _COUNTED_TO:
                counts[table.qualified_name] = _estimate(cursor, table)
    return counts


def _is_there(cursor: CursorWrapper, table: Table) -> bool:
    cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [_view(table)])
    return bool(cursor.fetchone()[0])


def _estimate(cursor: CursorWrapper, table: Table) -> int:
    """What the planner expects of the whole table."""
    cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {_view(table)}")  # noqa: S608
    plan = cursor.fetchone()[0]
    root = (json.loads(plan) if isinstance(plan, str) else plan)[0]
    return max(int(root["Plan"]["Plan Rows"]), _COUNTED_TO + 1)


def _view(table: Table) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in (table.schema, table.name))
