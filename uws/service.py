"""What can be done with jobs, and by whom.

The views and the rooms above call these; workers don't (see `uws.queue`). A job belongs to who
created it. An anonymous job is everybody's who knows its address, and in nobody's list. Others'
jobs are refused; administrators may do all.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from auth.principal import Principal
from dali.errors import ParameterError
from dali.log_context import about_job
from dali.parameters import Parameters
from uws import files, notification, quotas, quotes, records
from uws import parameters as declared
from uws.errors import NotYourJobError, PhaseError, UnknownJobError
from uws.models import Job, JobParameter, new_job_id
from uws.phases import STARTABLE, TERMINAL, Phase, advance
from uws.records import JobRecord, JobSummary
from uws.text import ILLEGAL
from uws.types import JobType

logger = logging.getLogger(__name__)

#: More than any list has, and few enough for PostgreSQL to count.
_LIST_AT_MOST = 1 << 31

#: Files that come with a request: the name of each and its pieces.
SentFiles = Mapping[str, Iterable[bytes]]
NO_FILES: SentFiles = {}


def create(
    job_type: JobType[Any], principal: Principal, parameters: Parameters, **wanted: Any
) -> JobRecord:
    """A new job of ``principal``, described; ``wanted`` as for `submit`, which says the rest."""
    return get(job_type, principal, submit(job_type, principal, parameters, **wanted))


def submit(
    job_type: JobType[Any],
    principal: Principal,
    parameters: Parameters,
    *,
    run_id: str | None = None,
    execution_duration: int | None = None,
    destruction: datetime | None = None,
    notify: Sequence[str] = (),
    run_now: bool = False,
    sent_files: SentFiles = NO_FILES,
) -> str:
    """The id of a new job of ``principal``: PENDING, or QUEUED where ``run_now``.

    notify: who is told of its phases (`uws.notification`).
    sent_files: kept where the job type takes files. Raises `uws.errors.InvalidParametersError` as
    the job type wants, and `uws.errors.QuotaError`; then there is no job.
    """
    values = declared.known_values(job_type.parameters, parameters)
    _refuse_illegal_characters({**values, notification.PARAMETER: tuple(notify)}, run_id)
    if job_type.refuses_wrong_values:
        _check(job_type, values, complete=run_now)
    job = Job(
        id=new_job_id(),
        job_type=job_type.name,
        owner_id=principal.user_id,
        phase=Phase.QUEUED if run_now else Phase.PENDING,
        queued_time=Now() if run_now else None,
        run_id=run_id,
        execution_duration=_allowed_duration(execution_duration),
        destruction=_allowed_destruction(destruction, datetime.now(UTC)),
        notify=notification.checked(notify, principal.user_id),
    )
    job_id = job.id
    try:
        if job_type.takes_files and sent_files:
            quotas.check_new_job(principal)  # before a large file is stored for nothing
            _keep(job_type, job, sent_files)  # no worker sees the job before its files are there
        with transaction.atomic():
            quotas.check_new_job(principal)
            if run_now:
                quotas.check_queue(principal)
            job.save(force_insert=True)
            _store(job, values)
    except BaseException:
        files.remove(files.job_folder(job_id))
        raise
    with about_job(job_id):
        logger.info("a new job of %s is %s", job_type.name, job.phase)
    return job_id


def get(job_type: JobType[Any], principal: Principal, job_id: str) -> JobRecord:
    """The job; raises `UnknownJobError` or `NotYourJobError`."""
    found = _find(job_type, principal, job_id, _jobs())
    belongings = records.belongings(found.id)
    return records.record(found, belongings, quotes.quote(job_type, found, belongings))


def phase(job_type: JobType[Any], principal: Principal, job_id: str) -> Phase:
    """The job's phase alone, by one small query; raises as `get`."""
    return Phase(_find(job_type, principal, job_id, _jobs().only("phase", "owner", "id")).phase)


