"""What tests of several rooms share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from giving_back import GivingBack, is_test_database
from psycopg2 import sql
from pytest_django import DjangoDbBlocker

from fixtures.plan import SMALL_PLAN
from fixtures.simulate import simulate_archive


@pytest.fixture(scope="session")
def small_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated archive of 6 public Science Windows of the Crab and 2 that are embargoed.

    Made once; nothing may write into it.
    """
    root = tmp_path_factory.mktemp("small_archive")
    simulate_archive(root, plan=SMALL_PLAN, processes=2)
    return root


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Tests that run beside others, as in ``make test``, have a database with a name of its own."""
    if suffix := os.environ.get("VO_TEST_DATABASE_SUFFIX"):
        database = settings.DATABASES["default"]
        database["TEST"] = {
            **database.get("TEST", {}),
            "NAME": f"test_{database['NAME']}_{suffix}",
        }


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The test database, which must have no other visitors when it is dropped.

    Nor does PostgreSQL look at its tables by itself: it would find those empty whose rows each
    test takes back, and plan all later queries as for empty tables, whenever it happened to look.
    Where no test that runs has the mark ``django_db``, pytest-django makes none: nothing is done.
    """
    from tap.reader import warm_connections

    if is_test_database():
        with django_db_blocker.unblock():
            _leave_unanalysed()
            GivingBack().install()
    yield
    warm_connections().close()


def _leave_unanalysed() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (name,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = false)").format(
                    sql.Identifier(name)
                )
            )
