"""Jobs that fail are recorded as such: what was run, with which settings, why it failed.

The record is nobody's to see but administrators', like all that isn't published, and leads to the
steps that were made or failed before. A job that is aborted, or whose process is killed, can't say
so itself: whoever tends the cache does, from what the server knows of the job (`record_lost`).
Where it ran, and by which steps it went, isn't known of such a job.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from analysis.errors import AnalysisError
from analysis.publishing import agents_of, parameters_of
from analysis.workflow_types import workflow_names
from dali.errors import DaliError
from dali.log_context import about_job
from provenance import people, recorder, store
from provenance.history import known_activities
from provenance.identifiers import activity_id_of
from provenance.records import ActivityRecord, Status
from uws import queue, registry
from uws.ended import UnsuccessfulJob, unsuccessful_jobs
from uws.errors import InvalidParametersError, JobFailure, UnknownJobError
from uws.parameters import check
from uws.types import JobContext

logger = logging.getLogger(__name__)

#: How far back jobs are looked for that left no record: longer than a server is out of order.
_LOOKED_BACK = timedelta(days=7)

_steps: ContextVar[list[str] | None] = ContextVar("analysis_steps_of_job", default=None)


def went_through(activity_id: str) -> None:
    """Note that the job that runs now had that step made, found, or tried in vain."""
    steps = _steps.get()
    if steps is not None:
        steps.append(activity_id)


@contextmanager
def failure_recorded(context: JobContext[Any], name: str) -> Iterator[None]:
    """Enter a failed activity ``name`` where what is inside the block raises an exception.

    The reason is the failure's own words where it was made for users to read, else its class. What
    was raised is raised again, whether or not it could be recorded. A database that doesn't answer
    is no failure of the job, which may be run again.
    """
    token = _steps.set([])
    try:
        yield
    except (OperationalError, InterfaceError):
        raise
    except Exception as problem:
        try:
            _enter(context, name, problem)
        except Exception:  # of many kinds: none may stand for the problem itself
            logger.exception("the failure of a job could not be recorded")
        raise
    finally:
        _steps.reset(token)


def _enter(context: JobContext[Any], name: str, problem: Exception) -> None:
    failing = recorder.activity(
        name,
        version=settings.VO_VERSION,
        authority=settings.VO_AUTHORITY,
        start=context.begun,
        agents=agents_of(context),
        parameters=parameters_of(context),
    )
    with suppress(type(problem)), failing as activity:
        activity.remark_privately(f"Job {context.job_id}.")
        for step in dict.fromkeys(_steps.get() or ()):
            activity.informed_by(step)
        raise problem
    record = replace(activity.record, id=_identifier(name, context.job_id))
    if isinstance(problem, AnalysisError | JobFailure | DaliError):
        record = replace(record, comment=str(problem))
    with transaction.atomic():
        store.enter([record])
        people.call_by_present_name(context.owner.user_id)


def record_lost() -> int:
    """Enter the jobs that ended in the last days and left no record; how many were entered.

    One that can't be entered is logged, and tried again the next time. Raises ``OperationalError``
    or ``InterfaceError`` where the database is gone, or has no room for any of them.
    """
    since = datetime.now(UTC) - _LOOKED_BACK
    if settings.VO_PROVENANCE_RETENTION_DAYS:  # what is older would be removed again
        kept = timedelta(days=settings.VO_PROVENANCE_RETENTION_DAYS)
        since = max(since, datetime.now(UTC) - kept)
    jobs = {
        _identifier(job.job_type, job.job_id): job
        for job in unsuccessful_jobs(workflow_names(), since)
    }
    lost = jobs.keys() - known_activities(jobs)
    return sum(_could_enter(identifier, jobs[identifier]) for identifier in lost)


def _could_enter(identifier: str, job: UnsuccessfulJob) -> bool:
    """Record a job whose process is gone, whole or not at all; whether that could be done."""
    try:
        with about_job(job.job_id), transaction.atomic():
            _enter_lost(identifier, job)
    except UnknownJobError:  # deleted meanwhile
        return False
    except Exception as problem:  # of many kinds: none may keep the other jobs waiting
        if isinstance(problem, OperationalError | InterfaceError) and _hits_all(problem):
            raise
        with about_job(job.job_id):
            logger.exception("that job %s was lost could not be recorded", job.job_id)
        return False
    return True


def _hits_all(problem: OperationalError | InterfaceError) -> bool:
    """Whether it isn't about one record; a statement that is too complex, or a deadlock, is.

    PostgreSQL's error classes 08 (connection), 53 (resources) and 57P (shut down), or no answer.
    """
    code = getattr(problem.__cause__, "pgcode", None)
    return code is None or code.startswith(("08", "53", "57P"))


def _identifier(name: str, job_id: str) -> str:
    """What the failure of a job is identified by, whoever records it: it fails once."""
    return activity_id_of(settings.VO_AUTHORITY, f"{name}/{job_id}")


def _enter_lost(identifier: str, job: UnsuccessfulJob) -> None:
    """Record that job; raises `UnknownJobError` where it is gone as well."""
    task = queue.task(job.job_id)
    model = registry.get(job.job_type).parameters
    try:
        given = check(model, task.values)
    except InvalidParametersError:
        given = None  # that may be why it failed
    context: JobContext[Any] = JobContext(job.job_id, task.owner, given, Path())
    parameters = (
        [recorder.parameter(name, sent) for name, sent in task.values.items()]
        if given is None
        else parameters_of(context)
    )
    record = ActivityRecord(
        identifier,
        job.job_type,
        version=settings.VO_VERSION,
        start=job.started,
        end=job.ended,
        status=Status.FAILED,
        comment=job.reason or "Aborted.",
        agents=tuple(agents_of(context)),
        parameters=tuple(parameters),
        private_comment=f"Job {job.job_id}.",
    )
    store.enter([record])
    people.call_by_present_name(task.owner.user_id)
