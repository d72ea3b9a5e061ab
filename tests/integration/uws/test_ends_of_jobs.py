"""Jobs that are ended, run short of something, or die just before they are recorded."""

import json
import os
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection

from auth.principal import ANONYMOUS
from uws import service
from uws.files import job_folder
from uws.models import Job, Worker
from uws.phases import Phase

pytestmark = pytest.mark.django_db(transaction=True)


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def told(record, job_id, words):
    """The number at the end of the job's message that begins so; 0 where there is none yet."""
    said = [message.text for message in record(job_id).messages]
    return next((int(text.split()[-1]) for text in said if text.startswith(words)), 0)


@pytest.fixture
def running_worker(worker, tmp_path):
    """A worker with little memory for each job, whose log is read."""
    with (tmp_path / "log").open("wb") as log:
        worker.start(VO_UWS_JOB_MEMORY_BYTES="600000000", VO_LOG_FORMAT="json", log=log)
        worker.log = tmp_path / "log"
        yield worker
        if worker.process.poll() is None:
            worker.stop()


def test_jobs_end_within_a_second_whatever_they_do(
    running_worker, submit, executing, record, sample, eventually, tmp_path
):
    deaf = submit(c_sleep_s=60)
    tidy = submit(tidy=tmp_path / "tidied", sleep_s=60)
    deaf_pid, tidy_pid = executing(deaf), executing(tidy)
    time.sleep(0.2)
    began = time.monotonic()
    for job_id in (deaf, tidy):
        service.abort(sample, ANONYMOUS, job_id)
    eventually(lambda: not is_alive(deaf_pid) and not is_alive(tidy_pid), timeout_s=1)
    assert time.monotonic() - began < 1
    assert (tmp_path / "tidied").read_text() == "tidy"

    # one that left the job's process group and session
    escaping = submit(escaped=True, sleep_s=60)
    escaped = eventually(lambda: told(record, escaping, "it runs as"))
    assert is_alive(escaped)
    service.abort(sample, ANONYMOUS, escaping)
    eventually(lambda: not is_alive(escaped), timeout_s=1)

    # the same, left behind by a job that completes, and by one whose worker is killed
    leaving = submit(escaped=True)
    left = eventually(lambda: told(record, leaving, "it runs as"))
    eventually(lambda: not is_alive(left), timeout_s=2)
    assert eventually(lambda: record(leaving).phase is Phase.COMPLETED)
    dying = submit(escaped=True, sleep_s=60)
    orphan = eventually(lambda: told(record, dying, "it runs as"))
    running_worker.kill()
    eventually(lambda: not is_alive(orphan), timeout_s=2)


def test_a_job_that_needs_more_memory_than_allowed_is_told_so(running_worker, submit, ended):
    enough = submit(memory_bytes=100_000_000)
    too_much = ended(submit(memory_bytes=900_000_000))
    assert ended(enough).phase is Phase.COMPLETED
    assert too_much.phase is Phase.ERROR
    assert too_much.error.message == (
        "the job needs more memory than the 600000000 bytes that one may have here"
    )
    assert too_much.error.kind == "fatal"
    assert Job.objects.get(id=too_much.job_id).attempts == 1


def test_every_line_about_a_job_bears_its_id(
    running_worker, submit, ended, executing, sample, record, eventually
):
    jobs = {"done": submit(), "failed": submit(end="raise"), "killed": submit(end="kill")}
    for job_id in jobs.values():
        ended(job_id)
    jobs["aborted"] = submit(sleep_s=60)
    executing(jobs["aborted"])
    service.abort(sample, ANONYMOUS, jobs["aborted"])

    def lines():
        return [json.loads(line) for line in running_worker.log.read_text().splitlines()]

    eventually(lambda: any("process is ended" in line["message"] for line in lines()))
    said = {
        name: [line["message"] for line in lines() if line["job_id"] == job_id]
        for name, job_id in jobs.items()
    }
    assert said["done"][0] == "attempt 1 at the sample"
    assert re.fullmatch(r"the job is COMPLETED after \d+\.\d\d s", said["done"][-1])
    assert "the job failed" in said["failed"]
    assert sum("killed by signal 9" in line for line in said["killed"]) == 3
    assert "the job's process is ended" in said["aborted"]
    without = [line["message"] for line in lines() if line["job_id"] == "-"]
    assert not any(job_id in line for line in without for job_id in jobs.values())
    assert all("runs 2 jobs at once" in line for line in without), without


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of its own with two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system can't be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_an_error_that_says_so(
    worker, submit, ended, tiny_disk, settings, eventually
):
    settings.VO_JOB_ROOT = tiny_disk / "jobs"
    worker.start(VO_JOB_ROOT=str(settings.VO_JOB_ROOT))
    full = ended(submit(write_bytes=9_000_000))
    assert full.phase is Phase.ERROR
    assert (full.error.message, full.error.kind) == ("the server's disk is full", "transient")
    # what it wrote is gone, and so there is room for the next
    assert not job_folder(full.job_id).exists()
    assert ended(submit(write_bytes=1_000_000)).phase is Phase.COMPLETED


