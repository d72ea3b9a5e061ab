"""From a bare machine to a project whose commands run: the steps that every command shares."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bootstrap import database, debian, environment
from bootstrap.clone import Clone
from bootstrap.console import SetupError


@contextmanager
def prepared(clone: Clone, *, development: bool) -> Iterator[None]:
    """Packages, environment and a running database, for as long as the block lasts.

    development: with what the test suite and the checks need.
    """
    tests = debian.TEST_PACKAGES if development else ()
    debian.require(
        (*debian.PYTHON_PACKAGES, *debian.DRAWING_PACKAGES, *database.packages(), *tests)
    )
    environment.require(clone, development=development)
    with database.running(clone):
        if database.is_external():
            manage(clone, "check_database")
        yield


def manage(clone: Clone, *words: str, variables: Mapping[str, str] | None = None) -> None:
    """Run a command of manage.py; raises SetupError where it fails (it has said why)."""
    command = [str(clone.python), str(clone.root / "manage.py"), *words]
    ran = subprocess.run(
        command,
        cwd=clone.root,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if ran.returncode:
        raise SetupError(f"'manage.py {' '.join(words)}' failed; what it said stands above.")
