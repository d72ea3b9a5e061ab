"""The queue of jobs in PostgreSQL: claims, leases, and what happens when a process dies.

Workers and jobs' child processes call these; clients' requests go through `uws.service`. The
database's clock alone decides about leases. Every change of a running job names the attempt that
it speaks for, so a process that was given up can't change what a later one does.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Now

from auth.principal import Principal, of_user_id
from uws import files, finished, processes, registry, statements
from uws.errors import UnknownJobError
from uws.finished import FinishedFile
from uws.models import Job, Worker
from uws.phases import Phase, next_phases
from uws.processes import Process
from uws.types import Queue


@dataclass(frozen=True, slots=True)
class Attempt:
    """One run of a job by a worker. number: from 1."""

    job_id: str
    number: int
    worker_id: str


@dataclass(frozen=True, slots=True)
class Task:
    """What a job's process has to know. values: by parameter."""

    job_type: str
    owner: Principal
    values: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that a worker holds the lease of. execution_duration: seconds, 0 = any.

    task: as it was when the attempt began, told then only. is_renewed: whether the last heartbeat
    could extend the lease.
    """

    attempt: Attempt
    job_type: str
    execution_duration: int
    task: Task | None = None
    is_renewed: bool = True


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """What a worker is known by. template: the process that its jobs are forked from."""

    id: str
    place: str
    host: str
    process: Process
    template: Process
    capacity: int


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker that is alive. running, capacity: jobs. Times are aware, UTC."""

    id: str
    host: str
    pid: int
    capacity: int
    running: int
    started: datetime
    heartbeat: datetime


@dataclass(frozen=True, slots=True)
class RunningJob:
    """A job that a worker runs now. owner: account name, empty for the anonymous. done: 0 to 1."""

    job_id: str
    job_type: str
    owner: str
    worker_id: str
    attempt: int
    start_time: datetime
    done: float | None


def heartbeat(worker: WorkerIdentity) -> tuple[Claim, ...]:
    """Register the worker, or renew it and its leases; the jobs that are still its own.

    The lease of a job whose row is locked at this moment isn't renewed.
    """
    rows = statements.execute(
        "heartbeat",
        worker=worker.id,
        place=worker.place,
        host=worker.host,
        pid=worker.process.pid,
        pid_started=worker.process.started,
        template_pid=worker.template.pid,
        template_started=worker.template.started,
        capacity=worker.capacity,
        lease_s=settings.VO_UWS_LEASE_S,
    )
    return tuple(
        replace(_claim(worker.id, *claimed), is_renewed=renewed) for *claimed, renewed in rows
    )


def claim(worker_id: str, queue: Queue) -> Claim | None:
    """The job of this queue whose turn it is, now EXECUTING by this worker.

    ``None`` where none waits, or only such as would exceed a limit of running jobs.
    """
    rows = statements.execute(
        "claim",
        worker=worker_id,
        job_types=[job_type.name for job_type in registry.of_queue(queue)],
        lease_s=settings.VO_UWS_LEASE_S,
        per_owner=settings.VO_UWS_RUNNING_PER_OWNER,
        anonymous=settings.VO_UWS_RUNNING_ANONYMOUS,
        at_most=settings.VO_UWS_RUNNING_AT_MOST,
    )
    if not rows:
        return None
    *claimed, owner_id, given = rows[0]
    found = _claim(worker_id, *claimed)
    return replace(found, task=_task(found.job_type, owner_id, given))


def _claim(
    worker_id: str, job_id: str, attempt: int, job_type: str, execution_duration: int
) -> Claim:
    return Claim(Attempt(job_id, attempt, worker_id), job_type, execution_duration)


def task(job_id: str) -> Task:
    """What the job is to do; raises `UnknownJobError` where it is gone."""
    rows = statements.execute("task", job=job_id)
    if not rows:
        raise UnknownJobError("the job was deleted")
    return _task(*rows[0])


def _task(job_type: str, owner_id: int | None, given: str) -> Task:
    values: dict[str, tuple[str, ...]] = {}
    for name, value in json.loads(given):
        values[name] = (*values.get(name, ()), value)
    return Task(job_type, of_user_id(owner_id), values)


