"""A job or step that fails is recorded as failed: what ran, with which settings, and why."""

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tiny_jobs
from django.db import InterfaceError, OperationalError, connection

from analysis.failed_jobs import failure_recorded
from analysis.jobs import SPECTRAL_FIT
from analysis.publishing import ProductFile, give
from auth.principal import ANONYMOUS, Principal
from dali.errors import NotFoundError
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
from uws.errors import JobFailure
from uws.parameters import check
from uws.types import JobContext

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
