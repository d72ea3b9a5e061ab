"""Connections that are used again: quick, and never with anything of the query before."""

import os

import adbc_driver_postgresql.dbapi as adbc
import pytest

from tap.failures import QueryError
from tap.reader import ReaderQuery, connect, reader_url, warm_connections
from tap.warm_connections import WarmConnections

pytestmark = pytest.mark.django_db

APPLICATION = "test of warm connections"
LEFT_BEHIND = (
    "SET default_transaction_read_only = off",
    "CREATE TEMPORARY TABLE private AS SELECT 'of the user before' AS secret",
    "SET search_path = pg_temp, public",
    "SET statement_timeout = 0",
    "SET timezone = 'Asia/Tokyo'",
    "SET work_mem = '7MB'",
    "SET application_name = 'somebody else'",
    "SET adql.mine = 'of the user before'",
    "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "PREPARE private AS SELECT 1",
    "LISTEN private",
    "SELECT pg_advisory_lock(4711)",
    "SELECT set_config('jit', 'on', false)",
)


@pytest.fixture(autouse=True)
def _begin_cold():
    warm_connections().close()
    yield
    warm_connections().close()


@pytest.fixture
def url():
    return reader_url(5, APPLICATION)


def rows(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def run(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


def pid(connection):
    return rows(connection, "SELECT pg_backend_pid()")[0][0]


def query(sql):
    return ReaderQuery(sql, 5, synchronous=True, application=APPLICATION)


def served_by():
    (batch,) = query("SELECT pg_backend_pid() AS pid").batches()
    return batch.column(0)[0].as_py()


def state(connection):
    """All that a session can remember of what was done in it, its process apart."""
    return {
        "settings": dict(rows(connection, "SELECT name, setting FROM pg_settings")),
        "own settings": rows(connection, "SELECT coalesce(current_setting('adql.mine', true), '')"),
        "roles": rows(connection, "SELECT session_user::text, current_user::text"),
        "temporary": rows(
            connection, "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()"
        ),
        "prepared": rows(
            connection, "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''"
        ),
        "channels": rows(connection, "SELECT count(*) FROM pg_listening_channels()"),
        "locks": rows(
            connection,
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
        ),
    }


def test_the_next_query_is_served_by_the_same_process_of_postgresql():
    assert served_by() == served_by()


def test_nothing_is_left_of_what_was_done_before(url):
    connection = connect(url, autocommit=True)
    fresh = state(connection)
    for statement in LEFT_BEHIND:
        run(connection, statement)
    spoiled = state(connection)
    changed = {part for part in fresh if fresh[part] != spoiled[part]}
    assert changed == set(fresh) - {"roles"}

    first = pid(connection)
    warm_connections().give(url, connection)
    again = warm_connections().take(url)
    assert pid(again) == first
    assert state(again) == fresh
    with pytest.raises(adbc.Error):
        rows(again, "SELECT secret FROM private")
    with pytest.raises(adbc.Error):
        rows(again, "CREATE TEMPORARY TABLE other (a int)")
    again.close()


def test_an_open_transaction_is_not_handed_on(url):
    connection = connect(url)
    run(connection, "SELECT 1")
    warm_connections().give(url, connection)
    assert warm_connections().take(url) is None


@pytest.mark.parametrize(
    "sql", ["SELECT 1 / 0", "SELECT 1 / (x - 50000) FROM generate_series(1, 60000) AS x"]
)
def test_a_connection_whose_query_failed_is_closed(sql):
    before = served_by()
    with pytest.raises(QueryError):
        list(query(sql).batches())
    assert served_by() != before


def test_a_connection_whose_stream_was_left_is_closed():
    before = served_by()
    stream = query("SELECT x FROM generate_series(1, 5000000) AS x").batches()
    next(stream)
    stream.close()
    assert served_by() != before


def test_a_connection_whose_query_was_cancelled_is_closed():
    before = served_by()
    asked = query("SELECT x, repeat('y', 100) FROM generate_series(1, 60000) AS x")
    batches = asked.batches()
    next(batches)
    asked.cancel()
    with pytest.raises(QueryError):
        list(batches)
    assert served_by() != before


def test_cancelling_a_query_that_is_over_does_not_touch_the_next_one():
    over = query("SELECT 1")
    list(over.batches())
    after = query("SELECT x FROM generate_series(1, 300000) AS x").batches()
    count = next(after).num_rows
    over.cancel()
    assert count + sum(batch.num_rows for batch in after) == 300_000


def test_two_queries_at_a_time_have_two_connections():
    first = query(
        "SELECT pg_backend_pid() AS pid, x FROM generate_series(1, 300000) AS x"
    ).batches()
    taken = next(first).column(0)[0].as_py()
    assert served_by() != taken
    list(first)
    assert served_by() == taken


def test_a_connection_that_died_while_idle_is_replaced(url):
    before = served_by()
    with connect(url, autocommit=True) as other:
        run(other, f"SELECT pg_terminate_backend({before}, 2000)")
    assert served_by() != before


def test_connections_of_another_limit_of_time_are_not_used(url):
    warm_connections().give(url, connect(url, autocommit=True))
    assert warm_connections().take(reader_url(6, APPLICATION)) is None


def test_no_more_than_a_few_wait_and_none_for_long(url):
    few = WarmConnections(2)
    made = [connect(url, autocommit=True) for _ in range(3)]
    known = [pid(connection) for connection in made]
    for connection in made:
        few.give(url, connection)
    taken = [few.take(url) for _ in range(2)]
    assert [pid(connection) for connection in taken] == known[:0:-1]
    assert few.take(url) is None

    impatient = WarmConnections(2, longest_idle_s=0)
    impatient.give(url, taken[0])
    assert impatient.take(url) is None
    taken[1].close()


def test_a_forked_process_leaves_its_parents_connections_alone(url):
    before = served_by()
    child = os.fork()
    if child == 0:
        os._exit(0 if warm_connections().take(url) is None else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert served_by() == before


def test_times_are_utc_and_nothing_is_compiled(url):
    with connect(url) as connection:
        assert rows(connection, "SELECT current_setting('timezone'), current_setting('jit')") == [
            ("UTC", "off")
        ]
