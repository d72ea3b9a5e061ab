"""Machines whose clocks differ: only the database's counts."""

from datetime import UTC, datetime, timedelta

import pytest

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import processes, queue, service
from uws.models import Job
from uws.phases import Phase
from uws.queue import WorkerIdentity
from uws.types import Queue

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = Parameters([("text", "hello")])


class Wrong(datetime):
    """A clock that is some hours off; negative: slow."""

    off = timedelta()

    @classmethod
    def now(cls, tz=None):
        return datetime.now(tz) + cls.off


@pytest.fixture(params=[-5, 5], ids=["slow", "fast"])
def wrong_clock(request, monkeypatch):
    """This process' clock is hours off."""
    import time

    real = time.time
    monkeypatch.setattr(Wrong, "off", timedelta(hours=request.param))
    monkeypatch.setattr(time, "time", lambda: real() + request.param * 3600)
    for module in (service, queue):
        if hasattr(module, "datetime"):
            monkeypatch.setattr(module, "datetime", Wrong)


def test_a_jobs_times_follow_one_another(sample, claimed, wrong_clock):
    ids = [service.submit(sample, ANONYMOUS, HELLO) for _ in range(2)]
    for job_id in ids:
        service.run(sample, ANONYMOUS, job_id)
    assert claimed() == [ids[0]]
    service.abort(sample, ANONYMOUS, ids[0])
    job = Job.objects.get(id=ids[0])
    times = [job.creation_time, job.queued_time, job.start_time, job.end_time]
    assert times == sorted(times)
    assert all(abs(time - datetime.now(UTC)) < timedelta(minutes=1) for time in times)


def test_who_waits_longest_is_next_whichever_machine_took_the_job(sample, claimed, monkeypatch):
    ids = []
    for hours in (5, -5, 0):
        monkeypatch.setattr(Wrong, "off", timedelta(hours=hours))
        monkeypatch.setattr(service, "datetime", Wrong)
        ids.append(service.submit(sample, ANONYMOUS, HELLO, run_now=True))
    assert claimed(3) == ids


@pytest.fixture
def machines(sample):
    """Two workers of two machines, which see nothing of each other but the database."""
    alive = processes.process(1)
    found = [
        WorkerIdentity(name, f"boot {name}", name, alive, alive, 2) for name in ("north", "south")
    ]
    for worker in found:
        queue.heartbeat(worker)
    return found


def test_machines_keep_each_others_leases_whatever_their_clocks(
    sample, machines, wrong_clock, settings
):
    north, south = machines
    job_id = service.submit(sample, ANONYMOUS, HELLO, run_now=True)
    claim = queue.claim(north.id, Queue.SHORT)
    assert claim.attempt.job_id == job_id
    # neither by its place nor by its lease is it south's to take
    assert queue.take_back_from_dead("boot south") == {}
    assert queue.take_back_expired() == {}
    queue.forget_lost_workers()
    assert {worker.id for worker in queue.workers_alive()} == {"north", "south"}
    assert queue.heartbeat(south) == ()
    assert [held.attempt for held in queue.heartbeat(north)] == [claim.attempt]


def test_a_machine_that_was_cut_off_can_not_undo_what_the_other_did(sample, machines, settings):
    north, south = machines
    job_id = service.submit(sample, ANONYMOUS, HELLO, run_now=True)
    first = queue.claim(north.id, Queue.SHORT).attempt
    Job.objects.update(lease_expires=datetime(2000, 1, 1, tzinfo=UTC))
    assert queue.take_back_expired() == {first: Phase.QUEUED}
    second = queue.claim(south.id, Queue.SHORT).attempt
    assert (second.job_id, second.number) == (job_id, 2)
    # north comes back: its lease is gone, and whatever it says of the job is not heard
    assert queue.heartbeat(north) == ()
    assert not queue.complete(first, ())
    assert not queue.fail(first, "too late", "fatal")
    assert queue.take_back(first, "too late") is None
    queue.give_back(north.id)
    assert service.phase(sample, ANONYMOUS, job_id) is Phase.EXECUTING
    assert queue.complete(second, ())
    assert Job.objects.get().attempts == 2
