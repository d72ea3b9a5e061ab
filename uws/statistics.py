"""What everybody may know of everybody's jobs: of what kind, how far and how old, never whose."""

from dataclasses import dataclass
from datetime import datetime

from uws.models import Job
from uws.phases import Phase


@dataclass(frozen=True, slots=True)
class RecentJob:
    """A job without its id and owner: for an anonymous job, the id is the right to it."""

    job_type: str
    phase: Phase
    creation_time: datetime


def recent_jobs(limit: int) -> tuple[RecentJob, ...]:
    """The jobs that were created last, newest first, ``limit`` at most."""
    rows = Job.objects.order_by("-creation_time").values_list("job_type", "phase", "creation_time")
    return tuple(RecentJob(kind, Phase(phase), created) for kind, phase, created in rows[:limit])
