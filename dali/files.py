"""Sending a file, a piece at a time, whichever kind of server runs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import BinaryIO

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.http import content_disposition_header

from dali.errors import NotFoundError

_PIECE_BYTES = 1 << 20


def file_response(request: HttpRequest, path: Path, media_type: str) -> StreamingHttpResponse:
    """The file at ``path``, never whole in memory; raises `NotFoundError` where it is gone."""
    try:
        file = path.open("rb")
    except OSError:
        raise NotFoundError("the file is no longer there") from None
    # Django would read a synchronous iterator to its end before sending anything by ASGI.
    pieces = _pieces_later(file) if isinstance(request, ASGIRequest) else _pieces(file)
    response = StreamingHttpResponse(pieces, content_type=media_type)
    # Django calls it when the answer is over, also where the client has left before its end.
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    response["Content-Length"] = str(path.stat().st_size)
    response["Content-Disposition"] = content_disposition_header(False, path.name) or "inline"
    return response


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


async def _pieces_later(file: BinaryIO) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
        yield piece
