"""Backup and restore: the same rows in another database, the same files in other folders."""

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.conf import settings

Manage = Callable[..., "subprocess.CompletedProcess[str]"]
NewDatabase = Callable[[], str]


def variables(url: str, folder: Path) -> Mapping[str, str]:
    """A server's environment: its database and its folders."""
    name = urlsplit(url).path
    reader = urlsplit(settings.CONFIGURATION.vo_reader_database_url)._replace(path=name)
    roots = {"ARCHIVE": "archive", "PRODUCT": "products", "JOB": "jobs", "CACHE": "cache"}
    return {
        "DATABASE_URL": url,
        "VO_READER_DATABASE_URL": urlunsplit(reader),
        **{f"VO_{root}_ROOT": str(folder / name) for root, name in roots.items()},
    }


def rows(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text, but TAP_SCHEMA's, which every migrate writes anew."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables "
                "WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pgsphere') "
                "AND NOT starts_with(tablename, 'tap_')"
            )
            # TAP_SCHEMA is written anew, with new row numbers, whenever tables are published.
            tables = [name for (name,) in cursor.fetchall() if not name.startswith("public.tap_")]
            found = {}
            for table in tables:
                cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
                found[table] = [row for (row,) in cursor.fetchall()]
        return found
    finally:
        connection.close()


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's folder, with some files."""
    made = tmp_path_factory.mktemp("server")
    for name in ("archive/scw/0665/events.fits", "products/ab/mosaic.fits", "jobs/1/log"):
        path = made / name
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode() * 1000)
    return made


@pytest.fixture(scope="module")
def server(folder: Path, manage: Manage, new_database: NewDatabase) -> Mapping[str, str]:
    """The environment of a server with a user and the files."""
    environment = variables(new_database(), folder)
    assert manage("migrate", "-v0", variables=environment).returncode == 0
    user = {"DJANGO_SUPERUSER_PASSWORD": "a long and plain one", **environment}
    words = ("createsuperuser", "--no-input", "--username=kepler", "--email=k@example.org")
    assert manage(*words, variables=user).returncode == 0
    return environment


def test_a_restored_server_has_the_same_rows_and_files(
    server: Mapping[str, str],
    folder: Path,
    tmp_path: Path,
    manage: Manage,
    new_database: NewDatabase,
) -> None:
    made = manage("backup", tmp_path / "backup", variables=server)
    assert made.returncode == 0, made.stderr
    other = variables(new_database(), tmp_path / "other")
    restored = manage("restore", tmp_path / "backup", variables=other)
    assert restored.returncode == 0, restored.stderr
    before = rows(server["DATABASE_URL"])
    assert before == rows(other["DATABASE_URL"])
    assert any("kepler" in row for row in before["public.vo_auth_user"])
    assert files(tmp_path / "other") == files(folder)
    # ... PostgreSQL knows how many of what there are, for its plans,
    with psycopg2.connect(other["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'vo_auth_user'")
        assert cursor.fetchone() != (0,)
    connection.close()
    # ... and it is up to date: nothing is left to migrate.
    assert manage("migrate", "--check", variables=other).returncode == 0


def test_a_backup_is_for_the_operators_eyes(
    server: Mapping[str, str], tmp_path: Path, manage: Manage
) -> None:
    assert manage("backup", tmp_path / "backup", variables=server).returncode == 0
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0


def test_the_archive_can_be_left_out(
    server: Mapping[str, str], tmp_path: Path, manage: Manage
) -> None:
    words = ("backup", tmp_path / "backup", "--without-archive")
    assert manage(*words, variables=server).returncode == 0
    assert not (tmp_path / "backup" / "archive").exists()
    assert (tmp_path / "backup" / "products").exists()


def test_nothing_is_restored_over_data(
    server: Mapping[str, str], tmp_path: Path, manage: Manage
) -> None:
    assert manage("backup", tmp_path / "backup", variables=server).returncode == 0
    before = rows(server["DATABASE_URL"])
    refused = manage("restore", tmp_path / "backup", variables=server)
    assert refused.returncode != 0
    assert "not empty" in refused.stderr
    assert rows(server["DATABASE_URL"]) == before


def test_an_unfinished_backup_is_refused(
    server: Mapping[str, str], tmp_path: Path, manage: Manage
) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "database.dump").touch()
    refused = manage("restore", tmp_path / "backup", variables=server)
    assert refused.returncode != 0
    assert "no finished backup" in refused.stderr


def test_a_backup_never_goes_into_a_folder_with_something_in_it(
    server: Mapping[str, str], tmp_path: Path, manage: Manage
) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "thesis.tex").touch()
    refused = manage("backup", tmp_path / "backup", variables=server)
    assert refused.returncode != 0
    assert "not empty" in refused.stderr
