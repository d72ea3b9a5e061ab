"""Running SQL as the role that reads published views only, rows coming in Arrow batches.

Read-only in three ways: the role has no other rights, its transactions are read-only (one with
uploads, from the moment that these are loaded), and `adql` writes nothing but SELECT. PostgreSQL
ends a query by itself when its time is over, or within a second of this process going away.
"""

import contextlib
import os
import threading
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import adbc_driver_postgresql
import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa

# the driver's dbapi gives each connection a driver of its own, which learns all types anew
from adbc_driver_manager import AdbcConnection

# the driver's own reader keeps the SQLSTATE of an error in mid-stream, pyarrow's loses it
from adbc_driver_manager._reader import AdbcRecordBatchReader
from adbc_driver_manager.dbapi import _SharedDatabase
from django.conf import settings
from django.db import connection as django_connection

from tap.failures import failure
from tap.loading import load
from tap.uploaded_tables import UploadedTable
from tap.warm_connections import WarmConnections

# small batches: the first leaves early, and many streams fit in memory side by side
_BATCH_BYTES = 2 * 1024 * 1024
# a first batch that is smaller is the last one too: no thread is worth it
_WORTH_A_THREAD_BYTES = _BATCH_BYTES // 4
APPLICATION = "vo_server tap"


def reader_url(timeout_s: int, application: str) -> str:
    """The reader's connection to the database that Django itself is using (a test's, in a test)."""
    parts = urlsplit(settings.VO_READER_DATABASE_URL)
    options = {
        "default_transaction_read_only": "on",
        "statement_timeout": f"{timeout_s}s",
        "client_connection_check_interval": "1s",
        "timezone": "UTC",
        # compiling costs more than it saves in queries whose rows go to a client
        "jit": "off",
    }
    query = dict(parse_qsl(parts.query))
    # A job's process names all its connections after the job, which is how an abort finds them:
    # by the environment, so that the address is the same for every job.
    if "PGAPPNAME" not in os.environ:
        query["application_name"] = application
    query["options"] = " ".join(f"-c {name}={value}" for name, value in options.items())
    database = quote(django_connection.settings_dict["NAME"])
    return urlunsplit(parts._replace(path=f"/{database}", query=urlencode(query, quote_via=quote)))


@cache
def _driver(url: str) -> _SharedDatabase:
    """The driver, knowing the types of the database at ``url``: they cost more than a connection.

    It holds no connection, so processes may be forked from one that has it.
    """
    return _SharedDatabase(adbc_driver_postgresql.connect(url))


def load_driver(timeout_s: int) -> None:
    """Have the driver learn the database's types, for queries with this limit of time."""
    _driver(reader_url(timeout_s, APPLICATION))


def connect(url: str, *, autocommit: bool = False) -> adbc.Connection:
    """A connection of its own to ``url``, by the process' one driver; raises ``adbc.Error``."""
    driver = _driver(url)
    return adbc.Connection(driver, AdbcConnection(driver._db), autocommit=autocommit)


@cache
def warm_connections() -> WarmConnections:
    """The connections of this process that wait for a query."""
    return WarmConnections(settings.VO_TAP_SYNC_QUERIES)


class ReaderQuery:
    """One query of a user, on a connection that nobody else uses meanwhile.

    Iterate `batches` once, in any thread; `cancel` may be called from another.
    """

    def __init__(
        self,
        sql: str,
        timeout_s: int,
        *,
        synchronous: bool,
        application: str = APPLICATION,
        uploads: tuple[UploadedTable, ...] = (),
    ) -> None:
        """Nothing is sent before the first batch is pulled. ``timeout_s``: whole seconds."""
        self._uploads = uploads
        self._sql = sql
        self._timeout_s = timeout_s
        self._synchronous = synchronous
        self._application = application
        self._cursor: adbc.Cursor | None = None
        self._cancelled = threading.Event()
        # held while cancelling: the connection must not be another query's by then
        self._cancelling = threading.Lock()

    def cancel(self) -> None:
        """End the query; may be repeated, and does no harm where it has ended."""
        with self._cancelling:
            self._cancelled.set()
            if self._cursor is not None:
                _cancel(self._cursor)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; raises `tap.failures.QueryError` at any point."""
        try:
            yield from self._one_ahead(self._batches())
        except adbc.Error as error:
            cancelled = self._cancelled.is_set()
            raise failure(error, self._timeout_s, cancelled, self._synchronous) from error

    def _one_ahead(
        self, batches: Generator[pa.RecordBatch, None, None]
    ) -> Iterator[pa.RecordBatch]:
        """The batches, each read while the one before is written: PostgreSQL needn't wait."""
        batch = next(batches, None)
        if batch is None or batch.nbytes < _WORTH_A_THREAD_BYTES:
            if batch is not None:
                yield batch
                yield from batches
            return
        with ThreadPoolExecutor(1, thread_name_prefix="tap ahead") as reader:
            coming = reader.submit(next, batches, None)
            try:
                while batch is not None:
                    yield batch
                    batch = coming.result()
                    if batch is not None:
                        coming = reader.submit(next, batches, None)
            finally:
                # whoever stops early waits for no more rows
                while not coming.done():
                    self.cancel()
                    wait((coming,), 0.05)
                batches.close()

    def _batches(self) -> Generator[pa.RecordBatch, None, None]:
        url = reader_url(self._timeout_s, self._application)
        has_uploads = bool(self._uploads)
        if has_uploads:  # in a transaction, which ends with the connection
            connection = connect(url)
        else:
            connection = warm_connections().take(url) or connect(url, autocommit=True)
        undisturbed = False
        try:
            with connection.cursor() as cursor:
                yield from self._rows(cursor)
            # a job's process ends with its query: its connection would serve nobody else
            undisturbed = self._synchronous and not (self._cancelled.is_set() or has_uploads)
        finally:
            if undisturbed:
                warm_connections().give(url, connection)
            else:
                connection.close()

    def _rows(self, cursor: adbc.Cursor) -> Iterator[pa.RecordBatch]:
        statement = cursor.adbc_statement
        statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(_BATCH_BYTES)})
        self._cursor = cursor
        complete = False
        try:
            if self._uploads and not self._cancelled.is_set():
                load(cursor, self._uploads)
                self._uploads = ()  # their rows needn't be kept while the query runs
            if not self._cancelled.is_set():
                cursor.execute(self._sql)
                # the handle must live until its stream is taken over
                handle = cursor.fetch_arrow()
                with AdbcRecordBatchReader._import_from_c(handle.address) as rows:
                    yield from rows
            complete = True
        finally:
            with self._cancelling:
                self._cursor = None
            if not complete:
                # rows that nobody reads any more would hold up the closing
                _cancel(cursor)


def _cancel(cursor: adbc.Cursor) -> None:
    """Cancel what the cursor runs; nothing happens where it isn't running yet, or no longer."""
    with contextlib.suppress(adbc.Error):
        cursor.adbc_cancel()
