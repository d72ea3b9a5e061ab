"""Files that survive a loss of power."""

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Thread


def make_durable(paths: Iterable[Path]) -> None:
    """Return when these files, or folders, are on the disk, whatever happens to the machine then.

    All at once: a file system with a journal writes down together what is asked for together, and
    takes hardly longer than for one. Raises `OSError`.
    """
    failures: list[OSError] = []

    def flush(path: Path) -> None:
        try:
            _flush(path)
        except OSError as error:
            failures.append(error)

    first, *others = paths
    threads: list[Thread] = []
    for path in others:
        thread = Thread(target=flush, args=(path,))
        try:
            thread.start()
        except RuntimeError:  # there is no memory for a thread
            flush(path)
        else:
            threads.append(thread)
    flush(first)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
