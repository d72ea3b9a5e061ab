"""How many rows a table has, as the tables document tells it."""

from collections.abc import Iterator

import pytest
import sample_observations
from defusedxml import ElementTree
from django.core.cache import cache
from django.db import connection

from archive.models import ObsCoreRow
from tap import row_counts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def rows(get, path: str) -> dict[str, int]:
    root = ElementTree.fromstring(get(path).body)
    tables = [root] if root.find("name") is not None else root.iter("table")
    return {table.findtext("name"): int(table.findtext("nrows")) for table in tables}


def test_every_table_says_how_many_rows_it_has(get):
    sample_observations.enter(7)
    for path in ("/tap/tables", "/tap/tables?detail=min"):
        told = rows(get, path)
        assert (told["ivoa.obscore"], told["integral.source"]) == (7, 0)
        assert told["tap_schema.tables"] == len(told)
    assert rows(get, "/tap/tables/ivoa.obscore") == {"ivoa.obscore": 7}


def test_a_large_table_is_estimated(get, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(row_counts, "_COUNTED_TO", 3)
    sample_observations.enter(12)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE archive_obscore")
    assert rows(get, "/tap/tables/ivoa.obscore") == {"ivoa.obscore": 12}


def test_the_numbers_are_not_read_for_every_client(get, django_assert_num_queries):
    get("/tap/tables")
    sample_observations.enter(2)
    assert ObsCoreRow.objects.count() == 2
    with django_assert_num_queries(0):
        row_counts.row_counts()
