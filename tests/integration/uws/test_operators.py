"""What operators see and do: metrics and administration pages."""

import json
import logging
import re

import pytest
from django.core.management import call_command
from django.urls import clear_url_caches

from auth.principal import ANONYMOUS
from dali.log_context import ContextFilter, JsonFormatter, job_id
from uws import queue, service
from uws.metrics import text
from uws.models import Job
from uws.phases import Phase

pytestmark = pytest.mark.django_db(transaction=True)

LINE = re.compile(r'[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [0-9.e+-]+')


@pytest.fixture
def administrator(client, people, settings, sample):
    settings.ROOT_URLCONF = "vo_server.urls"
    clear_url_caches()
    client.login(username="root", password="root")
    return client


def test_metrics_count_what_waits_runs_and_has_ended(submit, claimed, sample):
    jobs = [submit() for _ in range(4)]
    assert claimed(3) == jobs[:3]
    job = Job.objects.get(id=jobs[0])
    queue.complete(queue.Attempt(job.id, job.attempts, job.worker_id), ())
    service.abort(sample, ANONYMOUS, jobs[1])
    service.delete(sample, ANONYMOUS, jobs[1])  # the counts outlive the job
    told = text()
    for line in told.splitlines():
        assert line.startswith("# ") or LINE.fullmatch(line), line
    assert 'uws_jobs{job_type="sample",phase="QUEUED"} 1' in told
    assert 'uws_jobs{job_type="sample",phase="EXECUTING"} 1' in told
    assert 'uws_queue_length{queue="short"} 1' in told
    assert 'uws_queue_length{queue="long"} 0' in told
    assert "uws_workers 1\nuws_worker_places 9" in told.replace(
        "\n# HELP uws_worker_places Jobs that these can run at once."
        "\n# TYPE uws_worker_places gauge",
        "",
    )
    for phase in ("COMPLETED", "ABORTED"):
        labels = f'job_type="sample",phase="{phase}"'
        assert f"uws_job_duration_seconds_count{{{labels}}} 1" in told
        assert f'uws_job_waiting_seconds_bucket{{{labels},le="+Inf"}} 1' in told
    assert not any(job_id in told for job_id in jobs)


def test_metrics_are_served(administrator):
    answer = administrator.get("/metrics")
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "uws_workers 0" in answer.content.decode()


def test_an_administrator_holds_releases_and_aborts_jobs(administrator, submit, sample, claimed):
    jobs = [submit() for _ in range(2)]

    def act(action, *selected):
        form = {"action": action, "_selected_action": selected}
        return administrator.post("/admin/uws/job/", form, follow=True).content.decode()

    assert "2 jobs held" in act("hold", *jobs)
    assert {job.phase for job in Job.objects.all()} == {Phase.HELD}
    assert claimed(2) == []
    assert "1 jobs released" in act("release", jobs[0])
    assert claimed(2) == [jobs[0]]
    shown = act("hold", jobs[0])
    assert "0 jobs held" in shown
    assert "EXECUTING can&#x27;t become HELD" in shown
    assert "2 jobs aborted" in act("abort", *jobs)
    assert {job.phase for job in Job.objects.all()} == {Phase.ABORTED}


def test_an_administrator_sets_the_priority_and_nothing_else(administrator, submit):
    job_id = submit()
    address = f"/admin/uws/job/{job_id}/change/"
    page = administrator.get(address).content.decode()
    assert 'name="priority"' in page
    assert 'name="phase"' not in page
    inlines = {
        f"{kind}-{field}": 0
        for kind in ("parameters", "results", "messages")
        for field in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    form = {"priority": 5, "phase": "COMPLETED", **inlines}
    administrator.post(address, form)
    job = Job.objects.get(id=job_id)
    assert (job.priority, job.phase) == (5, Phase.QUEUED)
    assert administrator.get("/admin/uws/job/add/").status_code == 403
    for page in ("worker", "notice"):
        assert administrator.get(f"/admin/uws/{page}/").status_code == 200


def test_a_held_job_is_its_owners_to_run_or_abort(submit, sample):
    job_id = submit()
    service.hold(sample, ANONYMOUS, job_id)
    service.run(sample, ANONYMOUS, job_id)
    assert service.phase(sample, ANONYMOUS, job_id) is Phase.QUEUED


def test_the_status_shows_queues_and_what_runs(submit, claimed, people, job_types, capsys):
    running = [submit(people["ann"]), submit()]
    assert claimed(2) == running
    for _ in range(3):
        submit()
    Job.objects.filter(id=running[0]).update(progress_done=1, progress_total=4)
    call_command("uws_status")
    shown = capsys.readouterr().out
    assert re.search(r"short +3 +\d+ s +2 +\d+ s\n", shown)
    assert re.search(r"long +0 +- +0 +-\n", shown)
    assert re.search(rf"{running[0]} +sample +ann +\d+ s +25% +1  here", shown)
    assert re.search(rf"{running[1]} +sample +\(anonymous\) +\d+ s +- +1  here", shown)


def test_structured_logs_have_the_jobs_id_on_every_line():
    record = logging.LogRecord("uws", logging.INFO, __file__, 1, "said %s", ("hello",), None)
    token = job_id.set("abc")
    try:
        ContextFilter().filter(record)
    finally:
        job_id.reset(token)
    line = json.loads(JsonFormatter().format(record))
    assert (line["message"], line["job_id"], line["level"]) == ("said hello", "abc", "INFO")
    assert line["time"].endswith("Z")
