"""Real workers on a real queue: what they do, and what is left when they or their jobs die."""

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import queue, service
from uws.files import job_folder
from uws.models import Job, Worker
from uws.phases import TERMINAL, Phase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker(transactional_db, job_types, module_worker):
    """A worker that runs."""
    return module_worker


def backends_of(job_id):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [job_id]
        )
        return cursor.fetchone()[0]


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_a_job_runs_to_its_results(worker, submit, ended, people):
    job = ended(submit(numbers="1,2,3"))
    assert job.phase is Phase.COMPLETED
    (result,) = job.results
    assert (result.name, result.media_type) == ("result", "text/plain")
    assert result.path.read_text() == "hello 6 by nobody"
    assert result.size == len("hello 6 by nobody")
    assert job.creation_time < job.start_time < job.end_time
    assert (job.progress.done, job.progress.total, job.progress.message) == (1, 2, "half way")
    assert [line.text.partition(" as ")[0] for line in job.messages] == ["I run", "half way"]
    assert [path.name for path in result.path.parent.iterdir()] == ["result.txt"]


def test_a_job_runs_as_its_owner(worker, submit, eventually, people, sample):
    job_id = submit(people["ann"])
    eventually(lambda: service.phase(sample, people["ann"], job_id) in TERMINAL)
    (result,) = service.get(sample, people["ann"], job_id).results
    assert result.path.read_text().endswith("by ann")


def test_jobs_end_in_error_with_words_for_their_owner_only(worker, submit, ended, lenient):
    jobs = {end: submit(end=end) for end in ("fail", "raise", "full")}
    assert ended(jobs["fail"]).error.message == "the sky is cloudy"
    assert ended(jobs["raise"]).error.message == "internal error"
    full = ended(jobs["full"]).error
    assert (full.message, full.kind) == ("the server's disk is full", "transient")
    for job_id in jobs.values():
        assert not job_folder(job_id).exists()


def test_wrong_parameters_of_a_lenient_type_make_the_job_an_error(worker, lenient, eventually):
    wrong = Parameters([("RA", "east")])
    job_id = service.create(lenient, ANONYMOUS, wrong, run_now=True).job_id
    eventually(lambda: service.phase(lenient, ANONYMOUS, job_id) is Phase.ERROR)
    message = service.get(lenient, ANONYMOUS, job_id).error.message
    assert re.fullmatch(r"RA: 'east': .*; text: missing", message)


def test_jobs_run_side_by_side_up_to_the_workers_capacity(worker, submit, executing, record):
    jobs = [submit(sleep_s=60) for _ in range(3)]
    pids = {executing(job_id) for job_id in jobs[:2]}
    assert len(pids) == 2
    assert record(jobs[2]).phase is Phase.QUEUED
    (alive,) = queue.workers_alive()
    assert (alive.capacity, alive.running) == (2, 2)


def test_a_job_is_given_up_when_its_process_dies_again_and_again(
    worker, submit, ended, eventually, tmp_path
):
    log = tmp_path / "runs"
    job = ended(submit(end="kill", log=log))
    assert job.phase is Phase.ERROR
    assert re.search(r"killed by signal 9 .*3 attempts", job.error.message)
    assert job.error.kind == "transient"
    assert len(log.read_text().splitlines()) == 3
    eventually(
        lambda: not job_folder(job.job_id).exists()
    )  # the worker tidies up after it has told


def test_a_process_that_exits_silently_is_no_success(worker, submit, ended):
    assert "status 3" in ended(submit(end="exit")).error.message


def test_abort_ends_the_process_what_it_started_and_its_query(
    worker, submit, executing, record, sample, eventually
):
    in_database, in_shell = submit(database_sleep_s=300), submit(grandchild=True)
    pids = [executing(in_database), executing(in_shell)]
    group = Path(f"/proc/{pids[1]}/task/{pids[1]}/children")
    (grandchild,) = eventually(lambda: group.read_text().split())
    eventually(lambda: backends_of(in_database))
    began = time.monotonic()
    for job_id in (in_database, in_shell):
        service.abort(sample, ANONYMOUS, job_id)
    for pid in (*pids, int(grandchild)):
        eventually(lambda pid=pid: not is_alive(pid), timeout_s=1)
    eventually(lambda: not backends_of(in_database), timeout_s=1)
    assert time.monotonic() - began < 1
    assert record(in_database).phase is Phase.ABORTED
    eventually(lambda: not job_folder(in_database).exists())


