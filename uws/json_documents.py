"""Jobs and job types as JSON: the values that the XML of `uws.documents` is made of, too.

Names are the records' own, in snake_case; times as in UWS 1.1, section 2.2.1; links absolute.
"""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings

from uws import records
from uws.documents import iso_time
from uws.parameters import describe
from uws.types import JobType

Json = dict[str, Any]


def job_type(offered: JobType[Any]) -> Json:
    """What a job type is and takes. href: its job list."""
    site = settings.SITE_URL
    return {
        "name": offered.name,
        "title": offered.title,
        "description": offered.description,
        "href": f"{site}{offered.path}",
        "jdl": f"{site}/uws/{offered.name}/jdl",
        "api": f"{site}/api/uws/{offered.name}",
        "queue": str(offered.queue),
        "parameters": [asdict(parameter) for parameter in describe(offered.parameters)],
        "uses": [asdict(file) for file in offered.uses],
        "makes": [asdict(file) for file in offered.makes],
    }


def jobs(found: Iterable[records.JobSummary]) -> Json:
    """A job list."""
    return {"jobs": [_summary(job) for job in found]}


def job(found: records.JobRecord, job_url: str) -> Json:
    """All of a job. job_url: the job's address as a UWS resource, below which its results lie."""
    parameters: dict[str, list[str]] = {}
    for given in found.parameters:
        parameters.setdefault(given.name, []).append(given.value)
    return {
        **_summary(found),
        "uws": job_url,
        "quote": _time(found.quote),
        "start_time": _time(found.start_time),
        "end_time": _time(found.end_time),
        "execution_duration": found.execution_duration,
        "destruction": _time(found.destruction),
        "notify": list(found.notify),
        "parameters": parameters,
        "results": [
            {
                "name": result.name,
                "url": f"{job_url}/results/{result.name}",
                "media_type": result.media_type,
                "size": result.size,
            }
            for result in found.results
        ],
        "error": None if found.error is None else asdict(found.error),
        "progress": None if found.progress is None else asdict(found.progress),
        "messages": [{"time": _time(line.time), "text": line.text} for line in found.messages],
    }


def _summary(found: records.JobSummary) -> Json:
    return {
        "job_id": found.job_id,
        "job_type": found.job_type,
        "url": f"{settings.SITE_URL}/api/uws/{found.job_type}/jobs/{found.job_id}",
        "phase": str(found.phase),
        "run_id": found.run_id,
        "owner": found.owner,
        "creation_time": _time(found.creation_time),
    }


def _time(time: datetime | None) -> str | None:
    return iso_time(time) or None
