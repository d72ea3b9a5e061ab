"""A worker that is killed while it runs an image job: nothing is lost, nothing is there twice."""

import csv
import io
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import pytest
import requests
from defusedxml import ElementTree
from django.db import connection

JOB_LIMIT_S = 90
RESULTS = {"mosaic", "sources", "sources_fits", "sources_scw", "preview", "log"}


@pytest.fixture(scope="module")
def server(
    serving: Callable[[Path], AbstractContextManager[Any]], simulated_archive: Path
) -> Iterator[Any]:
    """The running server with the small archive."""
    with serving(simulated_archive) as server:
        yield server


def eventually(condition: Callable[[], Any], limit_s: float = JOB_LIMIT_S) -> Any:
    until = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
    return found


def begin(server: Any, e_min_kev: float) -> str:
    """An image job that runs; its address. Each band is new, so that no step is in the cache."""
    answer = requests.post(
        f"{server.url}/uws/isgri_image",
        data={
            "RA": "83.6331",
            "DEC": "22.0145",
            "radius": "10",
            "E1_keV": str(e_min_kev),
            "E2_keV": "60",
            "PHASE": "RUN",
        },
        timeout=30,
        allow_redirects=False,
    )
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def document(job: str) -> Element:
    return ElementTree.fromstring(requests.get(job, timeout=30).content)


def phase(job: str) -> str:
    return requests.get(f"{job}/phase", timeout=30).text


def steps_done(job: str) -> float:
    progress = document(job).find("{*}jobInfo/{*}progress")
    return 0.0 if progress is None else float(progress.get("done", "0"))


def rows(server: Any, query: str) -> list[list[str]]:
    answer = requests.post(
        f"{server.url}/tap/sync",
        data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))[1:]


def processes_of_jobs(server: Any) -> list[int]:
    """Living processes of this server's worker, the worker itself and the web server apart."""
    mark = f"VO_JOB_ROOT={server.environment['VO_JOB_ROOT']}\0".encode()
    found = []
    for folder in Path("/proc").iterdir():
        try:
            is_ours = folder.name.isdecimal() and mark in (folder / "environ").read_bytes() + b"\0"
            command = (folder / "cmdline").read_bytes() if is_ours else b""
        except OSError:
            continue  # it has ended meanwhile
        if command and b"granian" not in command and int(folder.name) != server.worker.pid:
            found.append(int(folder.name))
    return found


def kill_worker(server: Any) -> None:
    """As the kernel does when memory is short; all that it started goes with it."""
    assert processes_of_jobs(server)
    server.worker.kill()
    server.worker.wait()
    eventually(lambda: not processes_of_jobs(server), limit_s=5)


def assert_whole_and_once(server: Any, job: str) -> None:
    """The job is COMPLETED with each result once, and its products are published once."""
    eventually(lambda: phase(job) not in ("QUEUED", "EXECUTING"))
    done = document(job)
    assert done.findtext("{*}phase") == "COMPLETED", done.findtext("{*}errorSummary/{*}message")
    results = done.findall("{*}results/{*}result")
    assert sorted(result.get("id", "") for result in results) == sorted(RESULTS)
    for result in results:
        href = result.get("{http://www.w3.org/1999/xlink}href", "")
        assert requests.get(href, timeout=30).content
    published = rows(
        server,
        "SELECT calib_level, obs_publisher_did, access_url FROM ivoa.obscore"
        " WHERE calib_level >= 3 ORDER BY calib_level",
    )
    assert [level for level, _, _ in published] == ["3", "4"]
    assert len({identifier for _, identifier, _ in published}) == 2
    for _, identifier, address in published:
        assert requests.get(address, timeout=30).status_code == 200
        makers = rows(
            server,
            f"SELECT activity_id FROM provenance.was_generated_by WHERE entity_id = '{identifier}'",
        )
        assert len(makers) == 1


@pytest.fixture(autouse=True)
def no_product_before(server: Any) -> Iterator[None]:
    """Each test begins with an archive without products, and ends with a worker that runs."""
    from archive.models import DataProduct, ObsCoreRow, Store

    yield
    if server.worker.poll() is not None:
        server.start_worker()
    ObsCoreRow.objects.filter(product__store=Store.PRODUCT).delete()
    DataProduct.objects.filter(store=Store.PRODUCT).delete()
    connection.close()


def test_a_job_whose_worker_is_killed_in_the_middle_completes_once(server: Any) -> None:
    job = begin(server, 20)
    eventually(lambda: steps_done(job) >= 3)
    kill_worker(server)
    assert phase(job) == "EXECUTING", "the kill came in the middle"
    server.start_worker()
    assert_whole_and_once(server, job)


@contextmanager
def completion_held_up() -> Iterator[None]:
    """While this lasts, no job's phase becomes COMPLETED: attempts hang just before it."""
    key = 20260101
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS"
            f" 'BEGIN PERFORM pg_advisory_xact_lock({key}); RETURN NEW; END'"
        )
        cursor.execute(
            "CREATE TRIGGER hold_up BEFORE UPDATE ON uws_job FOR EACH ROW"
            " WHEN (NEW.phase = 'COMPLETED') EXECUTE FUNCTION hold_up()"
        )
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [key])
            cursor.execute("DROP TRIGGER hold_up ON uws_job")
            cursor.execute("DROP FUNCTION hold_up()")


def is_held_up() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def test_a_worker_killed_after_all_work_and_before_completion_publishes_nothing_twice(
    server: Any,
) -> None:
    with completion_held_up():
        job = begin(server, 22)
        eventually(is_held_up)
        kill_worker(server)
    # let go, its transaction finds nobody who would commit it
    assert phase(job) == "EXECUTING"
    server.start_worker()
    assert_whole_and_once(server, job)
