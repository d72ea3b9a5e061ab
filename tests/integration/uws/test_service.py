"""What can be done with jobs, and by whom."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from auth.principal import ANONYMOUS
from dali.errors import ParameterError
from dali.parameters import Parameters
from uws import service
from uws.errors import (
    InvalidParametersError,
    NotYourJobError,
    PhaseError,
    UnknownJobError,
)
from uws.files import job_folder
from uws.models import Job
from uws.phases import Phase

pytestmark = pytest.mark.django_db

TEXT = Parameters([("TEXT", "hello")])


def values(job):
    return [(parameter.name, parameter.value) for parameter in job.parameters]


def test_a_new_job_is_pending_with_the_servers_limits(sample, settings):
    job = service.create(sample, ANONYMOUS, TEXT, run_id="mine")
    assert job.phase is Phase.PENDING
    assert (job.run_id, job.owner, values(job)) == ("mine", None, [("text", "hello")])
    assert job.execution_duration == settings.VO_UWS_DEFAULT_EXECUTION_DURATION_S
    days = (job.destruction - job.creation_time) / timedelta(days=1)
    assert days == pytest.approx(settings.VO_UWS_DEFAULT_DESTRUCTION_DAYS, abs=1e-3)


def test_job_ids_cannot_be_guessed(sample):
    ids = {service.create(sample, ANONYMOUS, TEXT).job_id for _ in range(5)}
    assert len(ids) == 5
    assert all(len(job_id) == 32 for job_id in ids)


def test_wrong_values_are_refused_all_at_once_and_leave_no_job(sample):
    wrong = Parameters([("RA", "abc"), ("numbers", "1,x"), ("text", "a"), ("text", "b")])
    with pytest.raises(InvalidParametersError) as refused:
        service.create(sample, ANONYMOUS, wrong)
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [
        "text",
        "RA",
        "numbers",
    ]
    assert not Job.objects.exists()


@pytest.mark.parametrize("ra", ["nan", "inf", "-1", "361"])
def test_numbers_that_mean_nothing_are_refused(sample, ra):
    with pytest.raises(InvalidParametersError, match="RA"):
        service.create(sample, ANONYMOUS, Parameters([("RA", ra)]))


def test_a_missing_value_is_refused_only_when_the_job_is_run(sample):
    job = service.create(sample, ANONYMOUS, Parameters())
    with pytest.raises(InvalidParametersError, match="text: missing"):
        service.run(sample, ANONYMOUS, job.job_id)
    service.set_parameters(sample, ANONYMOUS, job.job_id, TEXT)
    service.run(sample, ANONYMOUS, job.job_id)
    assert service.phase(sample, ANONYMOUS, job.job_id) is Phase.QUEUED
    with pytest.raises(InvalidParametersError, match="text: missing"):
        service.create(sample, ANONYMOUS, Parameters(), run_now=True)


def test_a_lenient_type_refuses_nothing_but_control_characters(lenient):
    job = service.create(lenient, ANONYMOUS, Parameters([("RA", "abc")]), run_now=True)
    assert job.phase is Phase.QUEUED
    with pytest.raises(ParameterError, match="control character"):
        service.create(lenient, ANONYMOUS, Parameters([("TEXT", "a\0b")]))


def test_parameters_are_replaced_by_name_and_unknown_ones_ignored(sample):
    first = Parameters([("text", "a"), ("numbers", "1"), ("numbers", "2"), ("dummy", "3")])
    job = service.create(sample, ANONYMOUS, first)
    service.set_parameters(sample, ANONYMOUS, job.job_id, Parameters([("NUMBERS", "7")]))
    assert sorted(values(service.get(sample, ANONYMOUS, job.job_id))) == [
        ("numbers", "7"),
        ("text", "a"),
    ]


def test_parameters_stay_once_the_job_is_handed_in(sample):
    job = service.create(sample, ANONYMOUS, TEXT, run_now=True)
    with pytest.raises(PhaseError, match="QUEUED"):
        service.set_parameters(sample, ANONYMOUS, job.job_id, TEXT)


def test_running_twice_changes_nothing_and_a_job_that_is_over_stays_so(sample):
    job = service.create(sample, ANONYMOUS, TEXT, run_now=True)
    queued = Job.objects.get().queued_time
    service.run(sample, ANONYMOUS, job.job_id)
    assert Job.objects.get().queued_time == queued
    service.abort(sample, ANONYMOUS, job.job_id)
    service.abort(sample, ANONYMOUS, job.job_id)
    aborted = service.get(sample, ANONYMOUS, job.job_id)
    assert aborted.phase is Phase.ABORTED
    assert aborted.end_time is not None
    with pytest.raises(PhaseError):
        service.run(sample, ANONYMOUS, job.job_id)


def test_limits_are_the_servers(sample, settings):
    settings.VO_UWS_MAX_EXECUTION_DURATION_S = 100
    settings.VO_UWS_MAX_DESTRUCTION_DAYS = 2
    job_id = service.create(
        sample,
        ANONYMOUS,
        TEXT,
        execution_duration=1000,
        destruction=datetime(2999, 1, 1, tzinfo=UTC),
    ).job_id
    job = service.get(sample, ANONYMOUS, job_id)
    assert job.execution_duration == 100
    assert job.destruction - job.creation_time < timedelta(days=2, seconds=5)
    service.set_execution_duration(sample, ANONYMOUS, job_id, 0)
    service.set_destruction(sample, ANONYMOUS, job_id, job.creation_time + timedelta(days=1))
    job = service.get(sample, ANONYMOUS, job_id)
    assert job.execution_duration == 100
    assert job.destruction == job.creation_time + timedelta(days=1)
    with pytest.raises(ParameterError):
        service.set_execution_duration(sample, ANONYMOUS, job_id, -1)


def test_a_job_belongs_to_its_creator(sample, people):
    job_id = service.create(sample, people["ann"], TEXT).job_id
    for stranger in (people["bob"], ANONYMOUS):
        for forbidden in (service.get, service.phase, service.run, service.abort, service.delete):
            with pytest.raises(NotYourJobError):
                forbidden(sample, stranger, job_id)
    assert service.get(sample, people["root"], job_id).owner == "ann"
    service.delete(sample, people["root"], job_id)
    with pytest.raises(UnknownJobError):
        service.get(sample, people["ann"], job_id)


def test_lists_show_ones_own_jobs_administrators_all_the_anonymous_none(sample, people):
    for who in (people["ann"], people["bob"], ANONYMOUS):
        service.create(sample, who, TEXT)
    assert [job.owner for job in service.list_jobs(sample, people["ann"])] == ["ann"]
    assert [job.owner for job in service.list_jobs(sample, people["root"])] == [None, "bob", "ann"]
    assert service.list_jobs(sample, ANONYMOUS) == ()


def test_lists_are_filtered_by_phase_time_and_number(sample, lenient, people):
    ann = people["ann"]
    jobs = [service.create(sample, ann, TEXT, run_now=number % 2 == 0) for number in range(4)]
    service.create(lenient, ann, TEXT)
    service.abort(sample, ann, jobs[3].job_id)

    def listed(**filters):
        return [job.job_id for job in service.list_jobs(sample, ann, **filters)]

    ids = [job.job_id for job in jobs]
    assert listed() == ids[::-1]
    assert listed(last=2) == [ids[3], ids[2]]
    assert listed(after=jobs[1].creation_time) == [ids[3], ids[2]]
    assert listed(phases=[Phase.QUEUED]) == [ids[2], ids[0]]
    assert listed(phases=[Phase.QUEUED, Phase.ABORTED], last=2) == [ids[3], ids[2]]
    assert listed(phases=[Phase.ARCHIVED]) == []


def test_a_job_of_another_type_is_not_found(sample, lenient):
    job_id = service.create(sample, ANONYMOUS, TEXT).job_id
    with pytest.raises(UnknownJobError):
        service.get(lenient, ANONYMOUS, job_id)


@pytest.mark.django_db(transaction=True)
def test_deleting_a_job_or_its_owner_removes_the_files(sample, people, django_user_model):
    for delete in (
        lambda job_id: service.delete(sample, people["ann"], job_id),
        lambda job_id: django_user_model.objects.get(username="ann").delete(),
    ):
        job_id = service.create(sample, people["ann"], TEXT).job_id
        folder = job_folder(job_id)
        (folder / "1").mkdir(parents=True)
        (folder / "1" / "result.txt").write_text("x")
        delete(job_id)
        assert not folder.exists()


@pytest.mark.parametrize(
    "broken",
    [
        {"phase": "SLEEPING"},
        {"phase": "EXECUTING"},
        {"phase": "COMPLETED"},
        {"phase": "ERROR", "end_time": datetime(2026, 1, 1, tzinfo=UTC)},
        {"phase": "QUEUED"},
        {"end_time": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
)
def test_the_database_itself_refuses_impossible_jobs(sample, broken):
    service.create(sample, ANONYMOUS, TEXT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.update(**broken)
