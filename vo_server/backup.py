"""Backup and restore: the database and the files that it speaks of, together.

The database is dumped first and the files are copied afterwards. A file is written before the row
that names it and never changed, so that every file that the dump names is in the backup; files that
came in between are merely left over. The analysis' cache is left out, since it can be made again.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

DUMP = "database.dump"
NOTE = "backup.json"


class BackupError(Exception):
    """A backup that can't be made or restored; the message says why."""


def back_up(target: Path, *, archive: bool, say: Callable[[str], None] = print) -> None:
    """Write a backup into ``target``, a folder that must be empty or not exist yet.

    archive: with the INTEGRAL archive's files; not needed where they can be had again.
    """
    if target.exists() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty; give each backup a folder of its own.")
    target.mkdir(parents=True, exist_ok=True)
    # Users' data: for the operator's eyes.
    target.chmod(0o700)
    say("database")
    # pgSphere belongs to the cluster, not to the data; where it is restored, set-up has put it.
    _postgresql(
        "pg_dump",
        "--format=custom",
        "--exclude-schema=pgsphere",
        "--extension=plpgsql",
        f"--file={target / DUMP}",
    )
    roots = {name: root for name, root in _roots().items() if archive or name != "archive"}
    for name, root in roots.items():
        say(f"{name}: {_copy(root, target / name)} files")
    note = {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": settings.VO_VERSION,
        "folders": list(roots),
    }
    # Written last: a backup without it was not finished.
    (target / NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")


def restore(source: Path, *, say: Callable[[str], None] = print) -> None:
    """Bring a backup into an empty database and into the folders of the settings.

    Files that are there already stay as they are. ``manage.py migrate`` has to follow.
    """
    try:
        note = json.loads((source / NOTE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BackupError(f"{source} holds no finished backup (no {NOTE}).") from None
    if tables := _number_of_tables():
        raise BackupError(
            f"The database is not empty ({tables} tables). Restore into a new one: "
            "nothing here overwrites data."
        )
    say("database")
    _postgresql(
        "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction", str(source / DUMP)
    )
    # A dump has no statistics; without them PostgreSQL would plan badly until it gathers some.
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for name in note["folders"]:
        say(f"{name}: {_copy(source / name, _roots()[name])} files")


def _number_of_tables() -> int:
    """How many tables there are, but for those that came with PostgreSQL and pgSphere."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_tables "
            "WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'pgsphere')"
        )
        (number,) = cursor.fetchone()
    return int(number)


def _roots() -> dict[str, Path]:
    """Folders of the files that the database speaks of."""
    return {
        "archive": settings.VO_ARCHIVE_ROOT,
        "products": settings.VO_PRODUCT_ROOT,
        "jobs": settings.VO_JOB_ROOT,
    }


def _copy(source: Path, target: Path) -> int:
    """Copy the files that ``target`` does not have yet; how many there were to copy."""
    copied = 0
    target.mkdir(parents=True, exist_ok=True)
    for path in _files(source):
        copy = target / path.relative_to(source)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            partial = copy.with_name(copy.name + ".partial")
            shutil.copy2(path, partial)
            partial.replace(copy)
            copied += 1
    return copied


def _files(folder: Path) -> Iterator[Path]:
    """Every file below; jobs may come and go meanwhile."""
    for parent, _, names in os.walk(folder):
        for name in sorted(names):
            path = Path(parent, name)
            if path.exists():
                yield path


def _postgresql(tool: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs on Django's database; the password stays off its words."""
    known = connection.get_connection_params()
    names = {"dbname": "PGDATABASE", "user": "PGUSER", "host": "PGHOST", "port": "PGPORT"}
    names["password"] = "PGPASSWORD"  # noqa: S105 - a name
    environment = {names[key]: str(known[key]) for key in names if known.get(key)}
    words = [_program(tool), "--no-password", *arguments]
    if tool == "pg_restore":
        words.insert(1, f"--dbname={known['dbname']}")
    ran = subprocess.run(  # noqa: S603 - the words are written here
        words,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode:
        raise BackupError(f"{tool} failed:\n{ran.stderr.strip()}")


def _program(tool: str) -> str:
    """The program of the server's own major version, else a newer one on the path."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (number,) = cursor.fetchone()
    version = int(number) // 10_000
    own = Path(f"/usr/lib/postgresql/{version}/bin/{tool}")
    if own.exists():
        return str(own)
    if other := shutil.which(tool):
        told = subprocess.run([other, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
        if (found := re.search(r"(\d+)", told.stdout)) and int(found.group(1)) >= version:
            return other
    raise BackupError(
        f"The server is PostgreSQL {version}, and there is no {tool} of that version here: "
        f"apt-get install postgresql-client-{version}"
    )
