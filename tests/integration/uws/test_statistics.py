"""What everybody may know of everybody's jobs."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest

from uws.models import Job
from uws.phases import Phase
from uws.statistics import RecentJob, recent_jobs


@pytest.mark.django_db
def test_the_newest_jobs_are_told_without_id_and_owner() -> None:
    now = datetime.now(UTC)
    for age in (3, 1, 2):
        Job.objects.create(
            job_type=f"type_{age}",
            creation_time=now - timedelta(hours=age),
            execution_duration=0,
            destruction=now,
        )
    assert recent_jobs(2) == (
        RecentJob("type_1", Phase.PENDING, now - timedelta(hours=1)),
        RecentJob("type_2", Phase.PENDING, now - timedelta(hours=2)),
    )
    assert [field.name for field in fields(RecentJob)] == ["job_type", "phase", "creation_time"]
