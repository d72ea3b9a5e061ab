"""Files that no job has, and how a job's end takes its files away but not its products."""

import os
import time

import pytest

from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from uws import queue, service
from uws.errors import UnknownJobError
from uws.janitor import MARKER, Janitor
from uws.models import Job, JobResult
from uws.phases import Phase

pytestmark = pytest.mark.django_db

HELLO = Parameters([("text", "hello")])


@pytest.fixture
def root(settings, tmp_path, sample):
    settings.VO_JOB_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def written(root):
    """A file in an attempt's folder, written an hour ago."""

    def write(job_id, attempt=1, age_s=3600.0):
        folder = root / job_id / str(attempt)
        folder.mkdir(parents=True)
        file = folder / "result.txt"
        file.write_text("hello")
        then = time.time() - age_s
        for path in (folder, folder.parent):
            os.utime(path, (then, then))
        return file

    return write


def test_folders_without_a_job_and_attempts_that_were_followed_are_removed(root, sample, written):
    job_id = service.create(sample, ANONYMOUS, HELLO).job_id
    Job.objects.update(attempts=2)
    dead, kept = written(job_id, 1), written(job_id, 2)
    orphan, young = written("0" * 32), written("1" * 32, age_s=5)
    (root / "README").write_text("not a job's")
    janitor = Janitor()
    assert janitor.sweep() == 2
    assert not dead.parent.exists()
    assert not orphan.parents[1].exists()
    assert kept.exists()
    assert young.exists()
    assert (root / "README").exists()
    assert janitor.sweep() == 0  # the end of the round
    assert janitor.sweep() == 0


def test_what_attempts_left_that_are_over_is_removed_and_results_stay(root, sample, written):
    ids = {}
    for phase in (Phase.COMPLETED, Phase.ABORTED, Phase.EXECUTING):
        ids[phase] = service.create(sample, ANONYMOUS, HELLO).job_id
        written(ids[phase])
        service.abort(sample, ANONYMOUS, ids[phase])
    Job.objects.update(attempts=1)
    Job.objects.filter(id=ids[Phase.COMPLETED]).update(phase=Phase.COMPLETED)
    Job.objects.filter(id=ids[Phase.EXECUTING]).update(phase=Phase.PENDING, end_time=None)
    done = root / ids[Phase.COMPLETED] / "1"
    (done / "tmp").mkdir()
    (done / "tmp" / "half").write_text("half")
    (done / ".finished").write_text("[]")
    assert Janitor().sweep() == 3
    assert [path.name for path in done.iterdir()] == ["result.txt"]
    assert not (root / ids[Phase.ABORTED]).exists()
    assert (root / ids[Phase.EXECUTING] / "1" / "result.txt").exists()


def test_a_round_is_made_in_small_steps(root, sample, written):
    written(service.create(sample, ANONYMOUS, HELLO).job_id)
    for number in range(5):
        written(f"{number:032x}")
    janitor = Janitor()
    removed = [janitor.sweep(at_most=2) for _ in range(12)]
    assert sum(removed) == 5
    assert max(removed) <= 2


def test_the_folder_of_another_database_is_left_alone(root, sample, written, caplog):
    orphan = written("0" * 32)
    assert Janitor().sweep() == 0  # not one job of ours lies here
    service.create(sample, ANONYMOUS, HELLO)
    written(Job.objects.get().id)
    (root / MARKER).write_text("another's\n")
    janitor = Janitor()
    for _ in range(4):
        assert janitor.sweep() == 0
    assert orphan.exists()
    assert caplog.text.count("belongs to another database") == 1


def test_a_destroyed_job_is_archived_where_the_server_archives(
    root, sample, written, settings, django_capture_on_commit_callbacks
):
    settings.VO_UWS_ARCHIVE_DAYS = 10
    job_id = service.create(sample, ANONYMOUS, HELLO).job_id
    service.abort(sample, ANONYMOUS, job_id)
    file = written(job_id)
    JobResult.objects.create(job_id=job_id, name="r", path="p", media_type="text/plain", size=1)
    pending = service.create(sample, ANONYMOUS, HELLO).job_id
    created = Job.objects.get(id=job_id).creation_time
    for each in (job_id, pending):
        service.set_destruction(sample, ANONYMOUS, each, created)
    with django_capture_on_commit_callbacks(execute=True):
        assert queue.destroy_expired() == 2
    archived = service.get(sample, ANONYMOUS, job_id)
    assert archived.phase is Phase.ARCHIVED
    assert archived.results == ()
    assert (archived.destruction - created).days == 10
    assert not file.exists()
    with pytest.raises(UnknownJobError):
        service.get(sample, ANONYMOUS, pending)
    service.set_destruction(sample, ANONYMOUS, job_id, created)
    queue.destroy_expired()
    assert not Job.objects.exists()