def list_jobs(
    job_type: JobType[Any],
    principal: Principal,
    *,
    phases: Collection[Phase] = (),
    after: datetime | None = None,
    last: int | None = None,
) -> tuple[JobSummary, ...]:
    """The principal's jobs, newest first (UWS 1.1, section 2.2.2.1).

    phases: only jobs in one of these; ARCHIVED ones are listed only if named here.
    after: only those created later. last: at most so many.
    """
    if principal.is_anonymous and not settings.VO_UWS_LIST_ANONYMOUS:
        return ()
    found = _jobs().filter(job_type=job_type.name).order_by("-creation_time", "id")
    if not principal.is_administrator:
        found = found.filter(owner_id=principal.user_id)
    if phases:
        found = found.filter(phase__in=[str(phase) for phase in phases])
    else:
        found = found.exclude(phase=Phase.ARCHIVED)
    if after is not None:
        found = found.filter(creation_time__gt=after)
    return tuple(
        records.summary(job)
        for job in (found if last is None else found[: min(last, _LIST_AT_MOST)])
    )


def set_parameters(
    job_type: JobType[Any],
    principal: Principal,
    job_id: str,
    parameters: Parameters,
    sent_files: SentFiles = NO_FILES,
) -> None:
    """Give values to parameters of a PENDING job; a parameter's earlier values are dropped.

    sent_files: as for `create`; one replaces an earlier one of its name.

    Raises `PhaseError` in any other phase, and `uws.errors.InvalidParametersError` as the job
    type wants; then nothing changes.
    """
    values = declared.known_values(job_type.parameters, parameters)
    _refuse_illegal_characters(values, None)
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        if job.phase != Phase.PENDING:
            raise PhaseError(f"the job is {job.phase}: parameters change only while it is PENDING")
        if job_type.refuses_wrong_values:
            _check(job_type, _stored(job) | values, complete=False)
        job.parameters.filter(name__in=values).delete()
        _store(job, values)
        _keep(job_type, job, sent_files)


def run(job_type: JobType[Any], principal: Principal, job_id: str) -> None:
    """Hand the job in. Asked again for a job that is under way, this changes nothing.

    Raises `PhaseError` for a job that is over, and `uws.errors.InvalidParametersError` for
    missing parameters where the job type wants that.
    """
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        if job.phase in TERMINAL:
            raise PhaseError(f"the job is {job.phase} and can't be run again")
        if job.phase in STARTABLE:
            if job_type.refuses_wrong_values:
                _check(job_type, _stored(job), complete=True)
            _queue(job, principal)
            with about_job(job_id):
                logger.info("handed in")


def abort(job_type: JobType[Any], principal: Principal, job_id: str) -> None:
    """End the job, now; a job that is over stays as it is.

    The worker that runs it hears of it and kills its process.
    """
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        if job.phase in TERMINAL:
            return
        job.phase = advance(Phase(job.phase), Phase.ABORTED)
        job.end_time = Now()
        job.worker = job.lease_expires = None
        job.save(update_fields=["phase", "end_time", "worker", "lease_expires"])
        with about_job(job_id):
            logger.info("aborted")


def hold(job_type: JobType[Any], principal: Principal, job_id: str) -> None:
    """Keep a job that waits from being run, until it is asked for again by `run`.

    Raises `PhaseError` for a job that is under way or over.
    """
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        if job.phase != Phase.HELD:
            job.phase = advance(Phase(job.phase), Phase.HELD)
            job.save(update_fields=["phase"])


def delete(job_type: JobType[Any], principal: Principal, job_id: str) -> None:
    """Destroy the job, its results and all trace of it (UWS 1.1, section 2.1.5)."""
    with transaction.atomic():
        _lock(job_type, principal, job_id).delete()
        with about_job(job_id):
            logger.info("deleted")


def set_execution_duration(
    job_type: JobType[Any], principal: Principal, job_id: str, seconds: int
) -> None:
    """Let the job run for ``seconds`` (0: as long as possible), within the server's limit."""
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        if job.phase in TERMINAL:
            raise PhaseError(f"the job is {job.phase}: it won't run any longer")
        job.execution_duration = _allowed_duration(seconds)
        job.save(update_fields=["execution_duration"])


