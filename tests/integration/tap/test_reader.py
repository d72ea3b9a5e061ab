"""Queries on the reader's connection: rows, limits of time, cancelling, errors for people."""

import threading
import time

import adbc_driver_postgresql.dbapi as adbc
import pytest

from tap.failures import QueryCancelledError, QueryError
from tap.reader import ReaderQuery, reader_url

pytestmark = pytest.mark.django_db(transaction=True)


def query(sql, timeout_s=5, synchronous=True):
    return ReaderQuery(sql, timeout_s, synchronous=synchronous, application="test of the reader")


def running():
    """How many of the reader's queries run in PostgreSQL; only the role itself sees them."""
    with adbc.connect(reader_url(5, "onlooker")) as looking, looking.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'test of the reader' AND state = 'active'"
            " AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def wait_until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "nothing happened in 5 s"
        time.sleep(0.02)


def test_rows_come_in_small_batches():
    sql = "SELECT x, repeat('y', 100) FROM generate_series(1, 60000) AS x"
    batches = list(query(sql).batches())
    assert sum(b.num_rows for b in batches) == 60_000
    assert len(batches) > 2


def test_a_query_is_ended_at_its_limit_of_time_and_advised_to_be_a_job():
    with pytest.raises(QueryError, match="limit of 1 s; run it as an asynchronous job"):
        list(query("SELECT pg_sleep(5)", 1).batches())
    with pytest.raises(QueryError, match=r"limit of 1 s$"):
        list(query("SELECT pg_sleep(5)", 1, synchronous=False).batches())


@pytest.mark.parametrize("sql", ["SELECT pg_sleep(60)", "SELECT count(*), pg_sleep(60) FROM now()"])
def test_cancelling_before_the_first_row_ends_the_query_in_postgresql(sql):
    asked = query(sql, 60)
    caught = []

    def pull():
        try:
            list(asked.batches())
        except QueryCancelledError as error:
            caught.append(error)

    thread = threading.Thread(target=pull)
    thread.start()
    wait_until(lambda: running() == 1)
    asked.cancel()
    thread.join(2)
    assert len(caught) == 1
    assert running() == 0


def test_a_stream_that_is_left_in_the_middle_ends_in_postgresql():
    rows = query("SELECT x FROM generate_series(1, 5000000) AS x").batches()
    next(rows)
    rows.close()
    wait_until(lambda: running() == 0)


def test_a_stream_is_left_at_once_although_its_next_rows_take_long():
    slow = "SELECT x, repeat('y', 1000), CASE WHEN x > 9000 THEN pg_sleep(60) END::text"
    rows = query(f"{slow} FROM generate_series(1, 9010) AS x", 60).batches()
    for _ in range(2):
        next(rows)
    began = time.monotonic()
    rows.close()
    assert time.monotonic() - began < 2
    assert running() == 0


def test_no_row_is_lost_or_doubled_between_batches():
    sql = "SELECT x, repeat('y', 100) FROM generate_series(1, 90000) AS x"
    numbers = [x for batch in query(sql).batches() for x in batch.column(0).to_pylist()]
    assert numbers == list(range(1, 90001))


def test_a_query_cancelled_before_it_began_gives_nothing():
    asked = query("SELECT pg_sleep(60)")
    asked.cancel()
    assert list(asked.batches()) == []


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT 1 / (x - 50000) FROM generate_series(1, 60000) AS x", "division by zero"),
        ("SELECT sqrt(-x) FROM generate_series(1, 2) AS x", "no real value"),
        ("SELECT ln(-1.0)", "logarithm"),
        ("SELECT 2147483647 + x FROM generate_series(1, 2) AS x", "out of range"),
        ("SELECT 'abc' || 1 < 2", "types that it doesn't take"),
    ],
)
def test_a_failing_query_is_explained_without_showing_sql(sql, message):
    with pytest.raises(QueryError, match=message) as caught:
        list(query(sql).batches())
    assert caught.value.status == 400
    assert "SELECT" not in caught.value.message


def test_what_is_the_servers_fault_is_only_logged(caplog):
    with pytest.raises(QueryError, match="log tells why") as caught:
        list(query("SELECT * FROM nowhere.atall").batches())
    assert caught.value.status == 500
    assert "nowhere" not in caught.value.message
    assert "42P01" in caplog.text


def test_nothing_is_written_through_the_reader():
    with pytest.raises(QueryError):
        list(query("CREATE TEMPORARY TABLE mine (a int)").batches())


def test_in_a_jobs_process_a_query_is_found_by_the_jobs_id(monkeypatch):
    monkeypatch.setenv("PGAPPNAME", "0" * 32)
    with adbc.connect(reader_url(5, "not this")) as found, found.cursor() as cursor:
        cursor.execute("SELECT current_setting('application_name')")
        assert cursor.fetchone()[0] == "0" * 32
