"""The room's SQL: each statement is a file of ``provenance/sql/``, called by its name."""

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

# Arbitrary: it names the writers' lock among PostgreSQL's advisory locks.
_WRITER = 0x70726F76

#: What PostgreSQL's text can't hold: NUL, and halves of surrogate pairs, which stand for bytes in
#: names of files that aren't UTF-8 (PEP 383).
_NOT_TEXT = re.compile("[\0\ud800-\udfff]")

Row = Mapping[str, str | bool | None]
"""One row of what a statement enters, by the names that the statement reads."""


@cache
def statement(name: str) -> str:
    """The text of the statement of that name."""
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def execute(name: str, **arguments: str | int | list[str] | list[int]) -> list[tuple[Any, ...]]:
    """Run a statement; gives its rows, none where it has no result."""
    with connection.cursor() as cursor:
        cursor.execute(statement(name), arguments)
        return list(cursor.fetchall()) if cursor.description else []


def take_turn() -> None:
    """Wait until no other transaction writes history, and keep others waiting to this one's end.

    Two writers that don't see each other's relations would leave pairs out of the lineage.
    Whoever also locks rows takes its turn first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_WRITER])


def enter_rows(name: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Run a statement on many rows at once; does nothing where there are none.

    Each row has its ``place`` among them, so that what has an order keeps it in the tables.
    """
    if not rows:
        return []
    clean = [
        {
            "place": place,
            **{key: storable(v) if isinstance(v, str) else v for key, v in row.items()},
        }
        for place, row in enumerate(rows)
    ]
    return execute(name, rows=json.dumps(clean))


def storable(text: str) -> str:
    """The text with U+FFFD for what PostgreSQL's text can't hold."""
    return _NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", text)
