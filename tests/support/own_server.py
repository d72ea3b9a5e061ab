"""A whole server of one's own, to be measured, killed and restarted: nothing else is touched.

A PostgreSQL cluster, a database, a web server, workers, and a folder for all files, below one
temporary folder that is gone afterwards.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts")]

from bootstrap import debian, pgsphere, place  # noqa: E402
from bootstrap.cluster import DATABASE, OWNER, READER, Cluster  # noqa: E402
from bootstrap.environment_file import database_url  # noqa: E402
from bootstrap.place import Place  # noqa: E402

_START_LIMIT_S = 60.0


class OwnServer:
    """A server, stopped and removed at the end of its ``with`` block.

    url: without a slash at the end. database: the owner's address. jobs: the folder of all jobs.
    """

    def __init__(self, web_workers: int = 1, variables: Mapping[str, str] | None = None) -> None:
        """variables: further settings, as environment variables."""
        # The database's account must be able to enter.
        self.folder = Path(tempfile.mkdtemp(prefix="vo-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.jobs = self.folder / "jobs"
        self.log = self.folder / "log"
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        where = Place(
            self.folder / "pg" / "data", self.folder / "pg", place.database_account(), None
        )
        self.cluster = Cluster(where, debian.postgresql_version())
        self.database = database_url(OWNER, DATABASE, where.socket)
        support = Path(__file__).parent
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.database,
            "VO_READER_DATABASE_URL": database_url(READER, DATABASE, where.socket),
            "SITE_URL": self.url,
            "VO_SECRET_KEY": "of a server that lives for minutes",
            "VO_ARCHIVE_ROOT": str(self.folder / "archive"),
            "VO_JOB_ROOT": str(self.jobs),
            "VO_PRODUCT_ROOT": str(self.folder / "products"),
            "VO_CACHE_ROOT": str(self.folder / "cache"),
            "GRANIAN_WORKERS": str(web_workers),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{support}",
            **(variables or {}),
        }
        self._web: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> "OwnServer":
        """Make the cluster and the database; no program of the server runs yet."""
        try:
            place.prepare(self.cluster.place)
            self.cluster.create()
            self.cluster.start()
            roles = ROOT / "scripts" / "bootstrap" / "roles.sql"
            self.cluster.execute(roles.read_text())
            pgsphere.require(self.cluster)
            self.cluster.query(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
            self.manage("migrate", "--verbosity=0")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything and remove it; what the programs said is shown where it went wrong."""
        try:
            for program in (self._web, *self.workers):
                if program is not None and program.poll() is None:
                    program.terminate()
            for program in (self._web, *self.workers):
                if program is not None:
                    program.wait(30)
        finally:
            if error is not None and self.log.exists():
                sys.stderr.write(self.log.read_text(errors="replace")[-20_000:])
            self._remove()

    def manage(self, *words: str) -> None:
        """Run a command of manage.py."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        subprocess.run(command, cwd=ROOT, env=self.environment, check=True)

    def start_web(self) -> None:
        """Start the production web server and wait until it answers."""
        self._web = self._program(
            str(Path(sys.executable).with_name("granian")),
            "--interface=asginl",
            "--host=127.0.0.1",
            f"--port={self.port}",
            "--respawn-failed-workers",
            "--no-ws",
            "--log-level=warning",
            "vo_server.asgi:application",
        )
        until = time.monotonic() + _START_LIMIT_S
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/health/live", timeout=5):  # noqa: S310
                    return
            except OSError:
                if time.monotonic() > until or self._web.poll() is not None:
                    raise
                time.sleep(0.05)

    @property
    def web_group(self) -> int:
        """The process group of the web server."""
        assert self._web is not None
        return self._web.pid

    def kill_web(self) -> None:
        """As the kernel does when memory is short: all of its processes, at once."""
        os.killpg(self.web_group, signal.SIGKILL)
        assert self._web is not None
        self._web.wait()

    def start_worker(self, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start one more worker."""
        worker = self._program(sys.executable, str(ROOT / "manage.py"), "uws_worker", *arguments)
        self.workers.append(worker)
        return worker

    def restart_database(self) -> None:
        """Every connection is cut, then new ones are taken."""
        self.cluster.stop()
        self.cluster.start()

    def _program(self, *command: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _remove(self) -> None:
        self.cluster.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
