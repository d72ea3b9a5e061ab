"""Jobs that ended without success, for rooms that tell of them when their processes are gone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from uws.models import Job
from uws.phases import Phase


@dataclass(frozen=True, slots=True)
class UnsuccessfulJob:
    """A job that ran and is ABORTED or an ERROR.

    started: its last attempt. reason: why it ended, in words for its owner, where any are known.
    Times are aware, UTC.
    """

    job_id: str
    job_type: str
    phase: Phase
    started: datetime
    ended: datetime
    reason: str


def unsuccessful_jobs(
    job_types: Iterable[str], since: datetime, at_most: int = 1000
) -> tuple[UnsuccessfulJob, ...]:
    """Those of these types that ended since then, the newest first.

    What was aborted before it was ever run isn't among them.
    """
    found = Job.objects.filter(
        job_type__in=list(job_types),
        phase__in=(Phase.ABORTED, Phase.ERROR),
        start_time__isnull=False,
        end_time__gte=since,
    ).order_by("-end_time")
    return tuple(
        UnsuccessfulJob(
            job.id, job.job_type, Phase(job.phase), job.start_time, job.end_time,
            job.error_message or "",
        )
        for job in found[:at_most]
        if job.start_time is not None and job.end_time is not None
    )  # fmt: skip
