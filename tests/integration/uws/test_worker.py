"""Real workers on a real queue: what they do, and what is left when they or their jobs die."""

import os
import re
import signal
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import queue, service
from uws.files import job_folder
from uws.models import Job, Worker
from uws.phases import TERMINAL, Phase

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def submit(sample):
    """Queue a sample job that does as told."""

    def queue_job(principal=ANONYMOUS, **told):
        parameters = Parameters([("text", "hello"), *((k, str(v)) for k, v in told.items())])
        return service.create(sample, principal, parameters, run_now=True).job_id

    return queue_job


@pytest.fixture
def record(sample):
    return lambda job_id: service.get(sample, ANONYMOUS, job_id)


@pytest.fixture
def executing(eventually, record):
    """Wait until the job's own code runs; the pid of its process."""

    def wait(job_id):
        eventually(lambda: record(job_id).messages)
        return int(record(job_id).messages[-1].text.rpartition(" ")[2])

    return wait


@pytest.fixture
def ended(eventually, record):
    """Wait until the job is over; the job."""

    def wait(job_id, timeout_s=15.0):
        eventually(lambda: record(job_id).phase in TERMINAL, timeout_s)
        return record(job_id)

    return wait


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
    worker.start()
    job = ended(submit(numbers="1,2,3"))
    assert job.phase is Phase.COMPLETED
    (result,) = job.results
    assert (result.name, result.media_type) == ("result", "text/plain")
    assert result.path.read_text() == "hello 6 by nobody"
    assert result.size == len("hello 6 by nobody")
    assert job.creation_time < job.start_time < job.end_time
    assert (job.progress.done, job.progress.total, job.progress.message) == (1, 2, "half way")
    assert len(job.messages) == 1
    assert [path.name for path in result.path.parent.iterdir()] == ["result.txt"]


def test_a_job_runs_as_its_owner(worker, submit, eventually, people, sample):
    worker.start()
    job_id = submit(people["ann"])
    eventually(lambda: service.phase(sample, people["ann"], job_id) in TERMINAL)
    (result,) = service.get(sample, people["ann"], job_id).results
    assert result.path.read_text().endswith("by ann")


def test_jobs_end_in_error_with_words_for_their_owner_only(worker, submit, ended, lenient):
    worker.start()
    jobs = {end: submit(end=end) for end in ("fail", "raise")}
    assert ended(jobs["fail"]).error.message == "the sky is cloudy"
    assert ended(jobs["raise"]).error.message == "internal error"
    for job_id in jobs.values():
        assert not job_folder(job_id).exists()


def test_wrong_parameters_of_a_lenient_type_make_the_job_an_error(worker, lenient, eventually):
    worker.start()
    wrong = Parameters([("RA", "east")])
    job_id = service.create(lenient, ANONYMOUS, wrong, run_now=True).job_id
    eventually(lambda: service.phase(lenient, ANONYMOUS, job_id) is Phase.ERROR)
    message = service.get(lenient, ANONYMOUS, job_id).error.message
    assert re.fullmatch(r"RA: 'east': .*; text: missing", message)


def test_jobs_run_side_by_side_up_to_the_workers_capacity(worker, submit, executing, record):
    worker.start("--jobs", "2")
    jobs = [submit(sleep_s=60) for _ in range(3)]
    pids = {executing(job_id) for job_id in jobs[:2]}
    assert len(pids) == 2
    assert record(jobs[2]).phase is Phase.QUEUED
    (alive,) = queue.workers_alive()
    assert (alive.capacity, alive.running) == (2, 2)


def test_a_killed_worker_takes_its_jobs_with_it_and_the_next_one_completes_them_once(
    worker, submit, executing, ended, eventually, tmp_path
):
    worker.start()
    log = tmp_path / "runs"
    job_id = submit(log=log, sleep_s=1.5, database_sleep_s=0.01, grandchild=False)
    pid = executing(job_id)
    worker.kill()
    eventually(lambda: not is_alive(pid), timeout_s=1)
    assert Job.objects.get().phase == Phase.EXECUTING
    began = time.monotonic()
    worker.start()
    job = ended(job_id)
    assert job.phase is Phase.COMPLETED
    assert time.monotonic() - began < 10
    assert Job.objects.get().attempts == 2
    assert len(job.results) == 1
    assert len(log.read_text().splitlines()) == 2
    assert [folder.name for folder in job_folder(job_id).iterdir()] == ["2"]
    assert Worker.objects.count() == 1


def test_a_lease_that_runs_out_frees_the_job(worker, submit, executing, ended):
    """A worker of another machine can't be looked at; only its silence tells."""
    worker.start()
    job_id = submit(sleep_s=1)
    executing(job_id)
    worker.kill()
    Worker.objects.update(place="elsewhere")
    worker.start()
    assert ended(job_id).phase is Phase.COMPLETED


