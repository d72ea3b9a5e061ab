"""Running a query: TAP's parameters in, a table stream out.

TAP 1.1, sections 2.7 (parameters) and 2.9 (errors). The same for `/tap/sync` and for the jobs of
`/tap/async`; only their limits of time differ.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from django.conf import settings

import adql
from adql.schema import Catalogue
from dali.errors import DaliError, ParameterError
from dali.fields import Field
from dali.formats import TableFormat, table_format
from dali.parameters import Parameters
from dali.tables import TableStream
from dali.uploads import UploadReference, references
from tap import origin, published
from tap.reader import ReaderQuery
from tap.translations import translate
from tap.uploaded_tables import schema
from tap.uploads import Documents, uploads_of

LANGUAGES = ("ADQL", "ADQL-2.0", "ADQL-2.1")


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What a client asks: text of the query, format of the answer, and how many rows at most.

    uploads: tables that it sends along.
    """

    query: str
    format: TableFormat
    limit: int
    uploads: tuple[UploadReference, ...] = ()

    @classmethod
    def read(cls, parameters: Parameters) -> "QueryRequest":
        """Read TAP's parameters; raises `DaliError` for whatever is wrong with them."""
        wanted = parameters.one("REQUEST")
        if wanted not in (None, "", "doQuery"):
            raise ParameterError("REQUEST", f"{wanted!r} is not offered, only doQuery")
        language = parameters.one("LANG")
        if language and language.upper() not in LANGUAGES:
            raise ParameterError(
                "LANG", f"{language!r} is not offered; there are {', '.join(LANGUAGES)}"
            )
        query = parameters.one("QUERY")
        if query is None or not query.strip():
            raise ParameterError("QUERY", "is missing: there is nothing to do")
        return cls(query, table_format(parameters), _limit(parameters), references(parameters))


def _limit(parameters: Parameters) -> int:
    """How many rows may leave: MAXREC, the default, and never more than the hard limit."""
    asked = parameters.integer("MAXREC")
    if asked is None:
        return settings.VO_TAP_MAXREC
    if asked < 0:
        raise ParameterError("MAXREC", "is negative; leave it out for the default limit")
    return min(asked, settings.VO_TAP_MAXREC_HARD)


class Execution:
    """One query, understood, and ready to be written.

    failure: what went wrong while the rows came, although the document may tell it too.
    """

    def __init__(
        self, request: QueryRequest, timeout_s: int, *, synchronous: bool, documents: Documents
    ) -> None:
        """Reads uploads, parses, resolves and translates.

        documents: where uploads are. Raises `DaliError` where an upload or the query is wrong.
        """
        uploads = uploads_of(request.uploads, documents, timeout_s)
        catalogue = published.catalogue()
        if uploads:
            catalogue = Catalogue((*catalogue.schemas, schema(uploads)))
        # one row more than may leave tells whether there are more
        limit = request.limit + 1
        try:
            translation = translate(request.query, catalogue, published.functions(), limit)
        except adql.AdqlError as error:
            raise DaliError(str(error)) from error
        self.failure: DaliError | None = None
        self._request = request
        self._fields = tuple(Field.of(column) for column in translation.columns)
        self._query = ReaderQuery(
            translation.sql, timeout_s, synchronous=synchronous, uploads=uploads
        )

    def pieces(self) -> Iterator[bytes]:
        """The answer's document; raises `DaliError` where the query fails before its first row."""
        stream = TableStream(
            self._fields,
            self._batches(),
            origin.infos(self._request.query),
            self._request.limit,
            published.services(),
        )
        return self._request.format.write(stream)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._query.batches()
        except DaliError as error:
            self.failure = error
            raise

    def cancel(self) -> None:
        """End the query in PostgreSQL, from any thread."""
        self._query.cancel()
