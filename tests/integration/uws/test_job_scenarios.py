"""Scenarios of a job and of waiting for it, as a signed-in person's program goes through them.

UWS 1.1, sections 2.1.11, 2.2.1.2 and 2.2.3, over the network, with a real server and worker.
"""

import time
from datetime import UTC, datetime, timedelta

import pytest
import requests
from defusedxml import ElementTree
from django.db.models.functions import Now

from uws.models import Job

pytestmark = pytest.mark.django_db(transaction=True)

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
SLEEPING = {"sleep_s": "60"}


class Person:
    """Ann's program: it asks, and knows the address of the list."""

    def __init__(self, url):
        self.list = url
        self._session = requests.Session()
        self._session.auth = ("ann", "ann")

    def post(self, address, **form):
        answer = self._session.post(address, form, allow_redirects=False, timeout=30)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def create(self, **form):
        return self.post(self.list, text="hello", **form)

    def get(self, address, **query):
        return self._session.get(address, params=query, timeout=30)

    def delete(self, address):
        return self._session.delete(address, allow_redirects=False, timeout=30)

    def job(self, address, **query):
        answer = self.get(address, **query)
        assert answer.status_code == 200, answer.text
        return ElementTree.fromstring(answer.content)

    def phase(self, address, **query):
        return self.job(address, **query).findtext(f"{UWS}phase")

    def waited(self, address, **query):
        """The phase, and the seconds until it was told."""
        began = time.monotonic()
        return self.phase(address, **query), time.monotonic() - began

    def ended(self, address):
        """The phase in which the job ends."""
        phase = "QUEUED"
        while phase in ("QUEUED", "EXECUTING"):
            phase = self.phase(address, WAIT=20, PHASE=phase)
        return phase


@pytest.fixture
def ann(server, module_worker, transactional_db, people, sample):
    return Person(f"{server}{sample.path}")


def test_an_account_signs_in_by_http_basic_and_owns_what_it_creates(ann):
    assert ann.get(f"{ann.create()}/owner").text == "ann"
    assert requests.get(ann.list, auth=("ann", "wrong"), timeout=10).status_code == 401


def test_a_job_is_created_pending(ann):
    job = ann.job(ann.create(RUNID="first"))
    assert (job.findtext(f"{UWS}phase"), job.findtext(f"{UWS}runId")) == ("PENDING", "first")


def test_a_created_job_is_in_the_list(ann):
    job = ann.create()
    listed = ann.job(ann.list).findall(f"{UWS}jobref")
    assert [entry.get(f"{XLINK}href") for entry in listed] == [job]


def test_a_job_is_run_by_its_phase(ann):
    job = ann.create()
    assert ann.post(f"{job}/phase", PHASE="RUN") == job
    assert ann.ended(job) == "COMPLETED"
    assert ann.get(f"{job}/results/result").text == "hello 0 by ann"


def test_a_job_is_run_at_once_where_it_is_created_so(ann):
    assert ann.ended(ann.create(PHASE="RUN")) == "COMPLETED"


def test_times_follow_one_another(ann):
    address = ann.create(PHASE="RUN")
    ann.ended(address)
    job = ann.job(address)
    times = [job.findtext(f"{UWS}{name}") for name in ("creationTime", "startTime", "endTime")]
    assert times == sorted(times)
    assert all(time.endswith("Z") for time in times)


def test_a_pending_job_takes_parameters(ann):
    job = ann.create()
    ann.post(f"{job}/parameters", text="good bye")
    ann.post(f"{job}/phase", PHASE="RUN")
    ann.ended(job)
    assert ann.get(f"{job}/results/result").text == "good bye 0 by ann"


def test_a_pending_job_is_aborted(ann):
    job = ann.create()
    ann.post(f"{job}/phase", PHASE="ABORT")
    assert ann.get(f"{job}/phase").text == "ABORTED"


def test_a_running_job_is_aborted(ann):
    job = ann.create(PHASE="RUN", **SLEEPING)
    assert ann.phase(job, WAIT=20, PHASE="QUEUED") == "EXECUTING"
    ann.post(f"{job}/phase", PHASE="ABORT")
    assert ann.get(f"{job}/phase").text == "ABORTED"


