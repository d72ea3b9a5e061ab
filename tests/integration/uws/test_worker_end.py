"""Workers that die or stop: their jobs go on with the next, and only there."""

import os
import re
import signal
from pathlib import Path

import pytest
from django.core.management import call_command

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


def test_a_killed_worker_takes_its_jobs_with_it_and_the_next_one_completes_them_once(
    worker, submit, executing, ended, eventually, tmp_path
):
    # With so long a lease the job would not come back in time if the next worker only waited.
    worker.start(VO_UWS_LEASE_S="600")
    log = tmp_path / "runs"
    job_id = submit(log=log, sleep_s=0.5, database_sleep_s=1)
    pid = executing(job_id)
    worker.kill()
    eventually(lambda: not is_alive(pid), timeout_s=1)
    assert Job.objects.get().phase == Phase.EXECUTING
    worker.start(VO_UWS_LEASE_S="600")
    job = ended(job_id)
    assert job.phase is Phase.COMPLETED
    assert Job.objects.get().attempts == 2
    assert len(job.results) == 1
    assert len(log.read_text().splitlines()) == 2
    assert [folder.name for folder in job_folder(job_id).iterdir()] == ["2"]
    assert Worker.objects.count() == 1


def test_what_a_job_started_ends_with_a_killed_worker(worker, submit, executing, eventually):
    worker.start()
    pid = executing(submit(grandchild=True))
    children = Path(f"/proc/{pid}/task/{pid}/children")
    (grandchild,) = eventually(lambda: children.read_text().split())
    worker.kill()
    eventually(lambda: not is_alive(pid) and not is_alive(grandchild), timeout_s=1)


def test_a_lease_that_runs_out_frees_the_job(worker, submit, executing, ended):
    """A worker of another machine can't be looked at; only its silence tells."""
    worker.start()
    job_id = submit(sleep_s=1)
    executing(job_id)
    worker.kill()
    Worker.objects.update(place="elsewhere")
    worker.start()
    assert ended(job_id).phase is Phase.COMPLETED


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
