"""Where the documents of uploaded tables are: parts of a request, files of a job, other servers.

TAP 1.1, section 2.7.5. A query's uploads are read each time that it runs; what is fetched for a job
is fetched once, and kept with it.
"""

import tempfile
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import BinaryIO, Protocol, cast

from django.conf import settings
from django.http import HttpRequest

from dali import fetching
from dali.errors import DaliError
from dali.fetching import FetchLimits
from dali.uploads import UploadReference
from tap.reading import ReadingLimits, read
from tap.uploaded_tables import UploadedTable, UploadError
from uws.inputs import Inputs

_IN_MEMORY_BYTES = 1_000_000


#: An open file, closed when it has been read unless others may read it, too.
Document = AbstractContextManager[BinaryIO]


class Documents(Protocol):
    """What a query's uploads are read from."""

    def part(self, name: str) -> Document | None:
        """The part of the request that has this name, if there is one."""

    def fetched(self, url: str) -> Document:
        """What the address points at; raises `dali.errors.DaliError`."""


class PartsOfRequest:
    """The documents of a synchronous query: its request's parts, and what is fetched at once."""

    def __init__(self, request: HttpRequest) -> None:
        """The request's form must have been read."""
        self._request = request

    def part(self, name: str) -> Document | None:
        """A file of the form."""
        file = self._request.FILES.get(name)
        return None if file is None else nullcontext(cast(BinaryIO, file))

    def fetched(self, url: str) -> Document:
        """In memory, or in a temporary file where it is large."""
        spool = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - given away
        file = cast(BinaryIO, spool)
        try:
            fetching.fetch(url, file, fetch_limits())
        except BaseException:
            file.close()
            raise
        return file


class FilesOfJob:
    """The documents of a job: files that it keeps from one attempt to the next."""

    def __init__(self, inputs: Inputs) -> None:
        """``inputs``: the job's."""
        self._inputs = inputs

    def part(self, name: str) -> Document | None:
        """What was sent with the job's parameters."""
        return self._inputs.open(name)

    def fetched(self, url: str) -> Document:
        """Fetched by the first attempt; later ones find it."""
        kept = self._inputs.open(url)
        if kept is None:
            with self._inputs.new(url) as file:
                fetching.fetch(url, file, fetch_limits())
            kept = self._inputs.open(url)
        if kept is None:
            raise DaliError("it was fetched, and is gone", 500)
        return kept


def fetch_limits() -> FetchLimits:
    """What the operator lets be fetched."""
    return FetchLimits(
        settings.VO_TAP_UPLOAD_MAX_BYTES,
        settings.VO_TAP_UPLOAD_FETCH_TIMEOUT_S,
        fetching.networks(settings.VO_TAP_UPLOAD_NETWORKS),
    )


def uploads_of(
    references: Iterable[UploadReference], documents: Documents, timeout_s: float
) -> tuple[UploadedTable, ...]:
    """The tables that a request refers to; raises `UploadError`.

    timeout_s: how long reading each may take.
    """
    found: list[UploadedTable] = []
    for number, reference in enumerate(references, 1):
        with _document(reference, documents) as file:
            limit = settings.VO_TAP_UPLOAD_MAX_BYTES
            if file.seek(0, 2) > limit:
                raise UploadError(reference.name, f"is larger than {limit} bytes", 413)
            file.seek(0)
            limits = ReadingLimits(
                settings.VO_TAP_UPLOAD_MAX_ROWS,
                settings.VO_TAP_UPLOAD_MEMORY_BYTES - sum(upload.rows.nbytes for upload in found),
                timeout_s,
            )
            try:
                found.append(read(reference.name, number, file, limits))
            except DaliError as error:
                raise UploadError(reference.name, error.message, error.status) from error
    return tuple(found)


def _document(reference: UploadReference, documents: Documents) -> Document:
    if reference.part is None:
        try:
            return documents.fetched(reference.uri)
        except DaliError as error:
            raise UploadError(reference.name, error.message, error.status) from error
    file = documents.part(reference.part)
    if file is None:
        raise UploadError(reference.name, f"the request has no part {reference.part!r}")
    return file