def test_a_job_that_fails_says_why(ann):
    job = ann.create(PHASE="RUN", end="fail")
    assert ann.ended(job) == "ERROR"
    assert ann.job(job).findtext(f"{UWS}errorSummary/{UWS}message") == "the sky is cloudy"
    assert "the sky is cloudy" in ann.get(f"{job}/error").text


@pytest.mark.parametrize("by", ["DELETE", "ACTION"])
def test_a_job_is_deleted(ann, by):
    job = ann.create()
    if by == "DELETE":
        assert ann.delete(job).status_code == 303
    else:
        ann.post(job, ACTION="DELETE")
    assert ann.get(job).status_code == 404


def test_duration_and_destruction_are_changed(ann):
    job = ann.create()
    ann.post(f"{job}/executionduration", EXECUTIONDURATION="77")
    wanted = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    ann.post(f"{job}/destruction", DESTRUCTION=wanted)
    assert ann.get(f"{job}/executionduration").text == "77"
    assert ann.get(f"{job}/destruction").text == wanted


def test_waiting_lasts_as_long_as_asked_where_nothing_happens(ann):
    phase, seconds = ann.waited(ann.create(), WAIT=1)
    assert phase == "PENDING"
    assert 1 <= seconds < 3


def test_waiting_for_no_time_answers_at_once(ann):
    phase, seconds = ann.waited(ann.create(), WAIT=0)
    assert (phase, seconds < 1) == ("PENDING", True)


def test_waiting_for_the_end_of_another_phase_answers_at_once(ann):
    phase, seconds = ann.waited(ann.create(), WAIT=20, PHASE="QUEUED")
    assert (phase, seconds < 1) == ("PENDING", True)


def test_waiting_for_a_job_that_is_over_answers_at_once(ann):
    job = ann.create()
    ann.post(f"{job}/phase", PHASE="ABORT")
    phase, seconds = ann.waited(job, WAIT=20)
    assert (phase, seconds < 1) == ("ABORTED", True)


def test_waiting_without_limit_ends_with_the_change(ann):
    job = ann.create(PHASE="RUN", sleep_s="0.5")
    assert ann.phase(job, WAIT=20, PHASE="QUEUED") == "EXECUTING"
    phase, seconds = ann.waited(job, WAIT=-1)
    assert (phase, seconds < 5) == ("COMPLETED", True)


def test_waiting_through_every_phase_meets_them_in_order(ann):
    job = ann.create(PHASE="RUN", sleep_s="0.5")
    met = ["QUEUED"]
    while met[-1] in ("QUEUED", "EXECUTING"):
        met.append(ann.phase(job, WAIT=20, PHASE=met[-1]))
    assert met == ["QUEUED", "EXECUTING", "COMPLETED"]


@pytest.mark.parametrize(
    "query",
    [
        {"WAIT": "long"},
        {"WAIT": "1.5"},
        {"WAIT": "9" * 5000},
        {"WAIT": ["5", "5"]},
        {"WAIT": 5, "PHASE": "ASLEEP"},
        {"WAIT": 5, "PHASE": ["PENDING", "QUEUED"]},
    ],
)
def test_waiting_for_nonsense_is_refused(ann, query):
    answer = ann.get(ann.create(), **query)
    assert answer.status_code == 400
    assert "WAIT: " in answer.text or "PHASE: " in answer.text


@pytest.mark.parametrize("wait", ["-5", "99999999999999999999"])
def test_waiting_longer_than_the_server_allows_ends_with_the_change(ann, wait):
    job = ann.create(PHASE="RUN", sleep_s="1")
    assert ann.phase(job, WAIT=20, PHASE="QUEUED") == "EXECUTING"
    phase, seconds = ann.waited(job, WAIT=wait)
    assert (phase, seconds < 5) == ("COMPLETED", True)


def test_waiting_without_a_time_does_not_wait(ann):
    phase, seconds = ann.waited(ann.create(), WAIT="")
    assert (phase, seconds < 1) == ("PENDING", True)


def test_a_held_job_is_not_waited_for(ann):
    job = ann.create()
    Job.objects.update(phase="HELD", queued_time=Now())
    phase, seconds = ann.waited(job, WAIT=20, PHASE="HELD")
    assert (phase, seconds < 1) == ("HELD", True)


def test_only_the_jobs_own_resource_holds_its_answer(ann):
    began = time.monotonic()
    assert ann.get(f"{ann.create()}/phase", WAIT=20).text == "PENDING"
    assert time.monotonic() - began < 1
