"""Scenarios of a job list, UWS 1.1, section 2.2.2.1: a person's own jobs, filtered.

Ann has eight jobs, an hour apart, named a (the oldest) to h: one per phase that a job may be in
for long, h being a second one that is COMPLETED. Bob has one.
"""

from datetime import UTC, datetime, timedelta

import pytest
from defusedxml import ElementTree
from django.test import Client

from uws.models import Job
from uws.phases import TERMINAL, Phase

pytestmark = pytest.mark.django_db

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
XLINK = "{http://www.w3.org/1999/xlink}"
NOON = datetime(2030, 5, 1, 12, tzinfo=UTC)
JOBS = {
    "a": Phase.PENDING,
    "b": Phase.QUEUED,
    "c": Phase.HELD,
    "d": Phase.COMPLETED,
    "e": Phase.ERROR,
    "f": Phase.ABORTED,
    "g": Phase.ARCHIVED,
    "h": Phase.COMPLETED,
}


def stored(sample, owner, name, phase, created):
    """A job as the database holds it."""
    job = Job.objects.create(
        job_type=sample.name,
        owner_id=owner.user_id,
        phase=phase,
        run_id=name,
        queued_time=created,
        end_time=created if phase in TERMINAL else None,
        error_message="the sky is cloudy" if phase is Phase.ERROR else None,
        error_kind="fatal" if phase is Phase.ERROR else None,
        execution_duration=60,
        destruction=created + timedelta(days=9),
    )
    Job.objects.filter(id=job.id).update(creation_time=created)
    return job.id


@pytest.fixture
def ids(sample, people):
    """The jobs' ids, by name."""
    stored(sample, people["bob"], "bob's", Phase.PENDING, NOON)
    return {
        name: stored(sample, people["ann"], name, phase, NOON + timedelta(hours=hour))
        for hour, (name, phase) in enumerate(JOBS.items())
    }


@pytest.fixture
def ask(sample, ids):
    """The list's answer to Ann."""
    client = Client()
    client.login(username="ann", password="ann")
    return lambda query: client.get(f"{sample.path}{query}")


def named(answer):
    """The names of the jobs, one after another."""
    assert answer.status_code == 200, answer.content
    found = ElementTree.fromstring(answer.content).iter(f"{UWS}runId")
    return "".join(name.text for name in found)


@pytest.mark.parametrize(
    ("query", "jobs"),
    [
        pytest.param("", "hfedcba", id="all but what is archived, the newest first"),
        pytest.param("?PHASE=PENDING", "a", id="those that are PENDING"),
        pytest.param("?PHASE=QUEUED", "b", id="those that are QUEUED"),
        pytest.param("?PHASE=EXECUTING", "", id="those that are EXECUTING: none"),
        pytest.param("?PHASE=HELD", "c", id="those that are HELD"),
        pytest.param("?PHASE=COMPLETED", "hd", id="those that are COMPLETED"),
        pytest.param("?PHASE=ERROR", "e", id="those that are an ERROR"),
        pytest.param("?PHASE=ABORTED", "f", id="those that are ABORTED"),
        pytest.param("?PHASE=ARCHIVED", "g", id="archived ones where they are asked for"),
        pytest.param("?PHASE=PENDING&PHASE=ERROR", "ea", id="two phases"),
        pytest.param("?PHASE=ARCHIVED&PHASE=ABORTED", "gf", id="archived ones and others"),
        pytest.param("?LAST=3", "hfe", id="the last three, not counting what is archived"),
        pytest.param("?LAST=99", "hfedcba", id="more than there are"),
        pytest.param("?AFTER=2030-05-01T14:00:00Z", "hfed", id="created after, not at, a time"),
        pytest.param("?AFTER=2030-05-01T13:59:59.999Z", "hfedc", id="to the millisecond"),
        pytest.param("?AFTER=2030-05-01T14:00:00", "hfed", id="UTC, where no zone is named"),
        pytest.param("?AFTER=2031-01-01T00:00:00Z", "", id="after the newest: none"),
        pytest.param("?PHASE=COMPLETED&LAST=1", "h", id="the last one of a phase"),
        pytest.param("?PHASE=COMPLETED&AFTER=2030-05-01T16:00:00Z", "h", id="a phase and a time"),
        pytest.param("?AFTER=2030-05-01T12:00:00Z&LAST=2", "hf", id="the newest after a time"),
        pytest.param(
            "?PHASE=PENDING&PHASE=COMPLETED&AFTER=2030-05-01T11:00:00Z&LAST=2",
            "hd",
            id="all filters at once",
        ),
        pytest.param("?phase=ERROR&last=1", "e", id="names of parameters in small letters"),
    ],
)
def test_a_list_holds(ask, query, jobs):
    assert named(ask(query)) == jobs


@pytest.mark.parametrize(
    "query",
    ["?PHASE=ASLEEP", "?LAST=0", "?LAST=-1", "?LAST=many", "?AFTER=yesterday"],
)
def test_a_filter_that_means_nothing_is_refused(ask, query):
    assert ask(query).status_code == 400


def test_a_lists_entry_tells_the_phase_the_owner_and_the_address(ask, ids, settings):
    (entry,) = ElementTree.fromstring(ask("?PHASE=ERROR").content)
    assert entry.get("id") == ids["e"]
    assert entry.get(f"{XLINK}href") == f"{settings.SITE_URL}/uws/sample/{ids['e']}"
    assert entry.findtext(f"{UWS}phase") == "ERROR"
    assert entry.findtext(f"{UWS}ownerId") == "ann"
    assert entry.findtext(f"{UWS}creationTime").startswith("2030-05-01T16:00:00")


def test_a_deleted_job_leaves_the_list(ask, sample, ids):
    client = Client()
    client.login(username="ann", password="ann")
    assert client.delete(f"{sample.path}/{ids['d']}").status_code == 303
    assert named(ask("?PHASE=COMPLETED")) == "h"
