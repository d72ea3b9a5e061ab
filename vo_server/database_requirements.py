"""What this server needs of its PostgreSQL, and what an administrator must run where it is missing.

Set-up fulfils all of it for the private cluster; for a server named by DATABASE_URL it only looks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
from psycopg2.extensions import connection as Session  # noqa: N812 - it is a class

OLDEST_VERSION = 14


@dataclass(frozen=True, slots=True)
class Lack:
    """Something missing.

    remedy: the statement (or setting) that mends it, for whoever has the right to.
    """

    what: str
    remedy: str


def lacks(owner_url: str, reader_url: str) -> list[Lack]:
    """Everything that is missing of the database as its owner and its reader see it."""
    try:
        with _looking(owner_url) as owner:
            found = [lack for check in _OWNER_CHECKS for lack in check(owner)]
            return found + _reader_lacks(reader_url, owner)
    except psycopg2.OperationalError as error:
        return [Lack(f"DATABASE_URL can't be reached: {_told(error)}", "Correct DATABASE_URL.")]


def _version(owner: Session) -> Iterator[Lack]:
    if owner.server_version < OLDEST_VERSION * 10_000:
        yield Lack(
            f"PostgreSQL is version {_value(owner, 'SHOW server_version')}, older than "
            f"{OLDEST_VERSION}",
            f"Upgrade it to version {OLDEST_VERSION} or newer.",
        )


def _pgsphere(owner: Session) -> Iterator[Lack]:
    if _value(owner, "SELECT to_regtype('spoint') IS NOT NULL"):
        return
    elsewhere = _value(
        owner,
        "SELECT n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
        "WHERE t.typname = 'spoint' LIMIT 1",
    )
    user = _value(owner, "SELECT quote_ident(current_user)")
    if elsewhere:
        yield Lack(
            f"pgSphere lies in schema {elsewhere}, which is not on the owner's search path",
            f'ALTER ROLE {user} SET search_path = public, "{elsewhere}";  (and the reader\'s)',
        )
    else:
        yield Lack(
            "the extension pgSphere is missing",
            "CREATE SCHEMA pgsphere; CREATE EXTENSION pg_sphere SCHEMA pgsphere; "
            f"GRANT USAGE ON SCHEMA pgsphere TO PUBLIC; "
            f"ALTER ROLE {user} SET search_path = public, pgsphere;  (and the reader's)",
        )


def _owner_rights(owner: Session) -> Iterator[Lack]:
    user = _value(owner, "SELECT quote_ident(current_user)")
    database = _value(owner, "SELECT quote_ident(current_database())")
    if not _value(owner, "SELECT has_database_privilege(current_database(), 'CREATE')"):
        yield Lack(
            "the owner can't make schemas (for the published tables)",
            f"GRANT CREATE ON DATABASE {database} TO {user};",
        )
    if not _value(owner, "SELECT has_schema_privilege('public', 'CREATE')"):
        yield Lack(
            "the owner can't make tables in schema public",
            f"GRANT CREATE ON SCHEMA public TO {user};",
        )


def _reader_lacks(reader_url: str, owner: Session) -> list[Lack]:
    """What is missing of the role that runs users' SQL."""
    if not reader_url:
        return [
            Lack(
                "VO_READER_DATABASE_URL is not set: users' SQL needs a role of its own",
                "CREATE ROLE vo_reader LOGIN PASSWORD '...';  (then set VO_READER_DATABASE_URL)",
            )
        ]
    try:
        with _looking(reader_url) as reader:
            if _identity(reader) != _identity(owner):
                return [
                    Lack(
                        "VO_READER_DATABASE_URL leads to another database than DATABASE_URL",
                        "Correct VO_READER_DATABASE_URL.",
                    )
                ]
            return [lack for check in _READER_CHECKS for lack in check(reader, owner)]
    except psycopg2.OperationalError as error:
        return [
            Lack(
                f"VO_READER_DATABASE_URL can't be reached: {_told(error)}",
                "CREATE ROLE vo_reader LOGIN PASSWORD '...';  (or correct VO_READER_DATABASE_URL)",
            )
        ]


