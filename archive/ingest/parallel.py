"""Examines many folders at once.

Django is never imported here: the processes are new interpreters that begin with this module, know
no settings and have no database.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from archive.ingest.examination import Examination, examine
from instruments.isgri_files import EVENT_FILE

#: Fewer bytes of events than this are examined here: starting processes costs more.
WORTH_PROCESSES_BYTES = 30_000_000
_MOST_PROCESSES = 8

#: A folder, and the digests of its files where the archive holds them (see `examine`).
Work = tuple[Path, dict[str, str] | None]


def examinations(work: Sequence[Work]) -> Iterator[Examination]:
    """Examine folders on all processors; the outcomes in the folders' order."""
    processes = min(_MOST_PROCESSES, len(os.sched_getaffinity(0)))
    if processes == 1 or sum(_size(folder) for folder, _ in work) < WORTH_PROCESSES_BYTES:
        yield from map(_examine, work)
        return
    # spawned, not forked: a child must not share this process' connection to the database
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            yield from pool.map(_examine, work)
        finally:
            pool.shutdown(cancel_futures=True)


def _size(folder: Path) -> int:
    try:
        return (folder / EVENT_FILE).stat().st_size
    except OSError:
        return 0


def _examine(work: Work) -> Examination:
    return examine(*work)
