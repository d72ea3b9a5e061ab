"""What is said of a database that lacks something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings

from vo_server.database_requirements import lacks

NewDatabase = Callable[[], str]


def reader_of(url: str) -> str:
    """The reader's address of the same database."""
    reader = urlsplit(settings.CONFIGURATION.vo_reader_database_url)
    return urlunsplit(reader._replace(path=urlsplit(url).path))


def execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture(scope="module")
def database(new_database: NewDatabase) -> str:
    """A database with what the server needs."""
    return new_database()


@contextmanager
def changed(url: str, statement: str, back: str) -> Iterator[None]:
    """The database as an administrator has changed it, and back."""
    execute(url, statement)
    try:
        yield
    finally:
        execute(url, back)


def told(owner: str, reader: str) -> str:
    return "\n".join(f"{lack.what} -> {lack.remedy}" for lack in lacks(owner, reader))


def test_the_database_of_set_up_lacks_nothing_that_the_owner_can_mend(database: str) -> None:
    rest = told(database, reader_of(database))
    for word in ("pgSphere", "schema", "reached", "superuser", "temporary tables"):
        assert word not in rest


def test_a_missing_right_is_told_with_the_statement_that_grants_it(database: str) -> None:
    name = urlsplit(database).path[1:]
    right = f"TEMPORARY ON DATABASE {name}"
    with changed(database, f"REVOKE {right} FROM PUBLIC", f"GRANT {right} TO PUBLIC"):
        found = told(database, reader_of(database))
    assert f"GRANT TEMPORARY ON DATABASE {name} TO vo_reader;" in found


def test_a_reader_that_may_write_is_told(database: str) -> None:
    right = "CREATE ON SCHEMA public"
    with changed(database, f"GRANT {right} TO vo_reader", f"REVOKE {right} FROM vo_reader"):
        found = told(database, reader_of(database))
    assert "REVOKE CREATE ON SCHEMA public FROM vo_reader" in found


def test_pgsphere_out_of_sight_is_told_with_its_schema(database: str) -> None:
    name = urlsplit(database).path[1:]
    role = f"ALTER ROLE CURRENT_USER IN DATABASE {name}"
    with changed(database, f"{role} SET search_path = public", f"{role} RESET search_path"):
        found = told(database, reader_of(database))
    assert "pgSphere lies in schema pgsphere" in found
    assert "ALTER ROLE vo_owner SET search_path" in found


def test_the_owner_in_the_readers_place_is_told(database: str) -> None:
    assert "the reader is the owner" in told(database, database)


def test_a_reader_of_another_database_is_told(database: str) -> None:
    elsewhere = urlunsplit(urlsplit(database)._replace(path="/postgres"))
    assert "another database" in told(database, reader_of(elsewhere))


def test_a_reader_that_is_not_set_is_told(database: str) -> None:
    assert "VO_READER_DATABASE_URL is not set" in told(database, "")


def test_a_server_out_of_reach_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = f"postgresql://vo_owner@/x?host={tmp_path_factory.mktemp('nowhere')}"
    (lack,) = lacks(nowhere, nowhere)
    assert lack.what.startswith("DATABASE_URL can't be reached")
