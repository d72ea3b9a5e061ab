"""What the database shows after publishing, and to whom."""

import logging
from dataclasses import replace

import adbc_driver_postgresql.dbapi as adbc
import pytest
from django.db import connection

from adql.schema import Catalogue, Column, ForeignKey, Schema, Table
from tap import publication, published
from tap.comparison import differences
from tap.models import ColumnRow, KeyColumnRow, TableRow
from tap.reader import reader_url
from vo_server.composition import reader_role

STARS = Table(
    schema="tap_test",
    name="star",
    source="stored_star",
    description="Stars & more",
    utype="test:star",
    columns=(
        Column("name", "char", "*", ucd="meta.id", principal=True, indexed=True),
        Column("value", "double", unit="mag", source="magnitude + 1"),
        Column("field", "double", xtype="polygon", unit="deg"),
        Column("seen", "char", "*", xtype="timestamp"),
        Column("rates", "float", "*"),
        Column("kind", "char", "*"),
    ),
    foreign_keys=(ForeignKey("tap_test.kind", (("kind", "kind"),), "its kind"),),
)
KINDS = Table("tap_test", "kind", (Column("kind", "char", "*"),), "Kinds", "stored_kind")
CATALOGUE = Catalogue((Schema("tap_test", "A test", (STARS, KINDS)),))


@pytest.fixture
def stored(db):
    """The stored relations, with a row."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE stored_kind (kind text)")
        cursor.execute(
            "CREATE TABLE stored_star (name text PRIMARY KEY, magnitude double precision,"
            " field spoly, seen timestamptz, rates real[], kind text)"
        )
        cursor.execute("INSERT INTO stored_star (name, magnitude) VALUES ('Vega', 0.03)")


def rows(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def views():
    return rows("SELECT oid, relname FROM pg_class WHERE relnamespace = 'tap_test'::regnamespace"
                " AND relkind = 'v' ORDER BY relname")  # fmt: skip


def test_a_view_shows_the_stored_columns_and_expressions(stored):
    publication.publish(CATALOGUE, reader_role())
    assert rows('SELECT name, "value" FROM tap_test.star') == [("Vega", 1.03)]
    assert differences(CATALOGUE) == []


def test_tap_schema_holds_what_is_declared(stored):
    publication.publish(CATALOGUE, reader_role())
    table = TableRow.objects.get(table_name="tap_test.star")
    assert (table.schema_name, table.utype, table.description) == (
        "tap_test",
        "test:star",
        "Stars & more",
    )
    columns = ColumnRow.objects.filter(table_name="tap_test.star").order_by("column_index")
    assert [c.column_name for c in columns] == [
        "name",
        '"value"',
        "field",
        "seen",
        "rates",
        "kind",
    ]
    assert (columns[0].principal, columns[0].indexed, columns[0].std) == (1, 1, 0)
    assert (columns[2].datatype, columns[2].arraysize, columns[2].xtype) == (
        "double",
        "*",
        "polygon",
    )
    key = KeyColumnRow.objects.get(key_id="tap_test.star-1")
    assert (key.from_column, key.target_column) == ("kind", "kind")


def test_publishing_again_touches_no_view(stored):
    publication.publish(CATALOGUE, reader_role())
    before = views()
    publication.publish(CATALOGUE, reader_role())
    assert views() == before
    assert TableRow.objects.count() == 2


def test_only_what_changed_is_made_again_and_what_is_gone_is_dropped(stored):
    publication.publish(CATALOGUE, reader_role())
    before = {name: oid for oid, name in views()}
    renamed = replace(STARS, columns=STARS.columns[:1])
    publication.publish(Catalogue((Schema("tap_test", "", (renamed, KINDS)),)), reader_role())
    after = {name: oid for oid, name in views()}
    assert after["kind"] == before["kind"]
    assert after["star"] != before["star"]
    publication.publish(Catalogue((Schema("tap_test", "", (KINDS,)),)), reader_role())
    assert [name for _, name in views()] == ["kind"]


def test_withdrawing_lets_a_migration_change_the_stored_table(stored):
    publication.publish(CATALOGUE, reader_role())
    publication.withdraw()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE stored_star ALTER magnitude TYPE real")
    publication.publish(CATALOGUE, reader_role())
    assert rows("SELECT count(*) FROM tap_test.star") == [(1,)]


def test_a_table_whose_stored_relation_is_missing_is_left_out(stored, caplog):
    missing = replace(KINDS, name="ghost", source="stored_ghost")
    with caplog.at_level(logging.WARNING):
        publication.publish(Catalogue((Schema("tap_test", "", (missing, KINDS)),)), reader_role())
    assert [row.table_name for row in TableRow.objects.all()] == ["tap_test.kind"]
    assert "stored_ghost" in caplog.text


def test_a_view_that_is_not_as_declared_is_told(stored):
    wrong = replace(
        STARS,
        columns=(
            Column("name", "long", indexed=True),
            Column("kind", "char", "*", indexed=True),
            Column("rates", "double", "*"),
        ),
    )
    catalogue = Catalogue((Schema("tap_test", "", (wrong,)),))
    publication.publish(catalogue, reader_role())
    assert differences(catalogue) == [
        "tap_test.star.name: text, but declared long None",
        "tap_test.star.kind: declared indexed, but no index begins with it",
        "tap_test.star.rates: real[], but declared double None",
    ]


def test_every_published_table_is_as_declared(db):
    assert differences(published.catalogue()) == []


def test_tap_schema_lists_every_published_table_and_itself(db):
    listed = {row.table_name for row in TableRow.objects.all()}
    assert listed == {t.qualified_name for t in published.catalogue()}
    assert "tap_schema.columns" in listed


def test_the_published_views_use_the_indexes_of_the_stored_tables(stored):
    publication.publish(CATALOGUE, reader_role())
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("EXPLAIN SELECT * FROM tap_test.star WHERE name = 'Vega'")
        assert "stored_star_pkey" in cursor.fetchall()[0][0]


@pytest.fixture
def reader(transactional_db):
    """A direct connection of the reader's role, with nothing of tap's own in between."""
    url = reader_url(5, "test").replace("default_transaction_read_only%3Don", "work_mem%3D4MB")
    with adbc.connect(url) as reading:
        yield reading


def test_the_reader_reads_published_views(reader):
    with reader.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tap_schema.tables")
        assert cursor.fetchone()[0] >= 5


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM public.tap_tables",
        "SELECT * FROM vo_auth_user",
        "SELECT * FROM django_session",
        "INSERT INTO tap_schema.tables (table_name) VALUES ('x')",
        "UPDATE tap_schema.tables SET description = ''",
        "DELETE FROM tap_schema.columns",
        "TRUNCATE tap_schema.tables",
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE tap_schema.mine (a int)",
        "DROP VIEW tap_schema.tables",
        "SELECT * FROM pg_authid",
        "COPY tap_schema.tables TO PROGRAM 'cat'",
        "SELECT pg_read_file('PG_VERSION')",
        "SET ROLE vo_owner",
    ],
)
def test_the_reader_can_do_nothing_else(reader, sql):
    with reader.cursor() as cursor, pytest.raises(adbc.Error) as caught:
        cursor.execute(sql)
    assert caught.value.sqlstate in ("42501", "42P01", "42809", "55000")
