"""Which place runs a job's steps: the site's cluster, the embedded one, or processes of its own."""

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from analysis import embedded_cluster
from analysis.dask_executor import Address, DaskExecutor
from analysis.executors import Executor, LocalExecutor
from uws import companions

#: The command of ``manage.py`` that runs the embedded cluster.
EMBEDDED = "analysis_cluster"

#: What a worker of jobs keeps beside itself: that cluster, and the care for the cache.
COMPANIONS = (
    companions.Companion(
        EMBEDDED,
        status=lambda: embedded_cluster.words(
            Path(settings.VO_CACHE_ROOT), settings.VO_DASK_SCHEDULER
        ),
    ),
    companions.Companion("cache_tend", every_s=300.0),
)


def slots() -> int:
    """How many steps the embedded cluster, or a job by itself, runs at once."""
    return settings.VO_ANALYSIS_PROCESSES or os.cpu_count() or 1


def place_for_steps(preload: tuple[str, ...]) -> Executor:
    """The place for the steps of the job that this process runs. preload: modules they need.

    A job that no worker runs, such as a command's, has no cluster beside it: its steps run in
    processes of its own.
    """
    site: str = settings.VO_DASK_SCHEDULER
    if site:
        return DaskExecutor(partial(Address, site), preload)
    if companions.ask(EMBEDDED):
        return DaskExecutor(_embedded(Path(settings.VO_CACHE_ROOT)), preload)
    return LocalExecutor(slots(), preload, embedded_cluster.memory_for_steps())


def _embedded(cache_root: Path) -> Callable[[], Address | None]:
    def find() -> Address | None:
        found = embedded_cluster.address(cache_root)
        if found is None:
            companions.ask(EMBEDDED)
        return found

    return find


def site_answers(timeout_s: float = 1.0) -> bool:
    """Whether something listens where the site's scheduler should; true where it has none."""
    site: str = settings.VO_DASK_SCHEDULER
    if not site:
        return True
    where = urlsplit(site)
    try:
        with socket.create_connection((where.hostname or "", where.port or 8786), timeout_s):
            return True
    except OSError:
        return False
