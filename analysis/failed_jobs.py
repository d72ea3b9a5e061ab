"""Jobs that fail are recorded as such: what was run, with which settings, why it failed.

The record is nobody's to see but administrators', like all that isn't published, and leads to the
steps that were made or failed before. A job that is aborted or killed leaves no record of itself.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction

from analysis.errors import AnalysisError
from analysis.publishing import agents_of, parameters_of
from dali.errors import DaliError
from provenance import people, recorder, store
from uws.errors import JobFailure
from uws.types import JobContext

logger = logging.getLogger(__name__)

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
    record = activity.record
    if isinstance(problem, AnalysisError | JobFailure | DaliError):
        record = replace(record, comment=str(problem))
    with transaction.atomic():
        store.enter([record])
        people.call_by_present_name(context.owner.user_id)
