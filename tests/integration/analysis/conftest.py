"""An ingested archive, jobs run as by the worker's child process, and graphs of tiny steps."""

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db.transaction import atomic, set_rollback
from django.test import override_settings
from graph_running import Runner
from pytest_django import DjangoDbBlocker
from tiny_engine import TinyGraph

from analysis.executors import LocalExecutor
from analysis.jobs import REPRODUCE, job_types
from analysis.workflows.reproduce_parameters import ReproduceParameters
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


@pytest.fixture(scope="module")
def ingested(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, small_archive: Path
) -> Iterator[Path]:
    """The small archive in the database, ingested once for all tests of a module.

    Each of them has a savepoint in this transaction, and gives back to it what it has changed.
    """
    transaction = atomic()
    with django_db_blocker.unblock(), override_settings(VO_ARCHIVE_ROOT=small_archive):
        transaction.__enter__()
        assert ingest([small_archive]).bad == 0
    yield small_archive
    with django_db_blocker.unblock():
        set_rollback(True)
        transaction.__exit__(None, None, None)


@pytest.fixture
def archive(ingested: Path, db: None, settings, tmp_path: Path) -> Path:
    """The small archive, ingested; products, cache and jobs go to a folder of the test's own."""
    settings.VO_ARCHIVE_ROOT = ingested
    settings.VO_PRODUCT_ROOT = tmp_path / "products"
    settings.VO_CACHE_ROOT = tmp_path / "cache"
    settings.VO_ANALYSIS_PROCESSES = 2
    return ingested


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


def _runs(folder: Path) -> Callable[..., Finished]:
    """Runs a job of a type with these parameters; its own folder is made in this one."""
    numbers = itertools.count()

    types = {job_type.name: job_type for job_type in job_types}

    def run(name: str, owner: Principal = ANONYMOUS, **sent: str | tuple[str, ...]) -> Finished:
        values = {k: (v,) if isinstance(v, str) else v for k, v in sent.items()}
        own = folder / f"job{next(numbers)}"
        own.mkdir()
        told = Told()
        parameters = check(types[name].parameters, values)
        context = JobContext(f"secret-{own.name}", owner, parameters, own, told)
        types[name].run(context)
        for write in context.at_completion:
            write()
        return Finished(context, told)

    return run


@pytest.fixture
def job(archive: Path, tmp_path: Path) -> Callable[..., Finished]:
    """Runs a job of a type with these parameters."""
    return _runs(tmp_path)


class ImageForAll:
    """Makes an image of so many Science Windows of the Crab, for all tests of a module."""

    def __init__(self, archive: Path, folder: Path, blocker: DjangoDbBlocker) -> None:
        self._stores = {name: folder / name for name in ("products", "cache")}
        self._folder = folder
        self._archive = archive
        self._blocker = blocker

    def __call__(self, windows: int) -> Finished:
        own = override_settings(
            VO_ARCHIVE_ROOT=self._archive,
            VO_PRODUCT_ROOT=self._stores["products"],
            VO_CACHE_ROOT=self._stores["cache"],
            VO_ANALYSIS_PROCESSES=2,
        )
        with self._blocker.unblock(), own:
            return _runs(self._folder)("isgri_image", scw_list=tuple(_crab_scws()[:windows]))

    def copy_stores(self, folder: Path) -> None:
        """What it has published and cached, where a test that has `archive` looks for it."""
        for name, store in self._stores.items():
            shutil.copytree(store, folder / name)


@pytest.fixture(scope="module")
def image_for_all(
    ingested: Path, django_db_blocker: DjangoDbBlocker, tmp_path_factory: pytest.TempPathFactory
) -> ImageForAll:
    """An image that a module's tests read, with what is published of it.

    Each of them has to ask for `archive` as well.
    """
    return ImageForAll(ingested, tmp_path_factory.mktemp("image"), django_db_blocker)


@pytest.fixture
def image(job: Callable[..., Finished]) -> Callable[..., Finished]:
    """Runs an ``isgri_image`` job with these parameters."""
    return partial(job, "isgri_image")


@pytest.fixture
def reproduce(archive: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Runs a ``reproduce`` job; its comparison, with the results' names under ``results``."""
    numbers = itertools.count()

    def run(identifier: str, owner: Principal = ANONYMOUS, **sent: str) -> dict[str, Any]:
        folder = tmp_path / f"again{next(numbers)}"
        folder.mkdir()
        parameters = check(
            ReproduceParameters, {"ID": (identifier,), **{k: (v,) for k, v in sent.items()}}
        )
        context = JobContext("job", owner, parameters, folder)
        REPRODUCE.run(context)
        for write in context.at_completion:
            write()
        results = {result.name: result.path for result in context.results}
        comparison: dict[str, Any] = json.loads(results["comparison"].read_text())
        return {**comparison, "results": results}

    return run


@pytest.fixture
def crab_scws(archive: Path) -> list[str]:
    """The public Science Windows of the Crab, in the order of time."""
    return _crab_scws()


def _crab_scws() -> list[str]:
    found = ScienceWindow.objects.filter(target_name="Crab").order_by("scw")
    return list(found.values_list("scw", flat=True))