def test_a_job_is_given_up_when_its_process_dies_again_and_again(worker, submit, ended, tmp_path):
    worker.start()
    log = tmp_path / "runs"
    job = ended(submit(end="kill", log=log))
    assert job.phase is Phase.ERROR
    assert re.search(r"killed by signal 9 .*3 attempts", job.error.message)
    assert job.error.kind == "transient"
    assert len(log.read_text().splitlines()) == 3
    assert not job_folder(job.job_id).exists()


def test_a_process_that_exits_silently_is_no_success(worker, submit, ended):
    worker.start()
    assert "status 3" in ended(submit(end="exit")).error.message


def test_abort_ends_the_process_what_it_started_and_its_query(
    worker, submit, executing, record, sample, eventually
):
    worker.start()
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
    worker.start()
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    service.delete(sample, ANONYMOUS, job_id)
    eventually(lambda: not is_alive(pid), timeout_s=1)
    eventually(lambda: not job_folder(job_id).exists(), timeout_s=1)


def test_a_job_that_runs_too_long_is_ended(worker, submit, executing, ended, sample, record):
    worker.start()
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    service.set_execution_duration(sample, ANONYMOUS, job_id, 1)
    job = ended(job_id)
    assert job.phase is Phase.ABORTED
    assert "execution duration of 1 s" in job.error.message
    assert (job.end_time - job.start_time).total_seconds() < 4
    assert not is_alive(pid) or time.sleep(0.3) or not is_alive(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_stopped_gives_its_jobs_back(
    worker, submit, executing, record, number, eventually
):
    process = worker.start()
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    process.send_signal(number)
    assert process.wait(timeout=5) == 0
    assert not is_alive(pid)
    assert record(job_id).phase is Phase.QUEUED
    assert Job.objects.get().attempts == 0
    assert not Worker.objects.exists()
    assert not job_folder(job_id).exists()


def test_a_worker_whose_template_is_killed_starts_anew(worker, submit, executing, eventually):
    worker.start()
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    os.kill(Worker.objects.get().template_pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid), timeout_s=1)
    eventually(lambda: Job.objects.get().attempts == 2)
    assert worker.process.poll() is None


def test_expired_jobs_are_destroyed_with_their_files(worker, submit, ended, sample, eventually):
    worker.start()
    job = ended(submit())
    assert job_folder(job.job_id).exists()
    service.set_destruction(sample, ANONYMOUS, job.job_id, job.creation_time)
    eventually(lambda: not Job.objects.exists())
    eventually(lambda: not job_folder(job.job_id).exists())


def test_a_worker_comes_back_when_its_connection_is_cut(worker, submit, ended):
    worker.start()
    ended(submit())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'uws_worker' AND datname = current_database()"
        )
        assert cursor.fetchall() == [(True,)]
    assert ended(submit()).phase is Phase.COMPLETED


def test_a_job_whose_connection_is_cut_is_run_again(worker, submit, executing, eventually, ended):
    worker.start()
    job_id = submit(database_sleep_s=1.5)
    executing(job_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [job_id],
        )
    assert ended(job_id).phase is Phase.COMPLETED
    assert Job.objects.get().attempts == 2


def test_jobs_are_taken_in_the_order_in_which_they_were_queued(worker, submit, ended, record):
    jobs = [submit() for _ in range(4)]
    worker.start("--jobs", "1")
    times = [ended(job_id).start_time for job_id in jobs]
    assert times == sorted(times)


def test_two_workers_share_the_queue_and_run_no_job_twice(
    worker, submit, ended, tmp_path, eventually
):
    jobs = [submit(log=tmp_path / f"runs{number}") for number in range(20)]
    first, second = worker.start(), worker.start()
    try:
        for number, job_id in enumerate(jobs):
            assert ended(job_id, 30).phase is Phase.COMPLETED
            assert len((tmp_path / f"runs{number}").read_text().splitlines()) == 1
    finally:
        first.terminate()
        assert first.wait(timeout=10) == 0
    assert second.poll() is None


def test_the_status_command_shows_queue_and_workers(worker, submit, executing, capsys):
    call_command("uws_status")
    assert "no worker is alive" in capsys.readouterr().out
    worker.start()
    executing(submit(sleep_s=300))
    call_command("uws_status")
    shown = capsys.readouterr().out
    assert re.search(r"sample\s+EXECUTING\s+1\s+\d+ s", shown)
    assert re.search(rf":{worker.process.pid}:\S+\s+1\s+2", shown)
