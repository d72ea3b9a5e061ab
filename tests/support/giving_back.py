"""Giving back what a test has committed, in a tenth of the time of Django's ``flush``.

``flush`` truncates all tables and then makes anew what belongs there: rights, descriptions, TAP's
schema and the published views. Most tests touch few tables and none of these. So the tables with
rows are truncated alone, as long as the rest is as the last ``flush`` left it; where it isn't,
``flush`` is called.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase
from psycopg2 import sql

#: What ``flush`` makes anew besides rows: views with their marks, and who may read which relation.
_PUBLISHED = """
SELECT concat_ws(' ', 'relation', c.oid, relname, relacl, obj_description(c.oid, 'pg_class'))
FROM pg_class AS c WHERE relnamespace IN (SELECT oid FROM own)
UNION ALL
SELECT concat_ws(' ', 'schema', oid, nspname, nspacl, obj_description(oid, 'pg_namespace')) FROM own
"""
_STATE = """
WITH own AS (
    SELECT * FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
)
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM ({lines}) AS found (line)
"""
_REFERENCES = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'public'::regnamespace
"""


def is_test_database() -> bool:
    """Whether Django's connection is to a database made for tests, not to the one in use."""
    in_use = urlsplit(settings.CONFIGURATION.database_url).path.lstrip("/")
    return bool(connection.settings_dict["NAME"] != in_use)


class GivingBack:
    """The tables of the test database, and what stands in them when no test runs."""

    def __init__(self) -> None:
        """Begin with a ``flush``; raises RuntimeError on a database that isn't made for tests."""
        if not is_test_database():
            raise RuntimeError("this database isn't made for tests")
        self._tables = connection.introspection.django_table_names(
            only_existing=True, include_views=False
        )
        with connection.cursor() as cursor:
            cursor.execute(_REFERENCES)
            self._references = [(a.strip('"'), b.strip('"')) for a, b in cursor.fetchall()]
        self._flush()

    def install(self) -> None:
        """Let Django's tests with transactions of their own end in this way."""
        whole = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

        def teardown(case: TransactionTestCase) -> None:
            if case.available_apps is not None or case.serialized_rollback:
                whole(case)  # nobody asks for these here
            else:
                self.give_back()

        TransactionTestCase._fixture_teardown = teardown  # type: ignore[attr-defined]

    def give_back(self) -> bool:
        """Take away what tests have committed; whether it could be done without ``flush``."""
        if self._state() != self._kept_state:
            self._flush()
            return False
        emptied = self._with_references(self._with_rows() - self._kept)
        if emptied & self._kept:
            self._flush()
            return False
        if emptied:
            names = sql.SQL(", ").join(map(sql.Identifier, sorted(emptied)))
            with connection.cursor() as cursor:
                cursor.execute(sql.SQL("TRUNCATE {}").format(names))
        return True

    def _flush(self) -> None:
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
        self._kept = self._with_rows()
        self._kept_state = self._state()

    def _with_rows(self) -> set[str]:
        """Names of the tables that aren't empty."""
        asked = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(
                sql.Literal(table), sql.Identifier(table)
            )
            for table in self._tables
        )
        with connection.cursor() as cursor:
            cursor.execute(asked)
            return {name for (name,) in cursor.fetchall()}

    def _with_references(self, tables: Iterable[str]) -> set[str]:
        """The same and all that refer to them: PostgreSQL truncates these together only."""
        found = set(tables)
        while more := {a for a, b in self._references if b in found} - found:
            found |= more
        return found

    def _state(self) -> str:
        """A digest of all that ``flush`` makes anew."""
        lines = [sql.SQL(_PUBLISHED)]
        lines += [
            sql.SQL("SELECT concat_ws(' ', {}, t) FROM {} AS t").format(
                sql.Literal(table), sql.Identifier(table)
            )
            for table in sorted(self._kept)
        ]
        with connection.cursor() as cursor:
            cursor.execute(sql.SQL(_STATE).format(lines=sql.SQL(" UNION ALL ").join(lines)))
            (digest,) = cursor.fetchone()
        return str(digest)
