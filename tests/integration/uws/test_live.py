"""Jobs as a client over the network sees them, on the production server: WAIT above all."""

import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree.ElementTree import Element

import pytest
import requests
from defusedxml import ElementTree

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import service
from uws.models import Job, JobResult
from uws.phases import Phase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(sample):
    """The id of a PENDING job."""
    return service.create(sample, ANONYMOUS, Parameters([("text", "hello")])).job_id


def phase_of(response):
    assert response.status_code == 200, response.text
    root: Element = ElementTree.fromstring(response.content)
    return root.findtext("{http://www.ivoa.net/xml/UWS/v1.0}phase")


def get(address, **parameters):
    """The answer, and the seconds that it took."""
    began = time.monotonic()
    response = requests.get(address, params=parameters, timeout=60)
    return response, time.monotonic() - began


class Meanwhile:
    """Requests that are under way while the test goes on."""

    def __init__(self):
        self._pool = ThreadPoolExecutor(210)

    def get(self, address, **parameters):
        return self._pool.submit(get, address, **parameters)

    def close(self):
        self._pool.shutdown()


@pytest.fixture
def meanwhile():
    requests_under_way = Meanwhile()
    yield requests_under_way
    requests_under_way.close()


def test_waiting(server, sample, job, meanwhile):
    """One server for all of it, since a server takes seconds to start."""
    address = f"{server}{sample.path}/{job}"

    # A phase that differs already: no wait.
    response, took = get(address, WAIT=20, PHASE="QUEUED")
    assert (phase_of(response), took < 1) == ("PENDING", True)

    # No change: the whole time, and no longer.
    response, took = get(address, wait=1)
    assert phase_of(response) == "PENDING"
    assert 1 <= took < 4

    # A change ends the wait at once; -1 is as long as the server allows.
    waiting = [
        meanwhile.get(address, WAIT=-1),
        meanwhile.get(address, WAIT=15, PHASE="PENDING"),
    ]
    time.sleep(0.7)
    assert not any(future.done() for future in waiting)
    service.run(sample, ANONYMOUS, job)
    changed = time.monotonic()
    for future in waiting:
        assert phase_of(future.result()[0]) == "QUEUED"
    assert time.monotonic() - changed < 3

    # A job that is deleted meanwhile is gone; one that is over isn't waited for.
    waiting = [meanwhile.get(address, WAIT=15)]
    time.sleep(0.5)
    service.abort(sample, ANONYMOUS, job)
    assert phase_of(waiting[0].result()[0]) == "ABORTED"
    response, took = get(address, WAIT=15)
    assert (phase_of(response), took < 1) == ("ABORTED", True)
    service.delete(sample, ANONYMOUS, job)
    response, took = get(address, WAIT=15)
    assert (response.status_code, took < 1) == (404, True)

    for wrong in ({"WAIT": "soon"}, {"WAIT": 5, "PHASE": "SLEEPING"}):
        assert get(address, **wrong)[0].status_code == 400


def test_a_job_deleted_while_somebody_waits_is_not_found(server, sample, job, meanwhile):
    waiting = meanwhile.get(f"{server}{sample.path}/{job}", WAIT=15)
    time.sleep(1)
    service.delete(sample, ANONYMOUS, job)
    response, took = waiting.result()
    assert (response.status_code, took < 5) == (404, True)


def test_many_who_wait_slow_nobody_down_and_all_learn_of_the_change(server, sample, job, meanwhile):
    address = f"{server}{sample.path}/{job}"
    waiting = [meanwhile.get(address, WAIT=15) for _ in range(200)]
    time.sleep(2)
    assert not any(future.done() for future in waiting)
    assert max(get(f"{server}/health/live")[1] for _ in range(10)) < 1
    assert Job.objects.filter(id=job, phase=Phase.PENDING).exists()
    changed = time.monotonic()
    service.run(sample, ANONYMOUS, job)
    assert {phase_of(future.result()[0]) for future in waiting} == {"QUEUED"}
    assert time.monotonic() - changed < 3


def test_a_job_from_post_to_result_by_a_signed_in_program(server, worker, sample, people):
    worker.start()
    session = requests.Session()
    session.auth = ("ann", "ann")
    created = session.post(
        f"{server}{sample.path}", {"TEXT": "hello", "PHASE": "RUN"}, allow_redirects=False
    )
    assert created.status_code == 303
    job = created.headers["Location"]
    assert job.startswith(f"{server}{sample.path}/")
    phase, answer = "QUEUED", None
    while phase in ("QUEUED", "EXECUTING"):
        answer = session.get(job, params={"WAIT": 10, "PHASE": phase}, timeout=30)
        phase = phase_of(answer)
    assert phase == "COMPLETED"
    href = (
        ElementTree.fromstring(answer.content)
        .find("{*}results/{*}result")
        .get("{http://www.w3.org/1999/xlink}href")
    )
    assert session.get(href).text == "hello 0 by ann"
    assert requests.get(href, timeout=10).status_code == 403
    assert requests.get(job, auth=("ann", "bob"), timeout=10).status_code == 401
    listed = session.get(f"{server}{sample.path}")
    assert job in listed.text
    deleted = session.delete(job)
    assert deleted.status_code == 200
    assert job not in deleted.text
    assert session.get(job).status_code == 404


def test_a_large_result_is_streamed_whole(server, sample, job, settings):
    file = settings.VO_JOB_ROOT / job / "1" / "large.bin"
    file.parent.mkdir(parents=True)
    content = bytes(range(256)) * 40_000
    file.write_bytes(content)
    JobResult.objects.create(
        job_id=job,
        name="large",
        path=f"{job}/1/large.bin",
        media_type="application/octet-stream",
        size=len(content),
    )
    response = requests.get(f"{server}{sample.path}/{job}/results/large", timeout=30)
    assert response.headers["Content-Length"] == str(len(content))
    assert response.content == content
