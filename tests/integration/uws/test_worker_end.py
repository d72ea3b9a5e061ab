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
    other = submit(grandchild=True)
    pids = [executing(job_id), executing(other)]
    children = Path(f"/proc/{pids[1]}/task/{pids[1]}/children")
    (grandchild,) = eventually(lambda: children.read_text().split())
    worker.kill()
    eventually(lambda: not any(map(is_alive, (*pids, grandchild))), timeout_s=1)
    assert {job.phase for job in Job.objects.all()} == {Phase.EXECUTING}
    Job.objects.get(id=other).delete()
    worker.start(VO_UWS_LEASE_S="600")
    job = ended(job_id)
    assert job.phase is Phase.COMPLETED
    assert Job.objects.get().attempts == 2
    assert len(job.results) == 1
    assert len(log.read_text().splitlines()) == 2
    assert [folder.name for folder in job_folder(job_id).iterdir()] == ["2"]
    assert Worker.objects.count() == 1


def test_a_worker_whose_template_is_killed_starts_anew(worker, submit, executing, eventually):
    worker.start()
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    os.kill(Worker.objects.get().template_pid, signal.SIGKILL)
    eventually(lambda: not is_alive(pid), timeout_s=1)
    eventually(lambda: Job.objects.get().attempts == 2)
    assert worker.process.poll() is None
    worker.process.send_signal(signal.SIGINT)
    assert worker.process.wait(timeout=5) == 0


def test_a_stopped_worker_gives_its_jobs_back(worker, submit, executing, record, capsys):
    call_command("uws_status")
    assert "no worker is alive" in capsys.readouterr().out
    process = worker.start()
    job_id = submit(sleep_s=300)
    pid = executing(job_id)
    call_command("uws_status")
    shown = capsys.readouterr().out
    assert re.search(r"sample\s+EXECUTING\s+1\s+\d+ s", shown)
    assert re.search(rf":{process.pid}:\S+\s+1\s+2", shown)
    process.terminate()
    assert process.wait(timeout=5) == 0
    assert not is_alive(pid)
    assert record(job_id).phase is Phase.QUEUED
    assert Job.objects.get().attempts == 0
    assert not Worker.objects.exists()
    assert not job_folder(job_id).exists()
