"""Files over HTTP, with rights, and the links to them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from archive.datalink import LINK_FORMATS, link_table
from archive.file_store import CHUNK
from archive.identifiers import is_product_id
from archive.models import DataProduct
from archive.rights import Rights, may_read
from auth.principal import of_request
from dali import formats
from dali.errors import AuthorisationError, DaliError, NotFoundError
from dali.http import dali_errors, methods, parameters_of
from provenance.identifiers import PROVSAP


@dali_errors
@methods("GET", "HEAD")
def product(request: HttpRequest, product_id: str) -> HttpResponseBase:
    """The file of that id: 404 where there is none, 403 where this person may not read it."""
    stored = (
        DataProduct.objects.filter(product_id=product_id).first()
        if is_product_id(product_id)
        else None
    )
    if stored is None:
        raise NotFoundError("There is no product of that identifier.")
    rights = Rights(stored.data_rights, stored.release_date, stored.owner_id)
    if not may_read(of_request(request), rights):
        raise AuthorisationError(_refusal(rights))
    path = stored.file
    if not path.is_file():
        raise NotFoundError("The file of this product is missing; the operator can find out why.")
    return _file_response(request, stored, path)


@dali_errors
@methods("GET", "HEAD", "POST")
def links(request: HttpRequest) -> HttpResponse:
    """What belongs to each ID (DataLink 1.1, section 2): a table, errors of single IDs in it."""
    try:
        parameters = parameters_of(request)
        table_format = formats.table_format(parameters, LINK_FORMATS)
    except DaliError as error:
        raise DaliError(f"UsageFault: {error.message}", error.status) from error
    table = link_table(parameters.all("ID"), of_request(request))
    return HttpResponse(b"".join(table_format.write(table)), content_type=table_format.media_type)


def _refusal(rights: Rights) -> str:
    if rights.release_date is None:
        return "This product is not public; sign in as somebody who may read it."
    return (
        f"This product is not public before {rights.release_date:%Y-%m-%d}; sign in as somebody "
        "who may read it."
    )


def _file_response(request: HttpRequest, stored: DataProduct, path: Path) -> HttpResponseBase:
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse(content_type=stored.media_type)
    else:
        # under ASGI Django would collect a synchronous iterator in memory before sending
        chunks = _chunks_later(path) if isinstance(request, ASGIRequest) else _chunks(path)
        response = StreamingHttpResponse(chunks, content_type=stored.media_type)
    response.headers["Content-Length"] = str(path.stat().st_size)
    response.headers["Content-Disposition"] = f'attachment; filename="{stored.file_name}"'
    response.headers["Link"] = _provenance_link(stored)
    return response


def _provenance_link(stored: DataProduct) -> str:
    """Where the file's history is, as PROV-AQ has it (W3C Note of 2013, section 3.1)."""
    history = f"{settings.SITE_URL}{PROVSAP}{quote(stored.obs_publisher_did, safe='')}"
    return (
        f'<{history}&RESPONSEFORMAT=PROV-JSON>; rel="http://www.w3.org/ns/prov#has_provenance"; '
        f'anchor="{stored.obs_publisher_did}"'
    )


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


async def _chunks_later(path: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk
    finally:
        file.close()