def test_deleting_a_running_job_ends_it_and_leaves_nothing(
    worker, submit, executing, sample, eventually
):
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    service.delete(sample, ANONYMOUS, job_id)
    eventually(lambda: not is_alive(pid), timeout_s=1)
    eventually(lambda: not job_folder(job_id).exists(), timeout_s=1)


def test_a_job_that_runs_too_long_is_ended(worker, submit, executing, ended, sample, record):
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    service.set_execution_duration(sample, ANONYMOUS, job_id, 1)
    job = ended(job_id)
    assert job.phase is Phase.ABORTED
    assert "execution duration of 1 s" in job.error.message
    assert (job.end_time - job.start_time).total_seconds() < 4
    assert not is_alive(pid) or time.sleep(0.3) or not is_alive(pid)


def test_expired_jobs_are_destroyed_with_their_files(worker, submit, ended, sample, eventually):
    job = ended(submit())
    assert job_folder(job.job_id).exists()
    service.set_destruction(sample, ANONYMOUS, job.job_id, job.creation_time)
    eventually(lambda: not Job.objects.exists())
    eventually(lambda: not job_folder(job.job_id).exists())


def test_a_worker_comes_back_when_its_connection_is_cut(worker, submit, ended):
    ended(submit())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'uws_worker' AND datname = current_database()"
        )
        assert cursor.fetchall() == [(True,)]
    assert ended(submit()).phase is Phase.COMPLETED


def test_a_job_whose_connection_is_cut_is_run_again(worker, submit, executing, eventually, ended):
    job_id = submit(database_sleep_s=1.5)
    executing(job_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [job_id],
        )
    assert ended(job_id).phase is Phase.COMPLETED
    assert Job.objects.get().attempts == 2


def test_a_job_whose_transaction_loses_against_another_s_is_run_again(
    worker, submit, ended, tmp_path
):
    log = tmp_path / "runs"
    error = ended(submit(end="deadlock", log=log)).error
    assert error.message.endswith("each other's way; given up after 3 attempts")
    assert error.kind == "transient"
    assert len(log.read_text().splitlines()) == 3


def test_a_worker_that_was_taken_for_dead_registers_anew(worker, submit, ended, eventually):
    ended(submit())
    Worker.objects.all().delete()
    assert ended(submit()).phase is Phase.COMPLETED
    assert Worker.objects.count() == 1


def test_a_job_may_use_processes_and_temporary_files_of_its_own(worker, submit, ended):
    job = ended(submit(pool=True))
    assert job.phase is Phase.COMPLETED
    said = [message.text for message in job.messages]
    assert "2 ** 5 is 32" in said
    assert str(job_folder(job.job_id) / "1" / "tmp") in said[-1]
    assert not (job_folder(job.job_id) / "1" / "tmp").exists()


def test_a_lease_that_runs_out_frees_the_job(worker, submit, ended):
    """A worker of another machine can't be looked at; only its silence tells."""
    Worker.objects.create(
        id="silent",
        place="elsewhere",
        host="host",
        pid=1,
        pid_started=1,
        template_pid=1,
        template_started=1,
        capacity=1,
    )
    job_id = submit(prepared=True)
    Job.objects.filter(id=job_id).update(
        phase=Phase.EXECUTING,
        worker="silent",
        attempts=1,
        start_time=Now(),
        queued_time=Now(),
        lease_expires=Now() + timedelta(seconds=1),
    )
    time.sleep(0.8)
    assert Job.objects.get().phase == Phase.EXECUTING
    assert ended(job_id).phase is Phase.COMPLETED
    assert Job.objects.get().attempts == 2


def test_two_workers_share_the_queue_and_run_no_job_twice(
    worker, environment, submit, ended, eventually, tmp_path
):
    second = type(worker)(environment)
    second.start()
    try:
        eventually(lambda: len(queue.workers_alive()) == 2)
        jobs = [submit(log=tmp_path / f"runs{number}") for number in range(20)]
        for number, job_id in enumerate(jobs):
            assert ended(job_id, 30).phase is Phase.COMPLETED
            assert len((tmp_path / f"runs{number}").read_text().splitlines()) == 1
    finally:
        assert second.stop() == 0
