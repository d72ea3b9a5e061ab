"""Lists and turns where there are very many jobs."""

import time
from datetime import timedelta

import pytest
from defusedxml import ElementTree
from django.db import connection
from django.db.models.functions import Now

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import queue, service
from uws.models import Job
from uws.phases import Phase
from uws.types import Queue

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 6_000


@pytest.fixture
def many(sample, people):
    """Ann has some thousands of jobs that are over, and hundreds that wait; so has nobody."""

    def stored(number):
        waits = number % 40 == 0
        return Job(
            job_type=sample.name,
            owner_id=people["ann"].user_id if number % 2 else None,
            phase=Phase.QUEUED if waits else Phase.COMPLETED,
            queued_time=Now(),
            start_time=None if waits else Now(),
            end_time=None if waits else Now(),
            execution_duration=60,
            destruction=Now() + timedelta(days=9),
        )

    Job.objects.bulk_create([stored(number) for number in range(MANY)], batch_size=2000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE uws_job")
    return people["ann"]


def seconds(do, times=5):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return min(taken)


def test_many_jobs_slow_down_nothing(many, sample, client, claimed, settings):
    settings.VO_UWS_JOBS_PER_OWNER = settings.VO_UWS_QUEUED_PER_OWNER = 10 * MANY
    client.login(username="ann", password="ann")
    few = seconds(lambda: client.get(f"{sample.path}?LAST=10"))
    assert few < 0.25
    listed = client.get(sample.path)
    assert len(ElementTree.fromstring(listed.content)) == MANY / 2
    assert seconds(lambda: client.get(f"{sample.path}?LAST=1000"), 3) < 1.5
    hello = Parameters([("text", "hello")])
    for principal in (many, ANONYMOUS):
        make = seconds(lambda principal=principal: service.submit(sample, principal, hello))
        assert make < 0.25, principal
    assert seconds(lambda: claimed(1)) < 0.25
    assert seconds(lambda: queue.claim("here", Queue.LONG)) < 0.25
