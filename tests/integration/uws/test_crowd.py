"""Many jobs of several owners on two workers: whatever happens, the queue keeps its promises."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import processes, queue, service
from uws.errors import PhaseError, UnknownJobError
from uws.finished import FinishedFile
from uws.models import Job, JobResult
from uws.phases import TERMINAL, Phase
from uws.queue import WorkerIdentity
from uws.types import Queue

MAX_ATTEMPTS = 3
PER_OWNER = 2
AT_MOST = 5
HELLO = Parameters([("text", "hello")])
RESULT = (FinishedFile("result", "a/b", "text/plain", 1),)


class Crowd(RuleBasedStateMachine):
    """Jobs by id, and what each must be; attempts as they were claimed, dead ones among them."""

    jobs = Bundle("jobs")
    attempts = Bundle("attempts")
    sample = None
    owners = ()

    def __init__(self):
        super().__init__()
        self.phase = {}
        self.owner = {}
        self.tries = Counter()
        self.current = {}
        self.priority = {}
        process = processes.process(1)
        self.workers = [
            WorkerIdentity(name, f"place {name}", name, process, process, 3)
            for name in ("north", "south")
        ]
        for worker in self.workers:
            queue.heartbeat(worker)

    def teardown(self):
        Job.objects.all().delete()

    def running(self, owner=None):
        return [
            job
            for job, phase in self.phase.items()
            if phase is Phase.EXECUTING and owner in (None, self.owner[job])
        ]

    @rule(target=jobs, whose=st.integers(0, 2), priority=st.sampled_from([0, 0, 0, 1]))
    def submit(self, whose, priority):
        owner = self.owners[whose]
        job = service.submit(self.sample, owner, HELLO, run_now=True)
        Job.objects.filter(id=job).update(priority=priority)
        self.phase[job], self.owner[job], self.priority[job] = Phase.QUEUED, owner, priority
        return job

    @rule(target=attempts, which=st.integers(0, 1))
    def claim(self, which):
        claim = queue.claim(self.workers[which].id, Queue.SHORT)
        claimable = [
            job
            for job, phase in self.phase.items()
            if phase is Phase.QUEUED
            and len(self.running(self.owner[job])) < PER_OWNER
            and len(self.running()) < AT_MOST
        ]
        if claim is None:
            assert claimable == [], "a job that could be run was left waiting"
            return multiple()
        job = claim.attempt.job_id
        assert job in claimable
        assert self.priority[job] == max(self.priority[each] for each in claimable)
        rivals = [each for each in claimable if self.priority[each] == self.priority[job]]
        fewest = min(len(self.running(self.owner[each])) for each in rivals)
        assert len(self.running(self.owner[job])) == fewest, "it was another owner's turn"
        assert claim.task.owner == self.owner[job]
        self.tries[job] += 1
        assert claim.attempt.number == self.tries[job] <= MAX_ATTEMPTS
        self.phase[job], self.current[job] = Phase.EXECUTING, claim.attempt
        return claim.attempt

    def is_current(self, attempt):
        job = attempt.job_id
        return self.phase.get(job) is Phase.EXECUTING and self.current.get(job) == attempt

    def lose(self, attempt):
        job = attempt.job_id
        given_up = self.tries[job] >= MAX_ATTEMPTS
        self.phase[job] = Phase.ERROR if given_up else Phase.QUEUED
        self.current.pop(job)

    @rule(attempt=attempts)
    def complete(self, attempt):
        was_current = self.is_current(attempt)
        told = queue.complete(attempt, RESULT)
        is_done = self.phase.get(attempt.job_id) is Phase.COMPLETED
        assert told == (was_current or (is_done and self.current[attempt.job_id] == attempt))
        if was_current:
            self.phase[attempt.job_id] = Phase.COMPLETED

    @rule(attempt=attempts)
    def fail(self, attempt):
        was_current = self.is_current(attempt)
        assert queue.fail(attempt, "cloudy", "fatal") == was_current
        if was_current:
            self.phase[attempt.job_id] = Phase.ERROR

    @rule(attempt=attempts)
    def crash(self, attempt):
        was_current = self.is_current(attempt)
        assert (queue.take_back(attempt, "it died") is not None) == was_current
        if was_current:
            self.lose(attempt)

    @rule(which=st.integers(0, 1))
    def a_worker_is_silent_for_too_long(self, which):
        held = {a for job, a in self.current.items() if self.is_current(a)}
        silent = {a for a in held if a.worker_id == self.workers[which].id}
        Job.objects.filter(worker=self.workers[which].id).update(
            lease_expires="2000-01-01T00:00:00Z"
        )
        assert set(queue.take_back_expired()) == silent
        for attempt in silent:
            self.lose(attempt)

    @rule(which=st.integers(0, 1))
    def a_worker_stops(self, which):
        worker = self.workers[which]
        queue.give_back(worker.id)
        for job in self.running():
            if self.current[job].worker_id == worker.id:
                self.phase[job] = Phase.QUEUED
                self.tries[job] -= 1
                self.current.pop(job)
        # a new one takes its place, under a name of its own
        name = f"{worker.id}'"
        self.workers[which] = WorkerIdentity(name, name, name, worker.process, worker.template, 3)
        queue.heartbeat(self.workers[which])

    @rule(job=jobs)
    def abort(self, job):
        if self.phase[job] is None:
            with pytest.raises(UnknownJobError):
                service.abort(self.sample, self.owner[job], job)
            return
        service.abort(self.sample, self.owner[job], job)
        if self.phase[job] not in TERMINAL:
            self.phase[job] = Phase.ABORTED

    @rule(job=jobs)
    def delete(self, job):
        if self.phase[job] is not None:
            service.delete(self.sample, self.owner[job], job)
            self.phase[job] = None

    @rule(job=jobs)
    def hold_and_run(self, job):
        if self.phase[job] is Phase.QUEUED:
            service.hold(self.sample, self.owner[job], job)
            service.run(self.sample, self.owner[job], job)
        elif self.phase[job] in TERMINAL:
            with pytest.raises(PhaseError):
                service.run(self.sample, self.owner[job], job)

    @invariant()
    def all_is_as_it_must_be(self):
        stored = {job.id: job for job in Job.objects.all()}
        assert {job: found.phase for job, found in stored.items()} == {
            job: phase for job, phase in self.phase.items() if phase is not None
        }
        assert {job: found.attempts for job, found in stored.items()} == {
            job: self.tries[job] for job in stored
        }
        results = Counter(JobResult.objects.values_list("job_id", flat=True))
        assert results == Counter(
            job for job, phase in self.phase.items() if phase is Phase.COMPLETED
        )
        assert len(self.running()) <= AT_MOST
        assert all(len(self.running(owner)) <= PER_OWNER for owner in self.owners)


@pytest.mark.django_db
def test_the_queue_keeps_its_promises(sample, people, settings_of_django, settings_of_hypothesis):
    class Machine(Crowd):
        pass

    Machine.sample = sample
    Machine.owners = (people["ann"], people["bob"], ANONYMOUS)
    run_state_machine_as_test(Machine, settings=settings_of_hypothesis)


@pytest.fixture
def settings_of_django(settings):
    settings.VO_UWS_MAX_ATTEMPTS = MAX_ATTEMPTS
    settings.VO_UWS_RUNNING_PER_OWNER = settings.VO_UWS_RUNNING_ANONYMOUS = PER_OWNER
    settings.VO_UWS_RUNNING_AT_MOST = AT_MOST


@pytest.fixture
def settings_of_hypothesis():
    return settings(
        max_examples=20,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
