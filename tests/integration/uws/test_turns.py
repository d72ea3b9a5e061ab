"""Whose job is next: priorities, turns among owners, limits of what runs at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import queue, service
from uws.models import Job
from uws.phases import Phase
from uws.types import Queue

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def end():
    """A running job is done."""

    def complete(job_id):
        job = Job.objects.get(id=job_id)
        assert queue.complete(queue.Attempt(job_id, job.attempts, job.worker_id), ())

    return complete


def test_owners_take_turns_however_many_jobs_one_has(submit, claimed, people):
    anns = [submit(people["ann"]) for _ in range(3)]
    bobs = [submit(people["bob"]) for _ in range(2)]
    nobodys = submit(ANONYMOUS)
    assert claimed(6) == [anns[0], bobs[0], nobodys, anns[1], bobs[1], anns[2]]


def test_owners_take_turns_also_where_only_one_job_runs_at_a_time(submit, claimed, people, end):
    anns = [submit(people["ann"]) for _ in range(3)]
    bobs = [submit(people["bob"]) for _ in range(2)]
    order = []
    for _ in range(5):
        (job_id,) = claimed()
        end(job_id)
        order.append(job_id)
    assert order == [anns[0], bobs[0], anns[1], bobs[1], anns[2]]


def test_a_higher_priority_comes_first(submit, claimed):
    jobs = [submit() for _ in range(3)]
    Job.objects.filter(id=jobs[2]).update(priority=1)
    Job.objects.filter(id=jobs[0]).update(priority=-1)
    assert claimed(3) == [jobs[2], jobs[1], jobs[0]]


def test_no_owner_runs_more_than_the_limit_and_others_go_on(submit, claimed, people, end, settings):
    settings.VO_UWS_RUNNING_PER_OWNER = 2
    settings.VO_UWS_RUNNING_ANONYMOUS = 1
    anns = [submit(people["ann"]) for _ in range(3)]
    nobodys = [submit(ANONYMOUS) for _ in range(2)]
    assert claimed(9) == [anns[0], nobodys[0], anns[1]]
    end(anns[0])
    assert claimed(9) == [anns[2]]
    end(nobodys[0])
    assert claimed(9) == [nobodys[1]]


def test_no_more_jobs_run_than_the_server_may_run(submit, claimed, people, settings):
    settings.VO_UWS_RUNNING_AT_MOST = 2
    jobs = [submit(people[name]) for name in ("ann", "bob", "root")]
    assert claimed(9) == jobs[:2]


def test_long_jobs_do_not_stand_in_the_way_of_short_ones(submit, claimed, job_types, settings):
    settings.VO_UWS_RUNNING_AT_MOST = 1
    parameters = Parameters([("text", "hello")])
    long = service.create(job_types.long, ANONYMOUS, parameters, run_now=True).job_id
    short = submit()
    assert claimed(9) == [short]
    assert claimed(9, Queue.LONG) == [long]


def test_no_flood_of_short_jobs_starves_a_long_one(submit, claimed, job_types, settings):
    settings.VO_UWS_RUNNING_AT_MOST = 2
    for _ in range(30):
        submit()
    parameters = Parameters([("text", "hello")])
    long = service.create(job_types.long, ANONYMOUS, parameters, run_now=True).job_id
    assert len(claimed(9)) == 2
    assert claimed(9, Queue.LONG) == [long]


def test_one_owners_flood_delays_another_by_one_job_only(submit, claimed, people, end):
    for _ in range(30):
        submit(people["ann"])
    (running,) = claimed()
    bobs = submit(people["bob"])
    end(running)
    assert claimed() == [bobs]


def test_claims_at_the_same_moment_keep_to_the_limit(submit, claimed, settings):
    settings.VO_UWS_RUNNING_ANONYMOUS = 3
    for _ in range(10):
        submit()

    def claim(_):
        try:
            return claimed()
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(claim, range(12)))
    assert Job.objects.filter(phase=Phase.EXECUTING).count() == 3


def test_a_worker_without_places_does_not_start():
    with pytest.raises(CommandError, match="at least one job"):
        call_command("uws_worker", "--jobs=0", "--short-jobs=0")
