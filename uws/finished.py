"""What an attempt at a job has done, noted before the database hears of it.

The note lies in the attempt's folder from the end of the work to its record. Where the process dies
in between, whoever takes the attempt back finds it, and the job is finished instead of repeated.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from uws import durability, files

_NAME = ".finished"


@dataclass(frozen=True, slots=True)
class FinishedFile:
    """A result as it is recorded; path: relative to the folder of all jobs. size: bytes."""

    name: str
    path: str
    media_type: str
    size: int


def make_durable(results: tuple[FinishedFile, ...]) -> None:
    """Return when the files are on the disk, whatever happens to the machine then."""
    paths = [Path(settings.VO_JOB_ROOT) / result.path for result in results]
    if paths:
        durability.make_durable((*paths, *{path.parent for path in paths}))


def note(job_id: str, attempt: int, results: tuple[FinishedFile, ...]) -> None:
    """Note that the attempt's work is done; the results must be durable."""
    path = _path(job_id, attempt)
    being_written = path.with_suffix(".new")
    being_written.write_text(json.dumps([asdict(result) for result in results]))
    being_written.replace(path)


def noted(job_id: str, attempt: int) -> tuple[FinishedFile, ...] | None:
    """The results of an attempt whose work is done; ``None`` where it isn't, or they are gone."""
    try:
        text = _path(job_id, attempt).read_text()
        results = tuple(FinishedFile(**told) for told in json.loads(text))
        for result in results:
            if (Path(settings.VO_JOB_ROOT) / result.path).stat().st_size != result.size:
                return None
    except (OSError, ValueError, TypeError):
        return None
    return results


def is_noted(job_id: str, attempt: int) -> bool:
    """Whether there is a note, right or wrong."""
    return _path(job_id, attempt).exists()


def forget(job_id: str, attempt: int) -> None:
    """The database knows it now."""
    _path(job_id, attempt).unlink(missing_ok=True)


def not_results(job_id: str, attempt: int) -> tuple[Path, ...]:
    """What lies in a completed attempt's folder only until everything is tidied up."""
    return files.temporary_folder(job_id, attempt), _path(job_id, attempt)


def _path(job_id: str, attempt: int) -> Path:
    return files.attempt_folder(job_id, attempt) / _NAME
