"""The service's addresses: each parses, calls one function of this room, and answers."""

from collections.abc import Iterator

from django.conf import settings
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render

from dali.compression import compressed, encoding_for
from dali.errors import ParameterError
from dali.http import TEXT, dali_errors, methods, parameters_of
from tap import table_documents, vosi
from tap.examples import examples as all_examples
from tap.execution import Execution, QueryRequest
from tap.streaming import CancellableStream, in_thread
from tap.uploads import PartsOfRequest

XML = "text/xml"


@dali_errors
@methods("GET", "HEAD", "POST")
async def sync(request: HttpRequest) -> StreamingHttpResponse:
    """Run a query and stream its result (TAP 1.1, section 2.1); HEAD runs none."""
    asked = QueryRequest.read(parameters_of(request))
    execution = await in_thread(lambda: _execution(asked, PartsOfRequest(request)))
    wish = request.headers.get("Accept-Encoding", "")
    encoding = None if asked.format.is_compressed else encoding_for(wish)

    def pieces() -> Iterator[bytes]:
        plain = execution.pieces()
        return compressed(plain, encoding) if encoding else plain

    stream = CancellableStream(pieces, execution.cancel)
    if request.method == "HEAD":
        stream.close()
    else:
        # the first piece comes with the first rows: a query that fails before is an error document
        await stream.begin()
    response = StreamingHttpResponse(stream, content_type=asked.format.media_type)
    response["Vary"] = "Accept-Encoding"
    if encoding:
        response["Content-Encoding"] = encoding
    return response


def _execution(asked: QueryRequest, documents: PartsOfRequest) -> Execution:
    try:
        limit = settings.VO_TAP_SYNC_TIMEOUT_S
        return Execution(asked, limit, synchronous=True, documents=documents)
    finally:
        # a function may have looked something up; no request ends in this thread
        close_old_connections()


@dali_errors
@methods("GET", "HEAD")
def capabilities(request: HttpRequest) -> HttpResponse:
    """What the service can do (VOSI 1.1, section 2)."""
    return HttpResponse(vosi.capabilities(), content_type=XML)


@dali_errors
@methods("GET", "HEAD")
def availability(request: HttpRequest) -> HttpResponse:
    """Whether the service is available (VOSI 1.1, section 4)."""
    return HttpResponse(vosi.availability(), content_type=XML)


@dali_errors
@methods("GET", "HEAD")
def tables(request: HttpRequest) -> HttpResponse:
    """What is published (VOSI 1.1, section 5): ``detail=min`` leaves out the columns.

    ``only_tables`` and ``tables`` are TapPlus's words for names alone and for some tables alone.
    """
    parameters = parameters_of(request)
    names = parameters.one("TABLES")
    if names is not None:
        return HttpResponse(table_documents.tables_for_tap_plus(names), content_type=XML)
    only_names = (parameters.one("ONLY_TABLES") or "").lower() == "true"
    detail = parameters.one("DETAIL", "min" if only_names else "max")
    if detail not in ("min", "max"):
        raise ParameterError("detail", f"{detail!r} is neither min nor max")
    return HttpResponse(table_documents.tables(detailed=detail == "max"), content_type=XML)


@dali_errors
@methods("GET", "HEAD")
def table(request: HttpRequest, name: str) -> HttpResponse:
    """One published table."""
    return HttpResponse(table_documents.table(name), content_type=XML)


@dali_errors
@methods("GET", "HEAD")
def examples(request: HttpRequest) -> HttpResponse:
    """Queries to begin with (DALI 1.1, section 2.3)."""
    return render(
        request,
        "tap/examples.html",
        {"examples": all_examples()},
        content_type="application/xhtml+xml",
    )


@dali_errors
@methods("GET", "HEAD")
def base(request: HttpRequest) -> HttpResponse:
    """What to do with the service's base address, for whoever opens it in a browser."""
    text = (
        f"{vosi.tap_url()} is a Table Access Protocol service.\n"
        "Give this address to TOPCAT, pyvo or another TAP client, or see\n"
        + "".join(f"{vosi.tap_url(p)}\n" for p in ("/examples", "/tables", "/capabilities"))
    )
    return HttpResponse(text, content_type=TEXT)
