"""The server as it runs in production, on the test database, for tests that are clients."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.test.utils import setup_databases, teardown_databases
from giving_back import is_test_database

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Acceptance tests come last: their worker would take other tests' jobs from the queue."""
    items.sort(key=lambda item: Path(__file__).parent in item.path.parents)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _test_database(url: str) -> str:
    """The same server and role, on the database that the tests use."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{connection.settings_dict['NAME']}"))


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own address
                return
        except OSError as error:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start: {error}") from error
            time.sleep(0.1)


class LiveServer:
    """A web server and a worker, processes of their own.

    url: its address, without a slash at the end. folder: all files that it has and makes, the
    archive in ``archive_root``. worker: the process that runs jobs.
    """

    def __init__(self, folder: Path) -> None:
        """Start nothing yet."""
        self.url = f"http://127.0.0.1:{_free_port()}"
        self.folder = folder
        self.archive_root = folder / "archive"
        self.log = folder / "log"
        self.environment = {
            **os.environ,
            "DATABASE_URL": _test_database(settings.CONFIGURATION.database_url),
            "VO_READER_DATABASE_URL": _test_database(settings.VO_READER_DATABASE_URL),
            "SITE_URL": self.url,
            "VO_ARCHIVE_ROOT": str(self.archive_root),
            "VO_JOB_ROOT": str(folder / "jobs"),
            "VO_PRODUCT_ROOT": str(folder / "products"),
            "VO_CACHE_ROOT": str(folder / "cache"),
            "PYTHONWARNINGS": "default",
        }
        self._web: subprocess.Popen[bytes] | None = None
        self.worker: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start both and wait until the web server answers."""
        self._web = self._process(
            str(Path(sys.executable).parent / "granian"),
            "--interface=asginl",
            "--host=127.0.0.1",
            f"--port={urlsplit(self.url).port}",
            "--workers-kill-timeout=5",
            "--no-ws",
            "--log-level=warning",
            "vo_server.asgi:application",
        )
        self.start_worker()
        _wait_for(f"{self.url}/health/live", self._web)

    def start_worker(self) -> None:
        """Start a worker, the first or one that follows another."""
        self.worker = self._process(sys.executable, "manage.py", "uws_worker")

    def begin_anew(self) -> None:
        """Let another worker take over, with an empty cache, after a flush of the database.

        One whose row is gone can't take jobs. What earlier steps left would be restored, with
        histories that differ from those of steps that run.
        """
        if self.worker is not None:
            self.worker.terminate()
            self.worker.wait(20)
        shutil.rmtree(self.environment["VO_CACHE_ROOT"], ignore_errors=True)
        self.start_worker()

    def stop(self) -> None:
        """Stop what runs, as an operator does."""
        programs = [program for program in (self._web, self.worker) if program is not None]
        for program in programs:
            program.terminate()
        for program in programs:
            program.wait(20)

    def _process(self, *command: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)


@pytest.fixture(scope="session")
def live_database(
    django_db_setup: None, django_db_blocker: "pytest.FixtureRequest"
) -> Iterator[None]:
    """A database for tests, also where no test that runs has the mark ``django_db``.

    Without such a test pytest-django makes none, and leaves the connection to the real one.
    """
    if is_test_database():
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"})
    if not is_test_database():
        raise RuntimeError("there is no database for tests")
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def live_server_process(
    live_database: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """A running server, for tests that look at its processes and folders."""
    server = LiveServer(tmp_path_factory.mktemp("server"))
    try:
        server.start()
        yield server
    finally:
        server.stop()
        print(server.log.read_text(errors="replace"), file=sys.stderr)


@pytest.fixture(scope="session")
def live_server_url(live_server_process: LiveServer) -> str:
    """Address of a running web server and worker, without a slash at the end.

    They are processes of their own: what a test writes must be committed, as `observations` and
    `serving` do. A test without the mark ``django_db`` leaves the worker its row in the database.
    """
    return live_server_process.url


@pytest.fixture(scope="session")
def serving(
    live_server_process: LiveServer, django_db_blocker: "pytest.FixtureRequest"
) -> Callable[[Path], AbstractContextManager[LiveServer]]:
    """``with serving(tree) as server``: the running server, holding that archive while it lasts.

    The tree is ingested by the command, and what is published has the server's own addresses. For
    tests without the mark ``django_db``, whose end would empty the database.
    """
    from vo_server import composition

    def publish() -> None:
        composition.published.declare(composition.published_schemas())
        composition.publication.publish(
            composition.published.catalogue(), composition.reader_role()
        )

    @contextmanager
    def hold(tree: Path) -> Iterator[LiveServer]:
        server = live_server_process
        with django_db_blocker.unblock():
            try:
                with override_settings(SITE_URL=server.url, VO_ARCHIVE_ROOT=server.archive_root):
                    publish()
                    call_command("ingest", str(tree), verbosity=0)
                connection.close()
                yield server
            finally:
                composition.published.declare(composition.published_schemas())
                call_command("flush", interactive=False, verbosity=0)  # and publishes again
                connection.close()
                shutil.rmtree(server.archive_root, ignore_errors=True)
                server.begin_anew()

    return hold


@pytest.fixture
def observations(
    live_server_url: str, django_db_blocker: "pytest.FixtureRequest"
) -> Iterator[None]:
    """A few rows in ``ivoa.obscore`` without files, seen by the server, gone after the test."""
    import sample_observations

    with django_db_blocker.unblock():
        sample_observations.enter()
        yield
        sample_observations.remove()
        connection.close()


@pytest.fixture(scope="session")
def simulated_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six Science Windows of the Crab and two of an embargoed observation, not ingested yet."""
    from fixtures.plan import SMALL_PLAN
    from fixtures.simulate import simulate_archive

    root = tmp_path_factory.mktemp("simulated")
    simulate_archive(root, plan=SMALL_PLAN, processes=1)
    return root
