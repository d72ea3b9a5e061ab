"""Databases of their own for tests that run commands of manage.py as processes."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg2
import pytest
from django.conf import settings

from vo_server.configuration import PROJECT_ROOT


@pytest.fixture(scope="module")
def new_database() -> Iterator[Callable[[], str]]:
    """Makes empty databases and gives their addresses; they are gone after the module.

    Few are made: PostgreSQL writes everything to disk when one is dropped.
    """
    url = settings.CONFIGURATION.database_url
    made: list[str] = []

    def make() -> str:
        name = f"test_{uuid4().hex}"
        _execute(url, f"CREATE DATABASE {name}")
        made.append(name)
        return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))

    yield make
    for name in made:
        _execute(url, f"DROP DATABASE {name} WITH (FORCE)")


def _execute(url: str, statement: str) -> None:
    connection = psycopg2.connect(url)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
    finally:
        connection.close()


@pytest.fixture(scope="module")
def manage() -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Runs a command of manage.py with these variables of the environment."""

    def run(*words: str | Path, variables: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=PROJECT_ROOT,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
