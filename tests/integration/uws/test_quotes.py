"""When a job is likely to be done: told by its type, counted from its start."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import registry, service
from uws.models import Job

TEXT = ("text", "hello")


@pytest.fixture
def quoting(sample):
    """Offer the sample type with this quote; the type, and with what it was asked."""
    asked = []

    def offer(tell):
        def quote(parameters, owner):
            asked.append((parameters.sleep_s, owner))
            return tell(parameters)

        registry.withdraw(sample.name)
        offered = replace(sample, quote=quote)
        registry.register(offered)
        return offered, asked

    yield offer
    registry.withdraw(sample.name)
    registry.register(sample)


def make(job_type, *given, run_now=False, principal=ANONYMOUS):
    return service.submit(job_type, principal, Parameters([TEXT, *given]), run_now=run_now)


@pytest.mark.django_db
def test_a_pending_job_is_quoted_from_its_creation(quoting):
    job_type, _ = quoting(lambda parameters: parameters.sleep_s)
    job_id = make(job_type, ("sleep_s", "90"))
    job = service.get(job_type, ANONYMOUS, job_id)
    assert job.quote == job.creation_time + timedelta(seconds=90)


@pytest.mark.django_db
def test_nothing_is_asked_before_the_job_is_read_and_then_once(quoting):
    job_type, asked = quoting(lambda parameters: parameters.sleep_s)
    job_id = make(job_type, ("sleep_s", "90"), run_now=True)
    assert asked == []
    quotes = {service.get(job_type, ANONYMOUS, job_id).quote for _ in range(3)}
    assert len(quotes) == len(asked) == 1


@pytest.mark.django_db
def test_changed_parameters_are_quoted_anew(quoting):
    job_type, asked = quoting(lambda parameters: parameters.sleep_s)
    job_id = make(job_type, ("sleep_s", "90"))
    service.get(job_type, ANONYMOUS, job_id)
    service.set_parameters(job_type, ANONYMOUS, job_id, Parameters([("sleep_s", "5")]))
    job = service.get(job_type, ANONYMOUS, job_id)
    assert job.quote == job.creation_time + timedelta(seconds=5)
    assert [seconds for seconds, _ in asked] == [90, 5]


@pytest.mark.django_db
def test_the_owner_is_asked_for_whoever_reads(quoting, people):
    job_type, asked = quoting(lambda parameters: 1.0)
    job_id = make(job_type, principal=people["ann"])
    service.get(job_type, people["root"], job_id)
    assert [owner for _, owner in asked] == [people["ann"]]


def broken(parameters):
    raise RuntimeError("the sky fell down")


def broken_query(parameters):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")
    return 1.0


@pytest.mark.django_db
@pytest.mark.parametrize(
    "tell",
    [
        lambda parameters: None,
        lambda parameters: float("nan"),
        lambda parameters: -1.0,
        lambda parameters: 1e300,
        broken,
        broken_query,
    ],
)
def test_what_can_not_be_told_leaves_the_quote_empty_and_harms_nothing(quoting, tell, client):
    job_type, _ = quoting(tell)
    job_id = make(job_type, run_now=True)
    assert service.get(job_type, ANONYMOUS, job_id).quote is None
    answer = client.get(f"{job_type.path}/{job_id}/quote")
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.django_db
def test_incomplete_parameters_are_not_quoted(quoting):
    job_type, asked = quoting(lambda parameters: 1.0)
    job_id = service.submit(job_type, ANONYMOUS, Parameters([]))
    assert service.get(job_type, ANONYMOUS, job_id).quote is None
    assert asked == []


@pytest.mark.django_db
def test_a_job_that_is_over_keeps_its_quote_and_gets_no_new_one(quoting):
    job_type, asked = quoting(lambda parameters: 7.0)
    told, untold = make(job_type), make(job_type)
    before = service.get(job_type, ANONYMOUS, told).quote
    for job_id in (told, untold):
        service.abort(job_type, ANONYMOUS, job_id)
    assert service.get(job_type, ANONYMOUS, told).quote == before
    assert service.get(job_type, ANONYMOUS, untold).quote is None
    assert len(asked) == 1


def test_a_running_job_is_quoted_from_its_start(quoting, claimed):
    job_type, _ = quoting(lambda parameters: 60.0)
    job_id = make(job_type, run_now=True)
    queued = service.get(job_type, ANONYMOUS, job_id).quote
    assert claimed() == [job_id]
    job = service.get(job_type, ANONYMOUS, job_id)
    assert job.quote == job.start_time + timedelta(seconds=60) > queued
    assert Job.objects.get(id=job_id).quoted_s == 60.0
