"""A job as a value: what the rooms above see, and what is written to clients."""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from django.conf import settings

from uws import statements
from uws.models import Job
from uws.phases import Phase


@dataclass(frozen=True, slots=True)
class ParameterRecord:
    """One value of a parameter, as it was sent."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ResultRecord:
    """One file of a completed job. size: bytes."""

    name: str
    path: Path
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """A line that the job told its owner."""

    time: datetime
    text: str


@dataclass(frozen=True, slots=True)
class ProgressRecord:
    """``done`` of ``total`` units of work are behind the job."""

    done: float
    total: float
    message: str


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """Why a job ended before its completion."""

    message: str
    kind: Literal["fatal", "transient"]


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A line of a job list. Times are aware, UTC. owner: account name, ``None`` if anonymous."""

    job_id: str
    job_type: str
    phase: Phase
    run_id: str | None
    owner: str | None
    creation_time: datetime


@dataclass(frozen=True, slots=True)
class JobRecord(JobSummary):
    """Everything about one job (UWS 1.1, section 2.1.2). execution_duration: seconds, 0 = any."""

    quote: datetime | None
    start_time: datetime | None
    end_time: datetime | None
    execution_duration: int
    destruction: datetime
    parameters: tuple[ParameterRecord, ...]
    results: tuple[ResultRecord, ...]
    error: ErrorRecord | None
    progress: ProgressRecord | None
    messages: tuple[MessageRecord, ...]
    notify: tuple[str, ...] = ()


def summary(job: Job) -> JobSummary:
    """The line of ``job`` in a list."""
    return JobSummary(
        job_id=job.id,
        job_type=job.job_type,
        phase=Phase(job.phase),
        run_id=job.run_id,
        owner=job.owner.get_username() if job.owner else None,
        creation_time=job.creation_time,
    )


@dataclass(frozen=True, slots=True)
class Belongings:
    """What belongs to a job, beside its own row."""

    parameters: tuple[ParameterRecord, ...]
    results: tuple[ResultRecord, ...]
    messages: tuple[MessageRecord, ...]


def belongings(job_id: str) -> Belongings:
    """The job's, read by one statement: a waiting client reads its job again and again."""
    ((parameters, results, messages),) = statements.execute("belongings", job=job_id)
    return Belongings(
        parameters=tuple(ParameterRecord(name, value) for name, value in json.loads(parameters)),
        results=tuple(
            ResultRecord(name, settings.VO_JOB_ROOT / path, media_type, size)
            for name, path, media_type, size in json.loads(results)
        ),
        messages=tuple(
            MessageRecord(datetime.fromisoformat(time), text) for time, text in json.loads(messages)
        ),
    )


def record(job: Job, belonging: Belongings, quote: datetime | None = None) -> JobRecord:
    """``job`` with all that belongs to it. quote: when it is likely to be done."""
    error = None
    if job.error_message is not None:
        kind: Literal["fatal", "transient"] = (
            "transient" if job.error_kind == "transient" else "fatal"
        )
        error = ErrorRecord(job.error_message, kind)
    progress = None
    if job.progress_done is not None and job.progress_total is not None:
        progress = ProgressRecord(job.progress_done, job.progress_total, job.progress_message or "")
    return JobRecord(
        job_id=job.id,
        job_type=job.job_type,
        phase=Phase(job.phase),
        run_id=job.run_id,
        owner=job.owner.get_username() if job.owner else None,
        creation_time=job.creation_time,
        quote=quote,
        start_time=job.start_time,
        end_time=job.end_time,
        execution_duration=job.execution_duration,
        destruction=job.destruction,
        parameters=belonging.parameters,
        results=belonging.results,
        error=error,
        progress=progress,
        messages=belonging.messages,
        notify=tuple(job.notify or ()),
    )
