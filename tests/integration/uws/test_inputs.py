"""Files that are sent with a job's parameters."""

from dataclasses import replace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import files, quotas, service
from uws.errors import PhaseError, QuotaError

pytestmark = pytest.mark.django_db

TEXT = Parameters([("TEXT", "hello")])


@pytest.fixture
def taker(sample):
    """A job type that takes files."""
    return replace(sample, takes_files=True)


def content(job, name):
    with files.inputs(job.job_id).open(name) as file:
        return file.read()


def test_files_are_kept_with_the_job_and_replaced_by_later_ones(taker):
    job = service.create(taker, ANONYMOUS, TEXT, sent_files={"a": [b"on", b"e"], "b": [b"two"]})
    assert (content(job, "a"), content(job, "b")) == (b"one", b"two")
    service.set_parameters(taker, ANONYMOUS, job.job_id, TEXT, {"a": [b"three"]})
    assert (content(job, "a"), content(job, "b")) == (b"three", b"two")


def test_files_go_with_the_job(taker, django_capture_on_commit_callbacks):
    job = service.create(taker, ANONYMOUS, TEXT, sent_files={"a": [b"one"]})
    with django_capture_on_commit_callbacks(execute=True):
        service.delete(taker, ANONYMOUS, job.job_id)
    assert not files.job_folder(job.job_id).exists()


def test_an_attempt_that_is_taken_away_leaves_them(taker):
    job = service.create(taker, ANONYMOUS, TEXT, sent_files={"a": [b"one"]})
    files.attempt_folder(job.job_id, 1).mkdir()
    files.remove_attempt(job.job_id, 1)
    assert content(job, "a") == b"one"


def test_a_job_that_is_refused_leaves_no_files(taker, job_root, monkeypatch):
    def refuse(_principal):
        raise QuotaError("too many")

    job_root.mkdir(parents=True, exist_ok=True)
    before = set(job_root.iterdir())
    monkeypatch.setattr(quotas, "check_queue", refuse)
    with pytest.raises(QuotaError):
        service.create(taker, ANONYMOUS, TEXT, sent_files={"a": [b"one"]}, run_now=True)
    assert set(job_root.iterdir()) == before


def test_a_job_under_way_takes_no_files(taker):
    job = service.create(taker, ANONYMOUS, TEXT, run_now=True)
    with pytest.raises(PhaseError):
        service.set_parameters(taker, ANONYMOUS, job.job_id, TEXT, {"a": [b"late"]})
    assert files.inputs(job.job_id).open("a") is None


def test_a_job_type_that_takes_none_keeps_none(sample):
    job = service.create(sample, ANONYMOUS, TEXT, sent_files={"a": [b"one"]})
    assert not files.job_folder(job.job_id).exists()


def test_a_form_with_a_file_makes_a_job_that_has_it(client, settings, tmp_path):
    settings.VO_JOB_ROOT = tmp_path
    form = {"QUERY": "SELECT 1", "part": SimpleUploadedFile("x.vot", b"<VOTABLE/>")}
    created = client.post("/tap/async", form)
    assert created.status_code == 303
    job_id = created["Location"].rpartition("/")[2]
    with files.inputs(job_id).open("part") as file:
        assert file.read() == b"<VOTABLE/>"
    added = {"UPLOAD": "t,param:other", "other": SimpleUploadedFile("y.vot", b"more")}
    assert client.post(f"/tap/async/{job_id}/parameters", added).status_code == 303
    with files.inputs(job_id).open("other") as file:
        assert file.read() == b"more"
