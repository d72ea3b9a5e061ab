"""DALI on Django: a request's parameters, and errors as documents.

DALI 1.1, sections 3 (parameters) and 4.2 (errors). Every view that a VO client calls wears
`dali_errors`, so that whatever goes wrong is told in a document of the service's own kind.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from typing import Any, ParamSpec

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase

from dali.errors import DaliError
from dali.log_context import request_id
from dali.parameters import Parameters
from dali.writers.votable import error_document

VOTABLE = "application/x-votable+xml"
TEXT = "text/plain;charset=UTF-8"
#: Longest message of an error, in characters: a client that sent a megabyte gets none back.
_LONGEST_MESSAGE = 2000
_log = logging.getLogger(__name__)
P = ParamSpec("P")


def parameters_of(request: HttpRequest) -> Parameters:
    """All parameters of a request, those of the query string before those of a form.

    Raises `DaliError` where they can't be read.
    """
    try:
        query = request.GET
    except SuspiciousOperation as exc:
        raise DaliError("there are too many parameters in the address") from exc
    return Parameters((*_pairs(query), *_pairs(form_of(request))))


def form_of(request: HttpRequest) -> QueryDict:
    """The form of a POST, url-encoded or multipart; raises `DaliError` where it can't be read."""
    try:
        return request.POST
    except RequestDataTooBig as exc:
        raise DaliError("the request is too large", 413) from exc
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnicodeDecodeError) as exc:
        raise DaliError("the form in the request's body can't be read") from exc


def _pairs(values: QueryDict) -> Iterator[tuple[str, str]]:
    for name, found in values.lists():
        for value in found:
            yield name, str(value)


def error_response(message: str, status: int = 400, as_text: bool = False) -> HttpResponse:
    """An error as a VOTable with QUERY_STATUS ERROR, or as plain text where UWS wants that."""
    if len(message) > _LONGEST_MESSAGE:
        half = _LONGEST_MESSAGE // 2
        message = f"{message[:half]} … {message[-half:]}"
    if as_text:
        return HttpResponse(message + "\n", status=status, content_type=TEXT)
    return HttpResponse(error_document(message), status=status, content_type=VOTABLE)


def response_to(error: Exception, as_text: bool = False) -> HttpResponse:
    """What a client reads of an error: all of a `DaliError`, nothing of the server's own faults."""
    if isinstance(error, DaliError):
        return error_response(error.message, error.status, as_text)
    if isinstance(error, Http404):
        return error_response(str(error) or "nothing is at this address", 404, as_text)
    _log.error("a request failed", exc_info=error)
    message = f"internal error; the server's log tells more under request {request_id.get()}"
    return error_response(message, 500, as_text)


def dali_errors(
    view: Callable[P, Any] | None = None, *, as_text: bool = False
) -> Callable[..., Any]:
    """Decorate a view, synchronous or not: its errors become documents (`response_to`)."""
    if view is None:
        return functools.partial(dali_errors, as_text=as_text)
    if inspect.iscoroutinefunction(view):

        @functools.wraps(view)
        async def answer_later(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            try:
                response: HttpResponseBase = await view(*args, **kwargs)
            except Exception as error:
                return response_to(error, as_text)
            return response

        return answer_later

    @functools.wraps(view)
    def answer(*args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response: HttpResponseBase = view(*args, **kwargs)
        except Exception as error:
            return response_to(error, as_text)
        return response

    return answer


def methods(*allowed: str) -> Callable[[Callable[P, Any]], Callable[..., Any]]:
    """Decorate a view inside `dali_errors`: other methods are answered 405 with a document."""

    def decorate(view: Callable[P, Any]) -> Callable[..., Any]:
        def refusal(request: HttpRequest) -> HttpResponse | None:
            if request.method in allowed:
                return None
            message = f"{request.method} is not offered here, only {', '.join(allowed)}"
            response = error_response(message, 405)
            response["Allow"] = ", ".join(allowed)
            return response

        if inspect.iscoroutinefunction(view):

            @functools.wraps(view)
            async def guard_later(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                return refusal(request) or await view(request, *args, **kwargs)  # type: ignore[arg-type]

            return guard_later

        @functools.wraps(view)
        def guard(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return refusal(request) or view(request, *args, **kwargs)  # type: ignore[arg-type]

        return guard

    return decorate
