"""The private PostgreSQL cluster: made, started, stopped; on a unix socket, never on TCP.

Who may connect is decided by the system's own word on who is at the other end of the socket (peer
authentication): the user who set up, and nobody else on the machine.
"""

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bootstrap.console import SetupError, say
from bootstrap.place import Place, current_account

SUPERUSER = "postgres"
OWNER = "vo_owner"
READER = "vo_reader"
DATABASE = "vo_server"

#: Address space of each of the server's processes. A query that wants more fails by itself; without
#: a limit the kernel would kill a process for it, and PostgreSQL then ends everybody's.
LARGEST_PROCESS_BYTES = 6 * 1024**3

_CONFIGURATION = """
# Written by set-up when the cluster was made.
listen_addresses = ''
unix_socket_permissions = 0777  # the folder is closed to others, and peer authentication decides
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
random_page_cost = 1.1
jit = off                       # compiling costs short queries more than it gives
log_destination = 'stderr'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_size = 0
log_line_prefix = '%m [%p] %u@%d '
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster at its place, run by PostgreSQL of one major version."""

    place: Place
    version: str

    @property
    def binaries(self) -> Path:
        """Folder of the server's programs."""
        return Path("/usr/lib/postgresql") / self.version / "bin"

    @property
    def exists(self) -> bool:
        """Whether it has been made."""
        return (self.place.data / "PG_VERSION").exists()

    def create(self) -> None:
        """Make the cluster; whole or not at all."""
        partial = self.place.data.with_name("data.partial")
        self._as_account(["rm", "-rf", str(partial)])
        self._as_account(
            [
                str(self.binaries / "initdb"),
                f"--pgdata={partial}",
                f"--username={SUPERUSER}",
                "--auth=peer",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--data-checksums",
                "--no-instructions",
            ]
        )
        self._append(partial / "postgresql.conf", _CONFIGURATION)
        self._append(partial / "pg_hba.conf", "local all all peer map=clone\n", replace=True)
        self._append(partial / "pg_ident.conf", self._identities())
        self._as_account(["mv", str(partial), str(self.place.data)])

    def _identities(self) -> str:
        """Which system user may be which role: whoever set up may be any of them."""
        people = dict.fromkeys([current_account().name, self.place.account.name])
        roles = (SUPERUSER, OWNER, READER)
        return "".join(f"clone {person} {role}\n" for person in people for role in roles)

    def is_running(self) -> bool:
        """Whether its server runs."""
        status = [str(self.binaries / "pg_ctl"), "status", f"--pgdata={self.place.data}"]
        return self.exists and self._as_account(status, check=False).returncode == 0

    def start(self) -> None:
        """Start the server, or start it anew where its programs were upgraded under it."""
        if self.is_running():
            if not self._outdated():
                return
            say("PostgreSQL was upgraded under the running database: starting it anew")
            self.stop()
        self._check_version()
        first_words = self.place.data.parent / "start.log"
        self._as_account(
            [
                "prlimit",
                f"--as={LARGEST_PROCESS_BYTES}",
                str(self.binaries / "pg_ctl"),
                "start",
                "--silent",
                "--wait",
                "--timeout=120",
                f"--pgdata={self.place.data}",
                f"--log={first_words}",
                f"--options=-k {shlex.quote(str(self.place.socket))}",
            ]
        )

    def stop(self) -> None:
        """Stop the server; running queries are ended, nothing is lost."""
        if self.is_running():
            self._as_account(
                [
                    str(self.binaries / "pg_ctl"),
                    "stop",
                    "--silent",
                    "--wait",
                    "--timeout=120",
                    "--mode=fast",
                    f"--pgdata={self.place.data}",
                ]
            )

    def _outdated(self) -> bool:
        """Whether the running server is another version than the programs on disk."""
        on_disk = self._as_account([str(self.binaries / "postgres"), "--version"]).stdout
        try:
            running = self.query("SHOW server_version")
        except SetupError:
            # A server whose programs have gone may not even answer any more.
            return True
        return not on_disk.strip().endswith(running)

    def _check_version(self) -> None:
        made_by = (self.place.data / "PG_VERSION").read_text(encoding="ascii").strip()
        if made_by != self.version:
            raise SetupError(
                f"The database in {self.place.data} was made by PostgreSQL {made_by}, and "
                f"version {self.version} is installed. Install postgresql-{made_by} and "
                f"postgresql-{made_by}-pgsphere, then follow 'Upgrade' in docs/operations.md."
            )

    def query(self, statement: str, database: str = "postgres") -> str:
        """Answer of one statement as the superuser, unaligned text."""
        return self._psql(database, ["--command", statement]).strip()

    def execute(self, script: str, database: str = "postgres") -> None:
        """Run a script as the superuser in one transaction."""
        self._psql(database, ["--single-transaction", "--file=-"], script)

    def _psql(self, database: str, options: Sequence[str], script: str | None = None) -> str:
        command = [
            str(self.binaries / "psql"),
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--set=ON_ERROR_STOP=1",
            f"--host={self.place.socket}",
            f"--username={SUPERUSER}",
            f"--dbname={database}",
            *options,
        ]
        return self._as_account(command, script).stdout

    def _append(self, path: Path, text: str, *, replace: bool = False) -> None:
        with path.open("w" if replace else "a", encoding="utf-8") as file:
            file.write(text)

    def _as_account(
        self, command: Sequence[str], text: str | None = None, *, check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command as the cluster's account; raises SetupError with what it said."""
        account = self.place.account
        change = os.geteuid() == 0
        ran = subprocess.run(
            command,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            cwd="/",
            env={**_plain_environment(), "PGCLIENTENCODING": "UTF8"},
            user=account.uid if change else None,
            group=account.gid if change else None,
            extra_groups=[] if change else None,
            check=False,
        )
        if check and ran.returncode:
            raise SetupError(f"{command[0]} failed:\n\n{ran.stdout[-2000:]}{ran.stderr[-4000:]}")
        return ran


def _plain_environment() -> dict[str, str]:
    """The environment without libpq's own settings, which would lead psql elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
