"""A job or step that fails is recorded as failed: what ran, with which settings, and why."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import tiny_jobs
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection

from analysis.failed_jobs import failure_recorded
from analysis.jobs import SPECTRAL_FIT, SPI_ACS_LC
from analysis.publishing import ProductFile, give
from auth.principal import ANONYMOUS, Principal, of_user
from dali.errors import NotFoundError
from dali.parameters import Parameters
from provenance import retention
from provenance.history import backwards
from provenance.models import (
    Activity,
    Agent,
    Entity,
    HadMember,
    Parameter,
    Used,
    WasAssociatedWith,
    WasAttributedTo,
    WasInformedBy,
)
from uws import queue, service
from uws.errors import JobFailure
from uws.models import Job
from uws.parameters import check
from uws.processes import Process
from uws.queue import Attempt, WorkerIdentity
from uws.types import JobContext, Queue

pytestmark = pytest.mark.django_db


@pytest.fixture
def context(tmp_path: Path, settings: Any) -> Any:
    """Makes the context of a job."""
    settings.VO_CACHE_ROOT = tmp_path / "cache"

    def make(model: Any, owner: Principal = ANONYMOUS, **sent: str) -> JobContext[Any]:
        parameters = check(model, {name: tuple(v.split(",")) for name, v in sent.items()})
        return JobContext("job", owner, parameters, tmp_path)

    return make


def test_a_job_that_fails_before_its_first_step_is_recorded_with_its_settings_and_reason(
    context: Any, django_user_model: Any
) -> None:
    user = django_user_model.objects.create_user("ada", first_name="Ada", last_name="Lovelace")
    owner = Principal(user.pk, "ada")
    with pytest.raises(JobFailure):
        SPECTRAL_FIT.run(context(SPECTRAL_FIT.parameters, owner, ID="ivo://x/none"))
    failed = Activity.objects.get()
    assert (failed.name, failed.status, failed.public) == ("spectral_fit", "failed", False)
    assert failed.comment == "ID: there is no product 'ivo://x/none'"
    assert failed.end_time is not None
    assert f"Ran on {socket.gethostname()}" in failed.private_comment
    assert failed.private_comment.endswith("Job job.")
    agents = {a.role: a.agent.name for a in WasAssociatedWith.objects.select_related("agent")}
    assert agents["Operator"] == "Ada Lovelace"
    history = backwards([failed.identifier], 1, hidden=True)
    assert ("ID", "ivo://x/none") in [(p.name, p.value) for p in history.activities[0].parameters]
    with pytest.raises(NotFoundError):
        backwards([failed.identifier], 1)


def test_a_failed_step_is_recorded_with_its_inputs_and_leads_to_its_job(
    context: Any, tmp_path: Path, settings: Any
) -> None:
    settings.VO_ANALYSIS_PROCESSES = 1
    job = context(tiny_jobs.TinyParameters, numbers="1,-1", folder=str(tmp_path))
    with pytest.raises(JobFailure), failure_recorded(job, "tiny"):
        tiny_jobs._run(job)
    step = Activity.objects.get(name="add", status="failed")
    assert step.comment == "step add: term: -1 can't be added"
    assert str(tmp_path) not in step.comment
    used = Used.objects.get(activity=step).entity
    assert used.identifier == "ivo://test/archive?raw-1"
    assert used.checksum is not None
    assert not Entity.objects.filter(wasgeneratedby__activity=step).exists()
    whole = Activity.objects.get(name="tiny")
    told = WasInformedBy.objects.filter(informed=whole).values_list("informant__status", flat=True)
    assert sorted(told) == ["completed", "failed"]
    assert not Activity.objects.filter(public=True).exists()


def test_what_is_no_failure_for_users_is_recorded_by_its_class_alone(context: Any) -> None:
    with (
        pytest.raises(FileNotFoundError),
        failure_recorded(context(SPECTRAL_FIT.parameters, ID="x"), "spectral_fit"),
    ):
        raise FileNotFoundError("/secret/place")
    assert Activity.objects.get().comment == "Ended by FileNotFoundError."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("problem", [OperationalError("gone"), JobFailure("its own words")])
def test_where_the_database_is_gone_the_job_still_fails_for_its_own_reason(
    context: Any, django_user_model: Any, problem: Exception
) -> None:
    user = django_user_model.objects.create_user("ada")
    job = context(SPECTRAL_FIT.parameters, Principal(user.pk, "ada"), ID="x")
    connection.connection.close()
    with pytest.raises(InterfaceError):
        user.refresh_from_db()
    try:
        with pytest.raises(type(problem)) as raised, failure_recorded(job, "spectral_fit"):
            raise problem
    finally:
        connection.close()
    assert raised.value is problem
    assert not Activity.objects.exists()


@pytest.fixture
def claimed(settings: Any, django_user_model: Any) -> Any:
    """Has a worker, of which the database alone knows, take up a job of Ada's; the attempt."""
    settings.VO_UWS_MAX_ATTEMPTS = 1
    worker = WorkerIdentity("w", "elsewhere", "host", Process(1, 1), Process(1, 1), capacity=9)
    queue.heartbeat(worker)
    ada = of_user(django_user_model.objects.create_user("ada"))

    def claim(job_type: Any, *sent: tuple[str, str]) -> tuple[Attempt, Principal]:
        service.submit(job_type, ada, Parameters(sent), run_now=True)
        taken = queue.claim(worker.id, Queue.LONG)
        assert taken is not None
        return taken.attempt, ada

    return claim


