"""Jobs and job lists as UWS 1.1 documents (its schema, version 1.1 of namespace UWS/v1.0).

Pure: records in, bytes out. Links are absolute, from ``site``, the address of this server.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from pydantic_xml import BaseXmlModel, attr, element
from vo_models.uws import (
    ErrorSummary,
    Jobs,
    JobSummary,
    Parameter,
    ResultReference,
    Results,
    ShortJobDescription,
)
from vo_models.uws.models import NSMAP
from vo_models.uws.types import ErrorType, ExecutionPhase

from uws import records

MEDIA_TYPE = "application/xml"

_INFO_NAMESPACES = NSMAP | {"info": "urn:vo-server:job-info"}


class _ParameterList(BaseXmlModel, tag="parameters", ns="uws", nsmap=NSMAP):
    """Parameters under any name, repeated or not; vo-models wants one field for each."""

    parameter: list[Parameter] = element(tag="parameter", ns="uws", default_factory=list)


class _Progress(BaseXmlModel, tag="progress", ns="info", nsmap=_INFO_NAMESPACES):
    """How much of the work is done."""

    done: float = attr()
    total: float = attr()
    message: str


class _Message(BaseXmlModel, tag="message", ns="info", nsmap=_INFO_NAMESPACES):
    """A line of the job."""

    time: str = attr()
    text: str


class _JobInfo(BaseXmlModel, tag="jobInfo", ns="uws", nsmap=_INFO_NAMESPACES):
    """What this server adds to a job's description."""

    progress: _Progress | None = element(default=None)
    message: list[_Message] = element(default_factory=list)


class _JobDocument(JobSummary[_ParameterList], tag="job", ns="uws", nsmap=_INFO_NAMESPACES):
    """UWS's job element; the schema allows elements in jobInfo only, no text."""

    job_info: _JobInfo | None = element(  # type: ignore[assignment]
        tag="jobInfo", ns="uws", default=None
    )


def iso_time(time: datetime | None) -> str:
    """UWS 1.1, section 2.2.1: ISO 8601 in UTC with a Z; empty for ``None``."""
    if time is None:
        return ""
    text = time.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def job_document(job: records.JobRecord, job_url: str) -> bytes:
    """The job element. job_url: the job's own address."""
    document = _JobDocument(
        job_id=job.job_id,
        run_id=job.run_id,
        owner_id=job.owner,
        phase=ExecutionPhase(job.phase),
        quote=_time(job.quote),
        creation_time=_time(job.creation_time),
        start_time=_time(job.start_time),
        end_time=_time(job.end_time),
        execution_duration=job.execution_duration,
        destruction=_time(job.destruction),
        parameters=_parameters(job),
        results=_results(job, job_url),
        error_summary=_error(job.error),
        job_info=_info(job),
    )
    return _xml(document)


def jobs_document(jobs: Iterable[records.JobSummary], list_url: str) -> bytes:
    """The jobs element. list_url: the list's own address."""
    references = [
        ShortJobDescription(
            job_id=job.job_id,
            phase=ExecutionPhase(job.phase),
            run_id=job.run_id,
            owner_id=job.owner,
            creation_time=_time(job.creation_time),
            href=f"{list_url}/{job.job_id}",
        )
        for job in jobs
    ]
    return _xml(Jobs(jobref=references))


def parameters_document(job: records.JobRecord) -> bytes:
    """The parameters element."""
    return _xml(_parameters(job))


def results_document(job: records.JobRecord, job_url: str) -> bytes:
    """The results element."""
    return _xml(_results(job, job_url))


def _parameters(job: records.JobRecord) -> _ParameterList:
    return _ParameterList(
        parameter=[Parameter(id=given.name, value=given.value) for given in job.parameters]
    )


def _results(job: records.JobRecord, job_url: str) -> Results:
    return Results(
        results=[
            ResultReference(
                id=result.name,
                href=f"{job_url}/results/{result.name}",
                size=result.size,
                mime_type=result.media_type,
            )
            for result in job.results
        ]
    )


def _error(error: records.ErrorRecord | None) -> ErrorSummary | None:
    if error is None:
        return None
    return ErrorSummary(message=error.message, type=ErrorType(error.kind), has_detail=True)


def _info(job: records.JobRecord) -> _JobInfo | None:
    if job.progress is None and not job.messages:
        return None
    progress = None
    if job.progress is not None:
        told = job.progress
        progress = _Progress(done=told.done, total=told.total, message=told.message)
    return _JobInfo(
        progress=progress,
        message=[_Message(time=iso_time(line.time), text=line.text) for line in job.messages],
    )


def _time(time: datetime | None) -> datetime | None:
    return None if time is None else time.astimezone(UTC)


def _xml(document: BaseXmlModel) -> bytes:
    # skip_empty would drop the nillable elements that the schema wants.
    body = document.to_xml(encoding="utf-8", skip_empty=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + (
        body.encode() if isinstance(body, str) else body
    ).removeprefix(b"<?xml version='1.0' encoding='utf-8'?>\n")
