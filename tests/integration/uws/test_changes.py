"""Hearing of changes by one shared connection."""

import asyncio
import threading

import pytest
from django.db import connection

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import changes, service

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(sample):
    return service.create(sample, ANONYMOUS, Parameters([("text", "x")])).job_id


def listening_threads():
    return [thread for thread in threading.enumerate() if thread.name == "uws-changes"]


def end_listening_connection():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE 'LISTEN%%'"
        )
        return cursor.fetchall()


async def heard_after(act, job_id):
    """Whether ``act`` is heard of, once listening has begun; the seconds that it took."""
    with changes.following(job_id) as follower:
        await follower.heard(5)  # listening has begun
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.to_thread(act)
        await follower.heard(5)
        return loop.time() - began


def in_thread(do):
    """The action as another process does it: on a connection of its own, closed after."""

    def act():
        try:
            do()
        finally:
            connection.close()

    return act


def test_a_change_is_heard_at_once_and_others_changes_are_not(sample, job):
    other = service.create(sample, ANONYMOUS, Parameters([("text", "x")])).job_id
    run = in_thread(lambda: service.run(sample, ANONYMOUS, job))
    assert asyncio.run(heard_after(run, job)) < 1
    abort = in_thread(lambda: service.abort(sample, ANONYMOUS, job))
    assert asyncio.run(heard_after(abort, other)) >= 5


def test_the_connection_lasts_only_as_long_as_somebody_follows(sample, job, eventually):
    async def follow_again_and_again():
        for _ in range(20):
            with changes.following(job) as follower:
                await follower.heard(0.01)
        with changes.following(job) as follower:
            await follower.heard(0.1)
            assert len(listening_threads()) == 1

    asyncio.run(follow_again_and_again())
    eventually(lambda: not listening_threads(), timeout_s=3)


def test_listening_goes_on_for_a_while_where_it_may(sample, job, eventually, monkeypatch):
    monkeypatch.setattr(changes._ear, "linger_s", 1.0)

    async def follow():
        with changes.following(job) as follower:
            await follower.heard(2)
            return listening_threads()

    first = asyncio.run(follow())
    assert asyncio.run(follow()) == first
    eventually(lambda: not listening_threads(), timeout_s=5)


def test_a_lost_connection_wakes_everybody_and_is_made_anew(sample, job, eventually):
    assert asyncio.run(heard_after(in_thread(end_listening_connection), job)) < 2

    async def follow_through_the_loss():
        with changes.following(job) as follower:
            await follower.heard(5)
            await asyncio.to_thread(in_thread(end_listening_connection))
            await follower.heard(5)  # the loss
            await follower.heard(5)  # listening again
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(in_thread(lambda: service.run(sample, ANONYMOUS, job)))
            await follower.heard(5)
            return asyncio.get_running_loop().time() - began

    assert asyncio.run(follow_through_the_loss()) < 1
    eventually(lambda: not listening_threads(), timeout_s=3)
