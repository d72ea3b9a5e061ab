"""What astronomers' programs do with the running server."""

import gc
import socket
import time
import urllib.parse

import adbc_driver_postgresql.dbapi as adbc
import pytest
import pyvo
import requests

from tap.reader import reader_url

# pyvo leaves the connections of some answers to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def service(live_server_url, observations):
    """The service as pyvo knows it, with some observations."""
    with requests.Session() as session:
        yield pyvo.dal.TAPService(f"{live_server_url}/tap", session=session)
    gc.collect()


CONE = (
    "SELECT obs_id, s_ra, s_dec, t_min FROM ivoa.obscore WHERE dataproduct_type = 'event'"
    " AND 1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 83.6331, 22.0145, 3.5))"
    " AND t_min BETWEEN 55001 AND 55010 ORDER BY t_min"
)


def test_pyvo_searches(service):
    found = service.search(CONE)
    assert [row["obs_id"] for row in found] == [f"0665{n:04d}0010" for n in (1, 2, 3)]
    assert str(found.fielddescs[1].unit) == "deg"


def test_pyvo_runs_a_query_as_a_job(service):
    assert len(service.run_async(CONE)) == 3


def test_a_job_goes_through_its_phases_and_away(service):
    job = service.submit_job(CONE, maxrec=2)
    assert job.phase == "PENDING"
    job.run().wait(timeout=30)
    assert job.phase == "COMPLETED"
    result = job.fetch_result()
    assert len(result) == 2
    job.delete()


def test_a_wrong_query_is_a_job_in_error_with_the_reason(service):
    job = service.submit_job("SELECT s_r FROM ivoa.obscore")
    job.run().wait(phases=["COMPLETED", "ERROR"], timeout=30)
    with pytest.raises(pyvo.dal.DALQueryError, match="did you mean `s_ra`"):
        job.raise_if_error()
    job.delete()


def test_pyvo_reads_tables_examples_and_limits(service):
    assert {"ivoa.obscore", "tap_schema.columns"} <= set(service.tables.keys())
    columns = {column.name for column in service.tables["ivoa.obscore"].columns}
    assert {"obs_publisher_did", "s_region", "t_min"} <= columns
    assert service.maxrec > 0
    assert all(len(example.execute()) >= 0 for example in service.examples)


def test_a_wrong_query_is_pyvos_query_error(service):
    with pytest.raises(pyvo.dal.DALQueryError, match="did you mean `s_ra`"):
        service.search("SELECT s_r FROM ivoa.obscore")


def running_queries():
    """How many queries of synchronous requests run in PostgreSQL."""
    with adbc.connect(reader_url(5, "onlooker")) as looking, looking.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE application_name = 'vo_server tap' AND state = 'active'"
            " AND datname = current_database()"
        )
        return cursor.fetchone()[0]


def seconds_until(condition, limit_s):
    begin = time.monotonic()
    while not condition():
        assert time.monotonic() < begin + limit_s, f"nothing happened in {limit_s} s"
        time.sleep(0.02)
    return time.monotonic() - begin


@pytest.fixture
def begin_query(live_server_url):
    """Send a query over a socket of one's own, and leave the answer unread."""
    address = urllib.parse.urlsplit(live_server_url)
    sockets = []

    def begin(text):
        query = urllib.parse.urlencode({"LANG": "ADQL", "QUERY": text, "MAXREC": 10_000_000})
        client = socket.create_connection((address.hostname, address.port), timeout=20)
        sockets.append(client)
        client.sendall(f"GET /tap/sync?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        return client

    yield begin
    for client in sockets:
        client.close()


COLUMNS = "tap_schema.columns"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"SELECT COUNT(*) AS n FROM {COLUMNS} AS a, {COLUMNS} AS b, {COLUMNS} AS c,"
            f" {COLUMNS} AS d",
            id="before the first row",
        ),
        pytest.param(
            f"SELECT a.description FROM {COLUMNS} AS a, {COLUMNS} AS b, {COLUMNS} AS c",
            id="in mid-stream",
        ),
    ],
)
def test_a_client_that_leaves_ends_its_query_within_a_second(begin_query, text, request):
    client = begin_query(text)
    seconds_until(lambda: running_queries() == 1, 10)
    if "mid-stream" in request.node.name:
        assert client.recv(100).startswith(b"HTTP/1.1 200")
    client.close()
    assert seconds_until(lambda: running_queries() == 0, 5) < 1.0
