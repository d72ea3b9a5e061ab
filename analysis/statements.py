"""The room's SQL, each statement in a file of its own under ``analysis/sql``."""

from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

_FOLDER = Path(__file__).parent / "sql"


@cache
def _text(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def execute(name: str, **values: Any) -> list[tuple[Any, ...]]:
    """Run the statement of this name; the rows that it returns."""
    with connection.cursor() as cursor:
        cursor.execute(_text(name), values)
        return cursor.fetchall() if cursor.description else []
