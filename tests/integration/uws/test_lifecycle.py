"""Whatever owners, workers and accidents do to a job, it goes as a small model says."""

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import processes, queue, service
from uws.errors import InvalidParametersError, PhaseError
from uws.finished import FinishedFile
from uws.models import Job, JobMessage, JobResult
from uws.phases import TERMINAL, Phase
from uws.queue import Attempt, WorkerIdentity
from uws.types import Queue

MAX_ATTEMPTS = 3
WORKER = "here:1:test"


class Lifecycle(RuleBasedStateMachine):
    """One job, its model in a few variables, and everything that may happen to it.

    Attempts outlive their loss here: each is tried again later, as a process does that was thought
    dead, and must not change anything then.
    """

    attempts = Bundle("attempts")
    sample = None

    def __init__(self):
        super().__init__()
        self.job_id = service.create(self.sample, ANONYMOUS, Parameters()).job_id
        self.phase = Phase.PENDING
        self.has_text = False
        self.number = 0
        self.current = None
        self.results = 0
        process = processes.process(1)
        self.worker = WorkerIdentity(WORKER, "test", "here", process, process, 1)
        queue.heartbeat(self.worker)

    def teardown(self):
        Job.objects.all().delete()

    @rule()
    def give_parameters(self):
        if self.phase is Phase.PENDING:
            service.set_parameters(self.sample, ANONYMOUS, self.job_id, Parameters([("text", "x")]))
            self.has_text = True
        else:
            with pytest.raises(PhaseError):
                service.set_parameters(self.sample, ANONYMOUS, self.job_id, Parameters())

    @rule()
    def run(self):
        if self.phase in TERMINAL:
            with pytest.raises(PhaseError):
                service.run(self.sample, ANONYMOUS, self.job_id)
        elif self.phase is Phase.PENDING and not self.has_text:
            with pytest.raises(InvalidParametersError):
                service.run(self.sample, ANONYMOUS, self.job_id)
        else:
            service.run(self.sample, ANONYMOUS, self.job_id)
            if self.phase is Phase.PENDING:
                self.phase = Phase.QUEUED

    @rule()
    def abort(self):
        service.abort(self.sample, ANONYMOUS, self.job_id)
        if self.phase not in TERMINAL:
            self.phase, self.current = Phase.ABORTED, None

    @rule(target=attempts)
    def claim(self):
        claim = queue.claim(WORKER, Queue.SHORT)
        if self.phase is not Phase.QUEUED:
            assert claim is None
            return Attempt(self.job_id, 99, WORKER)
        self.number += 1
        self.phase, self.current = Phase.EXECUTING, claim.attempt
        assert claim.attempt == Attempt(self.job_id, self.number, WORKER)
        return claim.attempt

    @rule(attempt=attempts)
    def complete(self, attempt):
        is_mine = queue.complete(
            attempt,
            (FinishedFile("result", "a/b", "text/plain", 1),),
            [lambda: JobMessage.objects.create(job_id=self.job_id, text="written at completion")],
        )
        if attempt == self.current and self.phase is Phase.EXECUTING:
            assert is_mine
            self.phase, self.results = Phase.COMPLETED, 1
        else:
            assert is_mine == (attempt == self.current and self.phase is Phase.COMPLETED)

    @rule(attempt=attempts)
    def fail(self, attempt):
        is_mine = self.phase is Phase.EXECUTING and attempt == self.current
        assert queue.fail(attempt, "cloudy", "fatal") == is_mine
        if is_mine:
            self.phase = Phase.ERROR

    @rule(attempt=attempts)
    def crash(self, attempt):
        is_mine = self.phase is Phase.EXECUTING and attempt == self.current
        phase = queue.take_back(attempt, "the process died")
        assert (phase is not None) == is_mine
        if is_mine:
            self.phase = Phase.QUEUED if self.number < MAX_ATTEMPTS else Phase.ERROR
            self.current = None
            assert phase is self.phase

    @rule(attempt=attempts)
    def overrun(self, attempt):
        is_mine = self.phase is Phase.EXECUTING and attempt == self.current
        assert queue.overrun(attempt, 5) == is_mine
        if is_mine:
            self.phase = Phase.ABORTED

    @rule()
    def lease_runs_out(self):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE uws_job SET lease_expires = 'epoch' WHERE lease_expires > now()")
        taken = queue.take_back_expired()
        assert bool(taken) == (self.phase is Phase.EXECUTING)
        if taken:
            self.phase = Phase.QUEUED if self.number < MAX_ATTEMPTS else Phase.ERROR
            self.current = None

    @precondition(lambda self: self.phase is Phase.EXECUTING)
    @rule()
    def heartbeat(self):
        (held,) = queue.heartbeat(self.worker)
        assert held.attempt == self.current

    @rule()
    def lease_holds(self):
        assert queue.take_back_expired() == {}

    @invariant()
    def the_job_is_as_the_model_says(self):
        job = Job.objects.get(id=self.job_id)
        assert (job.phase, job.attempts) == (self.phase, self.number)
        assert JobResult.objects.filter(job=job).count() == self.results
        assert JobMessage.objects.filter(job=job).count() == self.results
        assert (job.end_time is not None) == (self.phase in TERMINAL)


@pytest.mark.django_db
def test_a_job_goes_as_the_model_says(sample, settings_of_hypothesis):
    class Machine(Lifecycle):
        pass

    Machine.sample = sample
    run_state_machine_as_test(Machine, settings=settings_of_hypothesis)


@pytest.fixture
def settings_of_hypothesis():
    return settings(
        max_examples=25,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