@contextmanager
def completion_held_up():
    """While this lasts, no job's phase becomes COMPLETED: attempts hang just before it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_advisory_xact_lock(20260102); RETURN NEW; END'"
        )
        cursor.execute(
            "CREATE TRIGGER hold_up BEFORE UPDATE ON uws_job FOR EACH ROW"
            " WHEN (NEW.phase = 'COMPLETED') EXECUTE FUNCTION hold_up()"
        )
        cursor.execute("SELECT pg_advisory_lock(20260102)")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(20260102)")
            cursor.execute("DROP TRIGGER hold_up ON uws_job")
            cursor.execute("DROP FUNCTION hold_up()")


def held_up():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
            " AND objid = 20260102"
        )
        return cursor.fetchone()[0]


def backends_of(job_id):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [job_id]
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("dies", ["the worker", "the job's process"])
def test_a_job_that_dies_between_its_results_and_its_record_is_finished_not_repeated(
    worker, submit, ended, eventually, executing, tmp_path, dies
):
    worker.start()
    log = tmp_path / "runs"
    with completion_held_up():
        job_id = submit(log=log)
        pid = executing(job_id)
        eventually(held_up)
        if dies == "the worker":
            worker.kill()
            worker.start()
        else:
            os.kill(pid, 9)
        eventually(lambda: not backends_of(job_id))
        assert not is_alive(pid)
    job = ended(job_id)
    assert job.phase is Phase.COMPLETED
    assert job.results[0].path.read_text() == "hello 0 by nobody"
    assert Job.objects.get().attempts == 1
    assert len(log.read_text().splitlines()) == 1
    attempt = job_folder(job_id) / "1"
    eventually(lambda: [path.name for path in attempt.iterdir()] == ["result.txt"])


def test_a_worker_goes_on_with_its_other_jobs_while_the_record_of_one_hangs(
    worker, submit, ended, eventually
):
    worker.start(VO_UWS_LEASE_S="6")
    with completion_held_up():
        hanging = submit()
        eventually(held_up)
        before = Worker.objects.get().heartbeat
        eventually(lambda: Worker.objects.get().heartbeat > before)
        assert ended(submit(end="fail")).phase is Phase.ERROR
        assert held_up()
    assert ended(hanging).phase is Phase.COMPLETED
    assert Job.objects.get(id=hanging).attempts == 1


def test_what_a_job_leaves_to_its_worker_to_record_outlives_the_worker(
    worker, submit, ended, eventually, tmp_path
):
    process = worker.start()
    assert ended(submit(quiet=1)).phase is Phase.COMPLETED
    log = tmp_path / "runs"
    job_id = submit(quiet=1, log=log, sleep_s=0.5)
    pid = int(eventually(lambda: log.exists() and log.read_text()))
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: not is_alive(pid))
    assert backends_of(job_id) == 0, "it never had a connection"
    assert Job.objects.get(id=job_id).phase == Phase.EXECUTING
    worker.kill()
    worker.start()
    job = ended(job_id)
    assert (job.phase, Job.objects.get(id=job_id).attempts) == (Phase.COMPLETED, 1)
    assert job.results[0].path.read_text() == "hello 0 by nobody"
    assert len(log.read_text().splitlines()) == 1


def test_a_task_too_long_to_be_told_is_read_by_the_job_itself(worker, submit, ended):
    worker.start()
    text = "long " * 5000
    job = ended(submit(quiet=1, text=text))
    assert job.phase is Phase.COMPLETED
    assert job.results[0].path.read_text().startswith(text.strip())


def test_a_result_that_is_gone_before_it_is_recorded_is_made_again(
    worker, submit, ended, eventually, tmp_path
):
    process = worker.start()
    log = tmp_path / "runs"
    job_id = submit(quiet=1, log=log, sleep_s=0.5)
    pid = int(eventually(lambda: log.exists() and log.read_text()))
    process.send_signal(signal.SIGSTOP)
    eventually(lambda: not is_alive(pid))
    (job_folder(job_id) / "1" / "result.txt").unlink()
    process.send_signal(signal.SIGCONT)
    assert ended(job_id).phase is Phase.COMPLETED
    assert len(log.read_text().splitlines()) == 2


def test_a_note_without_its_files_is_none(submit, claimed, settings):
    from uws import finished, queue

    job_id = submit()
    assert claimed() == [job_id]
    path = job_folder(job_id) / "1" / "result.txt"
    path.parent.mkdir(parents=True)
    path.write_text("hello")
    file = finished.FinishedFile("result", f"{job_id}/1/result.txt", "text/plain", 5)
    attempt = queue.Attempt(job_id, 1, "here")
    finished.note(job_id, 1, (file,))
    assert finished.noted(job_id, 1) == (file,)
    path.write_text("hell")
    assert finished.noted(job_id, 1) is None
    assert queue.take_back(attempt, "it died") is Phase.QUEUED
