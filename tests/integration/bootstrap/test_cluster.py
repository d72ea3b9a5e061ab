"""The private cluster, made for real: who gets in, what the roles may do, pgSphere."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from bootstrap import database, debian, place
from bootstrap.clone import Clone
from bootstrap.cluster import LARGEST_PROCESS_BYTES, Cluster
from bootstrap.console import SetupError

# With a server of the operator's own there need be no PostgreSQL on this machine.
pytestmark = pytest.mark.skipif(
    not list(Path("/usr/lib/postgresql").glob("*/lib/pg_sphere.so")),
    reason="no PostgreSQL with pgSphere is installed here",
)


@pytest.fixture(scope="module")
def clone() -> Iterator[Clone]:
    """A clone in a folder that the cluster's account may enter."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Clone(Path(name))


@pytest.fixture(scope="module")
def cluster(clone: Clone) -> Iterator[Cluster]:
    """A private cluster that runs, though the operator's variables lead elsewhere."""
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("DATABASE_URL", raising=False)
        with database.running(clone):
            yield database.private_cluster(clone)


def variables(clone: Clone) -> dict[str, str]:
    lines = (clone.var / "environment").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@contextmanager
def connected(url: str) -> "Iterator[psycopg2.extensions.cursor]":
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def test_it_listens_on_no_network(cluster: Cluster) -> None:
    assert cluster.query("SHOW listen_addresses") == ""
    assert cluster.query("SHOW fsync") == "on"


def test_owner_and_reader_get_in_by_the_noted_addresses(cluster: Cluster, clone: Clone) -> None:
    for name, role in (("DATABASE_URL", "vo_owner"), ("VO_READER_DATABASE_URL", "vo_reader")):
        with connected(variables(clone)[name]) as cursor:
            cursor.execute("SELECT current_user, current_setting('search_path')")
            assert cursor.fetchone() == (role, "public, pgsphere")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
def test_nobody_else_on_the_machine_gets_in(cluster: Cluster) -> None:
    psql = [str(cluster.binaries / "psql"), f"--host={cluster.place.socket}", "--command=SELECT 1"]
    stranger = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    words = [*psql, "--username=vo_owner", "--dbname=vo_server"]
    closed = subprocess.run(words, capture_output=True, text=True, check=False, **stranger)
    assert "Permission denied" in closed.stderr
    # Even with its folder open, the system's word on who asks keeps strangers out.
    cluster.place.socket.chmod(0o711)
    try:
        refused = subprocess.run(words, capture_output=True, text=True, check=False, **stranger)
    finally:
        cluster.place.socket.chmod(0o700)
    assert "Peer authentication failed" in refused.stderr


def test_every_new_database_has_pgsphere(cluster: Cluster, clone: Clone) -> None:
    with connected(variables(clone)["DATABASE_URL"]) as cursor:
        cursor.execute("CREATE DATABASE another")
    inside = "SELECT spoint '(10d, 5d)' @ scircle '<(10d, 5d), 1d>'"
    search_path = "SET search_path = public, pgsphere;"
    assert cluster.query(search_path + inside, "another") == "t"


def test_the_readers_rights_end_at_temporary_tables(cluster: Cluster, clone: Clone) -> None:
    with connected(variables(clone)["VO_READER_DATABASE_URL"]) as cursor:
        cursor.execute("CREATE TEMPORARY TABLE upload (a int)")
        for forbidden in (
            "CREATE TABLE public.a (a int)",
            "CREATE SCHEMA a",
            "SET temp_file_limit = -1",
            "SET ROLE vo_owner",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                cursor.execute(forbidden)
        cursor.execute("SHOW temp_file_limit")
        assert cursor.fetchone() == ("8GB",)


def test_a_second_user_keeps_it_running_and_the_last_one_stops_it(
    cluster: Cluster, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    started = cluster.query("SELECT pg_postmaster_start_time()")
    with database.running(clone):
        pass
    assert cluster.query("SELECT pg_postmaster_start_time()") == started


def test_an_upgrade_under_the_running_server_starts_it_anew(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = cluster.query("SELECT pg_postmaster_start_time()")
    cluster.start()
    assert cluster.query("SELECT pg_postmaster_start_time()") == before
    # As after an upgrade: the running server tells another version than the programs on disk.
    with monkeypatch.context() as patched:
        patched.setattr(Cluster, "query", lambda *_: "15.1 (Debian 15.1-1)")
        cluster.start()
    assert cluster.query("SELECT pg_postmaster_start_time()") != before


def test_data_of_another_major_version_are_not_touched(clone: Clone, cluster: Cluster) -> None:
    other = place.Place(clone.root / "other", clone.root, cluster.place.account, None)
    other.data.mkdir()
    (other.data / "PG_VERSION").write_text("9\n", encoding="ascii")
    with pytest.raises(SetupError, match="was made by PostgreSQL 9"):
        Cluster(other, cluster.version).start()


def test_a_failing_statement_says_what_postgresql_said(cluster: Cluster) -> None:
    with pytest.raises(SetupError, match='relation "nothing" does not exist'):
        cluster.query("SELECT * FROM nothing")


def test_the_newest_postgresql_with_pgsphere_is_used() -> None:
    assert debian.postgresql_version().isdecimal()


def test_every_process_of_the_server_has_a_limit_of_memory(cluster: Cluster, clone: Clone) -> None:
    with connected(variables(clone)["VO_READER_DATABASE_URL"]) as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone() or (0,)
        limits = Path(f"/proc/{backend}/limits").read_text(encoding="utf-8").splitlines()
    (limit,) = (line for line in limits if line.startswith("Max address space"))
    assert int(limit.split()[3]) == LARGEST_PROCESS_BYTES