def tend() -> str:
    """What workers do every few minutes; what it says."""
    said = StringIO()
    call_command("cache_tend", stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("end", ["abort", "overrun", "kill"])
def test_a_job_that_was_aborted_or_killed_is_recorded_by_whoever_tends_the_cache(
    claimed: Any, end: str, settings: Any, tmp_path: Path
) -> None:
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    attempt, ada = claimed(SPI_ACS_LC, ("T1", "53000"), ("T2", "53001"), ("T_format", "mjd"))
    assert tend() == "", "it still runs"
    match end:
        case "abort":
            service.abort(SPI_ACS_LC, ada, attempt.job_id)
            reason = "Aborted."
        case "overrun":
            assert queue.overrun(attempt, 5)
            reason = "ended after its execution duration of 5 s"
        case _:
            queue.take_back(attempt, "the job's process was killed by signal 9 (SIGKILL)")
            reason = "the job's process was killed by signal 9 (SIGKILL); given up after 1 attempts"
    assert tend() == "1 jobs that were aborted or killed were recorded\n"
    lost = Activity.objects.get()
    assert (lost.name, lost.status, lost.public) == ("spi_acs_lc", "failed", False)
    assert lost.comment == reason
    job = service.get(SPI_ACS_LC, ada, attempt.job_id)
    assert (lost.start_time, lost.end_time) == (job.start_time, job.end_time)
    assert lost.private_comment == f"Job {attempt.job_id}."
    assert attempt.job_id not in lost.identifier
    agents = {a.role: a.agent.name for a in WasAssociatedWith.objects.select_related("agent")}
    assert agents["Operator"] == "ada"
    assert "platform" not in agents, "where it ran isn't known any more"
    history = backwards([lost.identifier], 1, hidden=True)
    given = {p.name: p.value for p in history.activities[0].parameters}
    assert given["T1"] == "53000"
    assert given["data_level"] == "ordinary", "defaults among them"
    assert tend() == "", "it is recorded once"


@pytest.fixture
def three_lost(claimed: Any, settings: Any, tmp_path: Path) -> list[str]:
    """The ids of three jobs that were aborted while they ran."""
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    ids = []
    for _ in range(3):
        attempt, ada = claimed(SPECTRAL_FIT, ("ID", "x"))
        service.abort(SPECTRAL_FIT, ada, attempt.job_id)
        ids.append(attempt.job_id)
    return ids


@contextmanager
def at_each_record(do: str) -> Iterator[None]:
    """While this lasts, the database does this whenever an activity ``NEW`` is entered."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION beside() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN {do}; RETURN NEW; END$$"
        )
        cursor.execute(
            "CREATE TRIGGER beside BEFORE INSERT ON provenance_activity"
            " FOR EACH ROW EXECUTE FUNCTION beside()"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER beside ON provenance_activity")
        cursor.execute("DROP FUNCTION beside")


@pytest.mark.parametrize("why", ["check_violation", "statement_too_complex", "deadlock_detected"])
def test_a_lost_job_that_can_not_be_recorded_keeps_no_other_waiting_and_is_tried_again(
    three_lost: list[str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    unfit = three_lost[1]
    refusal = f"IF NEW.private_comment = 'Job {unfit}.' THEN RAISE {why}; END IF"
    with at_each_record(refusal):
        assert tend() == "2 jobs that were aborted or killed were recorded\n"
        assert tend() == "", "the same one again"
    assert [line.getMessage() for line in caplog.records] == [
        f"that job {unfit} was lost could not be recorded"
    ] * 2
    assert {(line.levelname, line.job_id) for line in caplog.records} == {("ERROR", unfit)}
    assert tend() == "1 jobs that were aborted or killed were recorded\n"
    assert Activity.objects.filter(status="failed").count() == 3


@pytest.mark.parametrize("why", ["admin_shutdown", "disk_full"])
def test_where_no_lost_job_could_be_recorded_none_is_tried_in_vain(
    three_lost: list[str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    with at_each_record(f"RAISE {why}"), pytest.raises(OperationalError):
        tend()
    assert caplog.records == []
    assert tend() == "3 jobs that were aborted or killed were recorded\n"


def test_of_lost_jobs_that_are_deleted_meanwhile_none_is_counted(three_lost: list[str]) -> None:
    with at_each_record("DELETE FROM uws_jobparameter; DELETE FROM uws_job"):
        assert tend() == "1 jobs that were aborted or killed were recorded\n"
    assert Activity.objects.count() == 1


def test_what_was_recorded_by_itself_or_never_ran_is_not_recorded_again(
    claimed: Any, settings: Any, tmp_path: Path
) -> None:
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    attempt, ada = claimed(SPECTRAL_FIT, ("ID", "ivo://x/none"))
    task = queue.task(attempt.job_id)
    context = JobContext(attempt.job_id, ada, check(SPECTRAL_FIT.parameters, task.values), tmp_path)
    with pytest.raises(JobFailure):
        SPECTRAL_FIT.run(context)
    assert queue.fail(attempt, "there is no product", "fatal")
    waiting = service.submit(SPECTRAL_FIT, ada, Parameters([("ID", "x")]), run_now=True)
    service.abort(SPECTRAL_FIT, ada, waiting)
    assert tend() == ""
    assert Activity.objects.count() == 1


def test_what_was_lost_is_not_recorded_when_it_would_be_removed_again(
    claimed: Any, settings: Any, tmp_path: Path
) -> None:
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    settings.VO_PROVENANCE_RETENTION_DAYS = 2
    attempt, ada = claimed(SPECTRAL_FIT, ("ID", "x"))
    service.abort(SPECTRAL_FIT, ada, attempt.job_id)
    Job.objects.update(end_time=datetime.now(UTC) - timedelta(days=3))
    assert tend() == ""
    assert not Activity.objects.exists()


def test_failed_history_goes_with_the_rest_of_what_is_hidden(context: Any) -> None:
    with pytest.raises(JobFailure):
        SPECTRAL_FIT.run(context(SPECTRAL_FIT.parameters, ID="ivo://x/none"))
    keep, later = timedelta(days=30), datetime.now(UTC) + timedelta(days=31)
    assert retention.expire(keep) == 0
    assert retention.expire(keep, now=later) == 1
    assert not Activity.objects.exists()


def test_a_completed_job_goes_with_its_log_and_all_that_is_known_of_who_ran_it(
    context: Any, django_user_model: Any
) -> None:
    user = django_user_model.objects.create_user("ada")
    job = context(SPECTRAL_FIT.parameters, Principal(user.pk, "ada"), ID="ivo://x/none")
    log = ProductFile("log", "log.txt", "text/plain", (), lambda path, cards: _note(path))
    give(job, "spectral_fit", [log], [], public=False, extra_parameters={})
    for write in job.at_completion:
        write()
    assert Entity.objects.count() == 2, "the log, and the collection of all results"
    keep, later = timedelta(days=30), datetime.now(UTC) + timedelta(days=31)
    assert retention.expire(keep) == 0
    assert retention.expire(keep, now=later) == 1
    for left in (Activity, Entity, Parameter, WasAssociatedWith, WasAttributedTo, HadMember):
        assert not left.objects.exists(), left


def _note(path: Path) -> None:
    path.write_text("done")


def test_an_account_that_is_named_by_its_address_leaves_it_nowhere(
    context: Any, django_user_model: Any
) -> None:
    user = django_user_model.objects.create_user("ada@example.org", "ada@example.org")
    with pytest.raises(JobFailure):
        SPECTRAL_FIT.run(
            context(SPECTRAL_FIT.parameters, Principal(user.pk, user.username), ID="x")
        )
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            if table.startswith("provenance_"):
                cursor.execute(
                    f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE '%example.org%'"
                )
                assert cursor.fetchone() == (0,), table
    assert Agent.objects.filter(name="ada").exists()
