"""An ingested archive, jobs run as by the worker's child process, and graphs of tiny steps."""

import itertools
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from graph_running import Runner
from tiny_engine import TinyGraph

from analysis.executors import LocalExecutor
from analysis.jobs import job_types
from archive.ingest.service import ingest
from archive.models import ScienceWindow
from auth.principal import ANONYMOUS, Principal
from uws.parameters import check
from uws.types import JobContext


@pytest.fixture(scope="module")
def executor() -> Iterator[LocalExecutor]:
    """Two processes at once for steps of the tiny engine, warm for all tests of a module."""
    executor = LocalExecutor(2, ("tiny_engine",))
    yield executor
    executor.close()


@pytest.fixture
def run(tmp_path: Path, executor: LocalExecutor, settings) -> Runner:
    """Runs graphs on a cache of its own, which is the server's as well."""
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    return Runner(tmp_path / "cache", lambda: executor)


@pytest.fixture
def tiny(tmp_path: Path) -> TinyGraph:
    """Makes graphs of tiny steps."""
    return TinyGraph(tmp_path)


@pytest.fixture
def archive(db: None, small_archive: Path, settings, tmp_path: Path) -> Path:
    """The small archive, ingested; products, cache and jobs go to a folder of the test's own."""
    settings.VO_ARCHIVE_ROOT = small_archive
    settings.VO_PRODUCT_ROOT = tmp_path / "products"
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    settings.VO_ANALYSIS_PROCESSES = 2
    report = ingest([small_archive])
    assert report.bad == 0
    return small_archive


class Told:
    """What a job told its owner."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.last_progress = (0.0, 0.0)
        self.totals: set[float] = set()

    def progress(self, done: float, total: float, message: str) -> None:
        self.last_progress = (done, total)
        self.totals.add(total)

    def catch_up(self) -> None:
        pass

    def message(self, text: str) -> None:
        self.messages.append(text)


class Finished:
    """A job that has run: its results by name, what it told, and the lines of its log."""

    def __init__(self, context: JobContext[Any], told: Told) -> None:
        self.results = {result.name: result.path for result in context.results}
        self.messages = told.messages
        self.last_progress = told.last_progress
        self.totals = told.totals
        self.log = self.results["log"].read_text().splitlines()

    def steps(self, how: str) -> list[str]:
        """Names of the steps that ended in that way (``done``, ``restored from cache``)."""
        return [line.split()[0] for line in self.log if line.endswith(how)]


@pytest.fixture
def job(archive: Path, tmp_path: Path) -> Callable[..., Finished]:
    """Runs a job of a type with these parameters."""
    numbers = itertools.count()

    types = {job_type.name: job_type for job_type in job_types}

    def run(name: str, owner: Principal = ANONYMOUS, **sent: str | tuple[str, ...]) -> Finished:
        values = {k: (v,) if isinstance(v, str) else v for k, v in sent.items()}
        folder = tmp_path / f"job{next(numbers)}"
        folder.mkdir()
        told = Told()
        parameters = check(types[name].parameters, values)
        context = JobContext(f"secret-{folder.name}", owner, parameters, folder, told)
        types[name].run(context)
        for write in context.at_completion:
            write()
        return Finished(context, told)

    return run


@pytest.fixture
def image(job: Callable[..., Finished]) -> Callable[..., Finished]:
    """Runs an ``isgri_image`` job with these parameters."""
    return partial(job, "isgri_image")


@pytest.fixture
def crab_scws(archive: Path) -> list[str]:
    """The public Science Windows of the Crab, in the order of time."""
    return list(
        ScienceWindow.objects.filter(target_name="Crab")
        .order_by("scw")
        .values_list("scw", flat=True)
    )
