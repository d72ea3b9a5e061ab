"""What is kept of what a job tells."""

from datetime import UTC, datetime

import pytest

from uws.models import Job, JobMessage
from uws.queue import Attempt
from uws.stored_report import LINES_AT_MOST, StoredReport

pytestmark = pytest.mark.django_db


@pytest.fixture
def report() -> StoredReport:
    """Of a job that runs."""
    job = Job.objects.create(
        job_type="sample", execution_duration=0, destruction=datetime(2099, 1, 1, tzinfo=UTC)
    )
    return StoredReport(Attempt(job.id, 1, "here:1:test"))


def kept() -> list[str]:
    return list(JobMessage.objects.values_list("text", flat=True))


def test_a_message_after_thousands_of_steps_is_kept(report: StoredReport) -> None:
    for number in range(3 * LINES_AT_MOST):
        report.progress(number, 3 * LINES_AT_MOST, f"step {number}")
    report.message("left out: 066500010010.001")
    told = kept()
    assert told[-1] == "left out: 066500010010.001"
    assert told[-3:-1] == [f"step {LINES_AT_MOST - 1}", "further steps aren't listed here"]
    assert len(told) == LINES_AT_MOST + 2


def test_a_step_after_thousands_of_messages_is_kept(report: StoredReport) -> None:
    for number in range(LINES_AT_MOST + 20):
        report.message(f"message {number}")
    report.progress(1, 2, "half way")
    report.flush()
    told = kept()
    assert told[-2:] == ["further messages aren't listed here", "half way"]
    assert len(told) == LINES_AT_MOST + 2
