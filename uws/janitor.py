"""Removes files of jobs that nobody knows any more, a few folders at a time.

A job's files go with the job. What is left all the same, by a process that was killed while it
wrote, or a machine that went down between the commit and the removal, is found here. Products that
were published lie elsewhere and are none of this module's business.

A folder of jobs belongs to one database: it says so in the file ``.database``. Where that names
another, nothing is removed, so that a test's worker or a second server can't empty the folder of
the first.
"""

import hashlib
import logging
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from django.conf import settings
from django.db import connection

from uws import files, finished
from uws.models import Job
from uws.phases import TERMINAL, Phase

logger = logging.getLogger(__name__)

MARKER = ".database"
_JOB_ID = re.compile(r"[0-9a-f]{32}")
#: A folder that was written to just now may be of a job that is being deleted or moved on.
GRACE_S = 600.0
#: What ran for a job that is over is dead after a second; this is for its files.
_ENDED_GRACE_S = 10.0


class Janitor:
    """Goes round and round through the folder of all jobs."""

    def __init__(self, grace_s: float = GRACE_S) -> None:
        """grace_s: files younger than this are left alone."""
        self._grace_s = grace_s
        self._round: Iterator[Path] | None = None
        self._was_refused = False

    def sweep(self, at_most: int = 100) -> int:
        """Look at the next folders, ``at_most``; how many orphans were removed."""
        root = Path(settings.VO_JOB_ROOT)
        if not root.is_dir():
            return 0
        if self._round is None:
            self._round = root.iterdir()
        folders = [
            folder for folder in islice(self._round, at_most) if _JOB_ID.fullmatch(folder.name)
        ]
        if not folders:
            self._round = None
            return 0
        jobs = {
            job.id: job
            for job in Job.objects.filter(id__in=[folder.name for folder in folders]).only(
                "id", "attempts", "phase"
            )
        }
        if not self._is_ours(root, bool(jobs)):
            return 0
        orphans = [
            orphan for folder in folders for orphan in self._orphans(folder, jobs.get(folder.name))
        ]
        for orphan in orphans:
            logger.info("removing files that no job has: %s", orphan.relative_to(root))
            files.remove(orphan)
            with suppress(OSError):
                orphan.parent.rmdir()  # the job's folder, where nothing else is in it
        return len(orphans)

    def _orphans(self, folder: Path, job: Job | None) -> list[Path]:
        """The folder, or what in it is of attempts that are over and left nothing to keep."""
        try:
            if job is None:
                return [folder] if self._is_old(folder) else []
            return [
                orphan
                for attempt in folder.iterdir()
                if attempt.name.isdigit()
                for orphan in self._left_over(job, attempt)
            ]
        except FileNotFoundError:
            return []  # it has just been removed

    def _left_over(self, job: Job, attempt: Path) -> list[Path]:
        """What an attempt has left behind: its folder, or what was not to be kept in it."""
        number = int(attempt.name)
        if job.phase == Phase.COMPLETED and number == job.attempts:
            # nobody needs these any more, so there is no grace
            return [path for path in finished.not_results(job.id, number) if path.exists()]
        if Phase(job.phase) in TERMINAL:
            grace_s = min(self._grace_s, _ENDED_GRACE_S)
            return [attempt] if self._is_old(attempt, grace_s) else []
        return [attempt] if number < job.attempts and self._is_old(attempt) else []

    def _is_old(self, folder: Path, grace_s: float | None = None) -> bool:
        grace_s = self._grace_s if grace_s is None else grace_s
        return time.time() - folder.stat().st_mtime > grace_s

    def _is_ours(self, root: Path, holds_our_jobs: bool) -> bool:
        """Whether the folder is this database's; it becomes so by holding a job of it."""
        marker = root / MARKER
        identity = _identity()
        if marker.exists():
            is_ours = marker.read_text().strip() == identity
            if not is_ours and not self._was_refused:
                logger.warning(
                    "the folder of jobs belongs to another database, so nothing in it is cleaned"
                    " away; if it is this one's, under a new address, delete its file %s",
                    MARKER,
                )
                self._was_refused = True
            return is_ours
        if holds_our_jobs:
            marker.write_text(identity + "\n")
        return holds_our_jobs


def _identity() -> str:
    """The database, by where it is found."""
    found = connection.settings_dict
    where = "\0".join(str(found[part]) for part in ("HOST", "PORT", "NAME"))
    return hashlib.sha256(where.encode()).hexdigest()