def _reader_is_another(reader: Session, owner: Session) -> Iterator[Lack]:
    user = _value(reader, "SELECT current_user")
    if user == _value(owner, "SELECT current_user"):
        yield Lack(
            f"the reader is the owner, {user}; users' SQL could change everything",
            "CREATE ROLE vo_reader LOGIN PASSWORD '...';  (then set VO_READER_DATABASE_URL)",
        )
    elif _value(reader, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
        yield Lack(f"the reader {user} is a superuser", f'ALTER ROLE "{user}" NOSUPERUSER;')


def _reader_pgsphere(reader: Session, owner: Session) -> Iterator[Lack]:
    if _value(owner, "SELECT to_regtype('spoint') IS NULL"):
        return  # told already
    if _value(reader, "SELECT to_regtype('spoint') IS NULL"):
        user = _value(reader, "SELECT quote_ident(current_user)")
        schema = _value(
            owner,
            "SELECT quote_ident(n.nspname) FROM pg_type t JOIN pg_namespace n "
            "ON n.oid = t.typnamespace WHERE t.oid = 'spoint'::regtype",
        )
        yield Lack(
            "the reader doesn't see pgSphere",
            f"GRANT USAGE ON SCHEMA {schema} TO {user}; "
            f"ALTER ROLE {user} SET search_path = public, {schema};",
        )


def _reader_rights(reader: Session, owner: Session) -> Iterator[Lack]:
    user = _value(reader, "SELECT quote_ident(current_user)")
    database = _value(reader, "SELECT quote_ident(current_database())")
    if not _value(reader, "SELECT has_database_privilege(current_database(), 'TEMP')"):
        yield Lack(
            "the reader can't make temporary tables (for uploads)",
            f"GRANT TEMPORARY ON DATABASE {database} TO {user};",
        )
    if _value(reader, "SELECT has_database_privilege(current_database(), 'CREATE')"):
        yield Lack(
            "the reader can make schemas",
            f"REVOKE CREATE ON DATABASE {database} FROM {user}, PUBLIC;",
        )
    if _value(reader, "SELECT has_schema_privilege('public', 'CREATE')"):
        yield Lack(
            "the reader can make tables in schema public",
            f"REVOKE CREATE ON SCHEMA public FROM {user}, PUBLIC;",
        )
    if _value(reader, "SELECT current_setting('temp_file_limit')") == "-1":
        yield Lack(
            "nothing limits the temporary files of a user's query",
            f"ALTER ROLE {user} SET temp_file_limit = '8GB';",
        )
    if not _value(
        owner, "SELECT pg_has_role(%s, 'USAGE')", _value(reader, "SELECT current_user::text")
    ):
        owner_name = _value(owner, "SELECT quote_ident(current_user)")
        yield Lack(
            "the owner can't cancel the reader's queries (for aborted jobs)",
            f"GRANT {user} TO {owner_name};",
        )


_OWNER_CHECKS: tuple[Callable[[Session], Iterator[Lack]], ...] = (
    _version,
    _pgsphere,
    _owner_rights,
)
_READER_CHECKS: tuple[Callable[[Session, Session], Iterator[Lack]], ...] = (
    _reader_is_another,
    _reader_pgsphere,
    _reader_rights,
)


def _identity(connection: Session) -> tuple[object, object]:
    """What tells one running server from another, for a role without special rights."""
    return (
        _value(connection, "SELECT pg_postmaster_start_time()"),
        _value(connection, "SELECT oid FROM pg_database WHERE datname = current_database()"),
    )


def _value(connection: Session, statement: str, *parameters: object) -> object:
    """The first column of the first row; None where there is no row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        row = cursor.fetchone()
    return row[0] if row else None


@contextmanager
def _looking(url: str) -> Iterator[Session]:
    """A connection that only looks, closed at the end."""
    connection = psycopg2.connect(url)
    try:
        connection.set_session(readonly=True, autocommit=True)
        yield connection
    finally:
        connection.close()


def _told(error: psycopg2.Error) -> str:
    """The server's word on one line."""
    return " ".join(str(error).split())