def complete(
    attempt: Attempt,
    results: tuple[FinishedFile, ...],
    at_completion: Sequence[Callable[[], None]] = (),
) -> bool:
    """Record the results and the phase COMPLETED, both or neither; whether it was this one's to do.

    at_completion: what else is written, or not, together with them. Without any it may be repeated
    where the answer was lost with the connection.
    """
    if not at_completion:
        return _complete(attempt, results)
    with transaction.atomic():
        for write in at_completion:
            write()  # before the job's row is locked: its worker must be able to renew the lease
        if not statements.execute("complete", **_named(attempt), results=_json(results)):
            has_been_completed = has_completed(attempt)
            transaction.set_rollback(True)
            return has_been_completed
    return True


def _complete(attempt: Attempt, results: tuple[FinishedFile, ...]) -> bool:
    completed = statements.execute("complete", **_named(attempt), results=_json(results))
    return bool(completed) or has_completed(attempt)


def _json(results: tuple[FinishedFile, ...]) -> str:
    return json.dumps([asdict(result) for result in results])


def fail(attempt: Attempt, message: str, kind: str) -> bool:
    """The job is an ERROR for the reason in ``message``; whether it was this attempt's to say."""
    return bool(statements.execute("fail", **_named(attempt), error=message, kind=kind))


def overrun(attempt: Attempt, seconds: int) -> bool:
    """The job ran longer than its execution duration and is ABORTED."""
    message = f"ended after its execution duration of {seconds} s"
    return bool(statements.execute("overrun", **_named(attempt), error=message))


def tell_progress(attempt: Attempt, done: float, total: float, message: str) -> None:
    """Store how far the attempt has come."""
    statements.execute("progress", **_named(attempt), done=done, total=total, message=message)


def _named(attempt: Attempt) -> dict[str, str | int]:
    return {"job": attempt.job_id, "attempt": attempt.number, "worker": attempt.worker_id}


def finish(attempt: Attempt) -> bool:
    """Record what a dead attempt had done and noted; whether there was anything to record."""
    done = finished.noted(attempt.job_id, attempt.number)
    if done is None:
        return False
    return bool(statements.execute("complete", **_named(attempt), results=_json(done)))


def is_noted(attempt: Attempt) -> bool:
    """Whether the attempt has left it to its worker to record what it has done."""
    return finished.is_noted(attempt.job_id, attempt.number)


def take_back(attempt: Attempt, reason: str, *, only_expired: bool = False) -> Phase | None:
    """The attempt was lost with its process: queue the job again, or give it up.

    Where it had done its work and only not recorded it, the job is COMPLETED. reason: in words for
    the owner. only_expired: only where the lease has run out.
    Returns the new phase; ``None`` where the attempt was over already.
    """
    if finish(attempt):
        return Phase.COMPLETED
    limit: int = settings.VO_UWS_MAX_ATTEMPTS
    rows = statements.execute(
        "take_back",
        **_named(attempt),
        max_attempts=limit,
        error=f"{reason}; given up after {attempt.number} attempts",
        only_expired=only_expired,
    )
    return Phase(rows[0][0]) if rows else None


def take_back_expired() -> dict[Attempt, Phase]:
    """Take back every job whose lease has run out; the lost attempts and the jobs' new phases.

    What it still does in the database is ended first.
    """
    taken: dict[Attempt, Phase] = {}
    for job_id, number, worker_id in statements.execute("expired_leases"):
        attempt = Attempt(job_id, number, worker_id)
        end_backends(attempt)
        reason = "the worker that ran the job is no longer heard of"
        phase = take_back(attempt, reason, only_expired=True)
        if phase is not None:
            taken[attempt] = phase
    return taken


def take_back_from_dead(place: str) -> dict[Attempt, Phase]:
    """Take back the jobs of workers of this machine that are dead, without waiting for leases.

    Their processes are ended first, so that no job has two at once.
    Returns the lost attempts and the jobs' new phases.
    """
    taken: dict[Attempt, Phase] = {}
    for worker in Worker.objects.filter(place=place):
        if processes.is_running(Process(worker.pid, worker.pid_started)):
            continue
        if not processes.end_session(Process(worker.template_pid, worker.template_started)):
            continue  # it hangs in the kernel; its lease will tell
        for job in worker.jobs.filter(phase=Phase.EXECUTING):
            attempt = Attempt(job.id, job.attempts, worker.id)
            end_backends(attempt)
            phase = take_back(attempt, "the worker that ran the job died")
            if phase is not None:
                taken[attempt] = phase
        Worker.objects.filter(id=worker.id, jobs=None).delete()
    return taken