def set_destruction(
    job_type: JobType[Any], principal: Principal, job_id: str, time: datetime
) -> None:
    """Keep the job until ``time``, within the server's limit counted from its creation."""
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        job.destruction = _allowed_destruction(time, job.creation_time)
        job.save(update_fields=["destruction"])


def set_notify(
    job_type: JobType[Any], principal: Principal, job_id: str, addresses: Sequence[str]
) -> None:
    """Tell these of the job's phases from now on, and nobody else."""
    _refuse_illegal_characters({notification.PARAMETER: tuple(addresses)}, None)
    with transaction.atomic():
        job = _lock(job_type, principal, job_id)
        job.notify = notification.checked(addresses, job.owner_id)
        job.save(update_fields=["notify"])


def _jobs() -> QuerySet[Job]:
    return Job.objects.select_related("owner")


def _find(job_type: JobType[Any], principal: Principal, job_id: str, among: QuerySet[Job]) -> Job:
    # PostgreSQL refuses to look for a NUL, which no identifier has
    job = None if "\0" in job_id else among.filter(job_type=job_type.name, id=job_id).first()
    if job is None:
        raise UnknownJobError(f"there is no such job in {job_type.path}; it may have been deleted")
    if not (
        job.owner_id is None or job.owner_id == principal.user_id or principal.is_administrator
    ):
        raise NotYourJobError("the job belongs to another user; sign in as its owner")
    return job


def _lock(job_type: JobType[Any], principal: Principal, job_id: str) -> Job:
    return _find(job_type, principal, job_id, Job.objects.select_for_update())


def _queue(job: Job, principal: Principal) -> None:
    quotas.check_queue(principal)
    job.phase = advance(Phase(job.phase), Phase.QUEUED)
    job.queued_time = Now()
    job.save(update_fields=["phase", "queued_time"])


def _store(job: Job, values: declared.Values) -> None:
    JobParameter.objects.bulk_create(
        JobParameter(job=job, name=name, position=position, value=value)
        for name, found in values.items()
        for position, value in enumerate(found)
    )


def _keep(job_type: JobType[Any], job: Job, sent: SentFiles) -> None:
    if job_type.takes_files:
        inputs = files.inputs(job.id)
        for name, pieces in sent.items():
            with inputs.new(name) as kept:
                kept.writelines(pieces)


def _stored(job: Job) -> dict[str, tuple[str, ...]]:
    values: dict[str, tuple[str, ...]] = {}
    for parameter in job.parameters.order_by("name", "position"):
        values[parameter.name] = (*values.get(parameter.name, ()), parameter.value)
    return values


def _check(job_type: JobType[Any], values: declared.Values, *, complete: bool) -> None:
    if complete:
        declared.check(job_type.parameters, values)
    else:
        declared.check_what_is_there(job_type.parameters, values)


def _refuse_illegal_characters(values: declared.Values, run_id: str | None) -> None:
    """Neither XML nor PostgreSQL can hold them, so no job could show what it was given."""
    for name, found in (*values.items(), ("RUNID", (run_id or "",))):
        if any(ILLEGAL.search(value) for value in found):
            raise ParameterError(name, "holds a control character")


def _allowed_duration(seconds: int | None) -> int:
    limit: int = settings.VO_UWS_MAX_EXECUTION_DURATION_S
    if seconds is None:
        return min(settings.VO_UWS_DEFAULT_EXECUTION_DURATION_S, limit)
    if seconds < 0:
        raise ParameterError("EXECUTIONDURATION", "must not be negative")
    return limit if seconds == 0 else min(seconds, limit)


def _allowed_destruction(time: datetime | None, creation_time: datetime) -> datetime:
    limit = timedelta(days=settings.VO_UWS_MAX_DESTRUCTION_DAYS)
    if time is None:
        default = timedelta(days=settings.VO_UWS_DEFAULT_DESTRUCTION_DAYS)
        return creation_time + min(default, limit)
    return min(time, creation_time + limit)
