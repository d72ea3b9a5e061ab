"""The server as it runs in production, on the test database, for tests that are clients."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
START_LIMIT_S = 60


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


@pytest.fixture(scope="session")
def live_server_url(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of a running web server and worker, without a slash at the end.

    They are processes of their own: what a test writes must be committed
    (``@pytest.mark.django_db(transaction=True)``), and is gone after the test.
    """
    folder = tmp_path_factory.mktemp("server")
    address = f"http://127.0.0.1:{_free_port()}"
    environment = {
        **os.environ,
        "DATABASE_URL": _test_database(settings.CONFIGURATION.database_url),
        "VO_READER_DATABASE_URL": _test_database(settings.VO_READER_DATABASE_URL),
        "SITE_URL": address,
        "VO_JOB_ROOT": str(folder / "jobs"),
        "VO_PRODUCT_ROOT": str(folder / "products"),
        "VO_CACHE_ROOT": str(folder / "cache"),
        "PYTHONWARNINGS": "default",
    }
    log_path = folder / "log"
    granian = [
        str(Path(sys.executable).parent / "granian"),
        "--interface=asginl",
        "--host=127.0.0.1",
        f"--port={urlsplit(address).port}",
        "--workers-kill-timeout=5",
        "--no-ws",
        "--log-level=warning",
        "vo_server.asgi:application",
    ]
    with log_path.open("wb") as log:
        programs = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
            for command in (granian, [sys.executable, "manage.py", "uws_worker"])
        ]
        try:
            _wait_for(f"{address}/health/live", programs[0])
            yield address
        finally:
            for program in programs:
                program.terminate()
            for program in programs:
                program.wait(20)
            print(log_path.read_text(errors="replace"), file=sys.stderr)
