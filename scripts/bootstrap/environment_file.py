"""``var/environment``: what set-up found out, for every ``manage.py`` command in this clone.

An operator's own lines in it are kept; variables of the process environment go before the file.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from bootstrap.clone import Clone

HEADING = "# Kept up to date by set-up; other lines are left alone."


def update(clone: Clone, values: Mapping[str, str]) -> None:
    """Set these variables in the file, in one step, and keep all its other lines."""
    path = clone.var / "environment"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else [HEADING]
    kept = [line for line in lines if line.partition("=")[0].strip() not in values]
    wanted = [*kept, *(f"{name}={value}" for name, value in values.items())]
    if sorted(wanted) == sorted(lines):
        return
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text("\n".join(wanted) + "\n", encoding="utf-8")
    partial.replace(path)


def database_url(role: str, database: str, socket_folder: Path) -> str:
    """Address of a database on a unix socket, in libpq's URI form."""
    return f"postgresql://{role}@/{database}?host={quote(str(socket_folder))}"
