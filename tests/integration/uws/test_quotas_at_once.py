"""Limits hold however many ask at the very same moment."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import quotas, service
from uws.errors import QuotaError
from uws.models import Job
from uws.phases import Phase

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = Parameters([("text", "hello")])
CLIENTS = 12


@pytest.fixture
def all_at_once():
    """Do the same from many threads; how many were not refused."""

    def do(ask):
        together = threading.Barrier(CLIENTS)

        def one(number):
            try:
                connection.ensure_connection()
                together.wait()
                ask(number)
                return True
            except QuotaError:
                return False
            finally:
                connection.close()

        with ThreadPoolExecutor(CLIENTS) as pool:
            return sum(pool.map(one, range(CLIENTS)))

    return do


@pytest.mark.parametrize("name", ["ann", None])
def test_no_more_jobs_are_created_than_allowed(sample, people, settings, all_at_once, name):
    settings.VO_UWS_JOBS_PER_OWNER = settings.VO_UWS_JOBS_ANONYMOUS = 5
    principal = people[name] if name else ANONYMOUS
    quotas._anonymous._count_at = float("-inf")
    created = all_at_once(lambda _: service.submit(sample, principal, HELLO))
    assert created == Job.objects.count() == 5


@pytest.mark.parametrize("name", ["ann", None])
def test_no_more_jobs_are_queued_than_allowed(sample, people, settings, all_at_once, name):
    settings.VO_UWS_QUEUED_PER_OWNER = settings.VO_UWS_QUEUED_ANONYMOUS = 5
    principal = people[name] if name else ANONYMOUS
    prepared = [service.submit(sample, principal, HELLO) for _ in range(CLIENTS)]

    def ask(number):
        """Half of them create a job to be run, half run one that is there."""
        if number % 2:
            service.submit(sample, principal, HELLO, run_now=True)
        else:
            service.run(sample, principal, prepared[number])

    assert all_at_once(ask) == 5
    assert Job.objects.filter(phase=Phase.QUEUED).count() == 5


def test_far_from_a_limit_nobody_waits_for_another(sample, people, django_assert_num_queries):
    service.submit(sample, people["ann"], HELLO)
    with django_assert_num_queries(6) as asked:  # BEGIN, two counts, two INSERTs, COMMIT
        service.submit(sample, people["ann"], HELLO)
    assert not any("lock" in query["sql"] for query in asked.captured_queries)