def forget_lost_workers() -> None:
    """Remove workers of other machines that have not been heard of for long and hold no job."""
    limit = Now() - timedelta(seconds=60 * settings.VO_UWS_LEASE_S)
    for worker in Worker.objects.filter(heartbeat__lt=limit, jobs=None):
        worker.delete()


def has_completed(attempt: Attempt) -> bool:
    """Whether it was this attempt that completed the job."""
    return Job.objects.filter(
        id=attempt.job_id, attempts=attempt.number, phase=Phase.COMPLETED
    ).exists()


def give_back(worker_id: str) -> None:
    """The worker stops: its jobs wait again, the attempts don't count, the worker is gone."""
    with transaction.atomic():
        statements.execute("give_back", worker=worker_id)
        Worker.objects.filter(id=worker_id).delete()


def tidy(attempt: Attempt) -> None:
    """Remove what a dead attempt wrote; only its temporary files where it completed the job."""
    if has_completed(attempt):
        finished.forget(attempt.job_id, attempt.number)
        files.remove_temporary(attempt.job_id, attempt.number)
    else:
        files.remove_attempt(attempt.job_id, attempt.number)


def end_backends(attempt: Attempt) -> None:
    """End what the attempt is still doing in the database."""
    statements.execute("end_backends", job=attempt.job_id, attempt=attempt.number)


def may_end_backends_of(role: str) -> bool:
    """Whether `end_backends` reaches connections that were opened as ``role``."""
    return bool(statements.execute("may_signal", role=role)[0][0])


def destroy_expired() -> int:
    """Destroy jobs past their destruction time, with their files; how many.

    Where the server archives, a job that has ended keeps its description for some time more, in
    the phase ARCHIVED (UWS 1.1, section 2.1.3).
    """
    archive = timedelta(days=settings.VO_UWS_ARCHIVE_DAYS)
    with transaction.atomic():
        expired = Job.objects.select_for_update(skip_locked=True).filter(destruction__lt=Now())
        jobs = list(expired[:100])
        for job in jobs:
            if archive and Phase.ARCHIVED in next_phases(Phase(job.phase)):
                _archive(job, archive)
            else:
                job.delete()
    return len(jobs)


def _archive(job: Job, how_long: timedelta) -> None:
    """Keep the job's description alone."""
    job.phase = Phase.ARCHIVED
    job.destruction += how_long
    job.save(update_fields=["phase", "destruction"])
    job.results.all().delete()
    folder = files.job_folder(job.id)
    transaction.on_commit(lambda: files.remove(folder))


def workers_alive() -> list[WorkerRecord]:
    """The workers that have been heard of within a lease's time."""
    since = Now() - timedelta(seconds=settings.VO_UWS_LEASE_S)
    alive = Worker.objects.filter(heartbeat__gt=since).order_by("started")
    counted = alive.annotate(running=Count("jobs", filter=Q(jobs__phase=Phase.EXECUTING)))
    return [
        WorkerRecord(
            id=worker.id,
            host=worker.host,
            pid=worker.pid,
            capacity=worker.capacity,
            running=worker.running,
            started=worker.started,
            heartbeat=worker.heartbeat,
        )
        for worker in counted
    ]


def running_jobs() -> list[RunningJob]:
    """What runs now, the oldest first."""
    executing = Job.objects.filter(phase=Phase.EXECUTING, start_time__isnull=False)
    return [
        RunningJob(
            job_id=job.id,
            job_type=job.job_type,
            owner=job.owner.get_username() if job.owner else "",
            worker_id=job.worker_id or "",
            attempt=job.attempts,
            start_time=job.start_time or job.creation_time,
            done=(job.progress_done or 0) / job.progress_total if job.progress_total else None,
        )
        for job in executing.select_related("owner").order_by("start_time")
    ]
