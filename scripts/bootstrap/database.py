"""The database that the server uses: of the private cluster, or one that an operator names.

The private cluster is started for whoever needs it and stopped by the last who leaves, so that a
test run beside a running server takes nothing away from it.
"""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bootstrap import debian, pgsphere, place
from bootstrap.clone import Clone
from bootstrap.cluster import DATABASE, OWNER, READER, Cluster
from bootstrap.console import say, stage
from bootstrap.environment_file import database_url, update


def is_external() -> bool:
    """Whether the operator names a PostgreSQL of their own."""
    return bool(os.environ.get("DATABASE_URL"))


def packages() -> tuple[str, ...]:
    """The Debian packages that the database needs: none where the operator brings one."""
    if is_external():
        return ()
    return debian.postgresql_packages(debian.postgresql_version())


def private_cluster(clone: Clone) -> Cluster:
    """The clone's own cluster, whether made already or not."""
    return Cluster(place.choose(clone, place.database_account()), debian.postgresql_version())


@contextmanager
def running(clone: Clone) -> Iterator[None]:
    """Have the database ready while the block runs."""
    if is_external():
        yield
        return
    cluster = private_cluster(clone)
    users = clone.var / "postgresql.users"
    users.parent.mkdir(exist_ok=True)
    with users.open("w") as file:
        # Shared by all who use the cluster; exclusive for the last one, who stops it.
        fcntl.flock(file, fcntl.LOCK_SH)
        try:
            with _alone(clone):
                _ready(clone, cluster)
            yield
        finally:
            # A second Ctrl-C must not leave the server behind.
            before = signal.pthread_sigmask(
                signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
            )
            try:
                if not _is_kept(clone) and _is_last(file):
                    cluster.stop()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, before)


def keep(clone: Clone) -> None:
    """Leave the private cluster running until :func:`release`."""
    _kept(clone).touch()


def release(clone: Clone) -> None:
    """No longer leave the private cluster running; the last user stops it."""
    _kept(clone).unlink(missing_ok=True)


def _ready(clone: Clone, cluster: Cluster) -> None:
    """Make what is missing of the private cluster and start it."""
    if cluster.place.outside is not None:
        say(
            f"The private database lies outside the clone, in {cluster.place.outside} "
            "('make clean' removes it)"
        )
    place.prepare(cluster.place)
    if not cluster.exists:
        with stage("Private PostgreSQL cluster: made anew"):
            cluster.create()
    cluster.start()
    cluster.execute((Path(__file__).parent / "roles.sql").read_text(encoding="utf-8"))
    pgsphere.require(cluster)
    if cluster.query(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'") != "1":
        cluster.query(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    update(
        clone,
        {
            "DATABASE_URL": database_url(OWNER, DATABASE, cluster.place.socket),
            "VO_READER_DATABASE_URL": database_url(READER, DATABASE, cluster.place.socket),
        },
    )


@contextmanager
def _alone(clone: Clone) -> Iterator[None]:
    """Only one at a time makes or starts the cluster."""
    with (clone.var / "postgresql.setup").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _is_last(file: IO[str]) -> bool:
    """Whether nobody else uses the cluster; then nobody can begin to until ``file`` is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kept(clone: Clone) -> Path:
    return clone.var / "postgresql.keep"


def _is_kept(clone: Clone) -> bool:
    return _kept(clone).exists()
