"""Where jobs keep their files: one folder per job, in it one per attempt and one for inputs.

An attempt that died can't write into the folder of the next.
"""

import logging
import shutil
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction

from uws.inputs import Inputs
from uws.models import Job

logger = logging.getLogger(__name__)


def job_folder(job_id: str) -> Path:
    """The folder of all that a job leaves."""
    return Path(settings.VO_JOB_ROOT) / job_id


def attempt_folder(job_id: str, attempt: int) -> Path:
    """The folder of one attempt at a job, counted from 1."""
    return job_folder(job_id) / str(attempt)


def inputs(job_id: str) -> Inputs:
    """The files that belong to a job from its start, whatever its attempts do."""
    return Inputs(job_folder(job_id) / "inputs")


def temporary_folder(job_id: str, attempt: int) -> Path:
    """Where an attempt's code finds room for what it needs only while it runs."""
    return attempt_folder(job_id, attempt) / "tmp"


def remove_temporary(job_id: str, attempt: int) -> None:
    """Delete what an attempt needed only while it ran."""
    remove(temporary_folder(job_id, attempt))


def remove_attempt(job_id: str, attempt: int) -> None:
    """Delete what one attempt left, and the job's folder if nothing else is in it."""
    remove(attempt_folder(job_id, attempt))
    with suppress(OSError):
        job_folder(job_id).rmdir()


def remove(folder: Path) -> None:
    """Delete a folder with all it holds, or a file; says in the log what can't be deleted."""
    if not folder.exists():
        return
    try:
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink()
    except OSError:
        logger.exception("can't delete the files of a job that is gone")


def remove_with_job(instance: Job, **_: object) -> None:
    """Delete the files of a job when the transaction that deletes it has been committed."""
    # Django empties the instance's id before the commit.
    folder = job_folder(instance.id)
    transaction.on_commit(lambda: remove(folder))
