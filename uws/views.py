"""The REST binding of UWS 1.1, section 2.2: requests in, `uws.service`, documents out.

Every view takes the job type as an argument, see `uws.urls`. The job itself is the only
asynchronous one, since its answer may be held (`uws.wait`).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import wraps
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from auth.principal import ANONYMOUS, Principal, of_request
from dali.errors import DaliError, NotFoundError, ParameterError
from dali.files import file_response
from dali.http import VOTABLE, dali_errors, error_response, methods, parameters_of
from dali.parameters import Parameters
from uws import (
    documents,
    job_description_language,
    json_documents,
    notification,
    registry,
    service,
)
from uws.models import Job
from uws.phases import Phase
from uws.shared_reading import SharedReading
from uws.times import read_time
from uws.types import JobType
from uws.wait import Wait, hold, requested_phase, requested_wait

# Waiting requests look at their jobs through these few threads, not through one each.
_lookers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="uws-wait")

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def _resource(*allowed: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view that answers these methods, and errors with an error document.

    Changes by a signed-in browser are guarded by `auth.middleware.SameOriginForUsers`, which
    needs no token: VO clients have none.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        guarded: Callable[..., Any] = csrf_exempt(dali_errors(methods(*allowed)(view)))
        return guarded

    return decorate


def _parameters(request: HttpRequest) -> Parameters:
    """The request's parameters; raises `DaliError` (415) for a body that is no form."""
    # A client that posts nothing but a query string may name any type for its empty body.
    if request.method == "POST" and request.content_type not in _FORMS and request.body:
        raise DaliError(
            f"parameters are taken as {' or '.join(_FORMS)}, not as {request.content_type!r}", 415
        )
    return parameters_of(request)


def _sent_files(request: HttpRequest) -> service.SentFiles:
    """The files of a form, a piece at a time; the form must have been read."""
    return {
        str(name): file.chunks()
        for name, file in request.FILES.items()
        if isinstance(file, UploadedFile)
    }


def _list_url(job_type: JobType[Any]) -> str:
    return f"{settings.SITE_URL}{job_type.path}"


def _job_url(job_type: JobType[Any], job_id: str) -> str:
    return f"{_list_url(job_type)}/{job_id}"


def _see_other(url: str) -> HttpResponse:
    return HttpResponse(status=303, headers={"Location": url})


def _xml(document: bytes) -> HttpResponse:
    return HttpResponse(
        document, content_type=documents.MEDIA_TYPE, headers={"Cache-Control": "no-cache"}
    )


def _text(text: str) -> HttpResponse:
    return HttpResponse(
        text, content_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-cache"}
    )


def _time(parameters: Parameters, name: str) -> datetime | None:
    text = parameters.one(name)
    return None if text is None else read_time(name, text)


def _required(parameters: Parameters, name: str) -> str:
    value = parameters.one(name)
    if value is None:
        raise ParameterError(name, "missing")
    return value


@_resource("GET", "HEAD")
def job_types(request: HttpRequest) -> HttpResponseBase:
    """What can be asked for here, with every parameter's meaning."""
    return JsonResponse(
        {"job_types": [json_documents.job_type(offered) for offered in registry.all()]}
    )


@_resource("GET", "HEAD")
def description(request: HttpRequest, job_type: JobType[Any]) -> HttpResponseBase:
    """The job type as JSON."""
    return JsonResponse(json_documents.job_type(job_type))


@_resource("GET", "HEAD")
def job_description(request: HttpRequest, job_type: JobType[Any]) -> HttpResponseBase:
    """The job type as a VOTable in the job description language."""
    document = job_description_language.document(job_type, _list_url(job_type))
    return HttpResponse(document, content_type=VOTABLE)


@_resource("GET", "HEAD", "POST", "DELETE")
def unknown_job_type(request: HttpRequest, name: str, rest: str = "") -> HttpResponseBase:
    """404: no such job type is offered."""
    registry.get(name)
    raise NotFoundError(f"there is nothing at {request.path}")


@_resource("GET", "HEAD", "POST")
def jobs(request: HttpRequest, job_type: JobType[Any]) -> HttpResponseBase:
    """The job list: read it, or create a job by POST."""
    parameters = _parameters(request)
    if request.method == "POST":
        return _create(request, job_type, parameters)
    last = parameters.integer("LAST")
    if last is not None and last <= 0:
        raise ParameterError("LAST", "must be greater than 0")
    found = service.list_jobs(
        job_type,
        of_request(request),
        phases=[requested_phase(text) for text in parameters.all("PHASE")],
        after=_time(parameters, "AFTER"),
        last=last,
    )
    return _xml(documents.jobs_document(found, _list_url(job_type)))


def _create(
    request: HttpRequest, job_type: JobType[Any], parameters: Parameters
) -> HttpResponseBase:
    """Section 2.2.3.1; the job's own resources may be set at once, PHASE=RUN included."""
    phase = parameters.one("PHASE")
    if phase is not None and phase.upper() != "RUN":
        raise ParameterError("PHASE", f"a new job can be given RUN, not {phase!r}")
    job_id = service.submit(
        job_type,
        of_request(request),
        parameters,
        run_id=parameters.one("RUNID"),
        execution_duration=parameters.integer("EXECUTIONDURATION"),
        destruction=_time(parameters, "DESTRUCTION"),
        notify=parameters.all(notification.PARAMETER),
        run_now=phase is not None,
        sent_files=_sent_files(request),
    )
    return _see_other(_job_url(job_type, job_id))


def _letting_go(read: Callable[..., Any]) -> Callable[..., Any]:
    """The same, leaving no connection open in the thread."""

    @wraps(read)
    def reading(*arguments: Any) -> Any:
        try:
            return read(*arguments)
        finally:
            if not connection.in_atomic_block:
                connection.close()

    return reading


_phases = SharedReading[Phase | None]()
_documents = SharedReading[bytes]()


@_letting_go
def _look(job_id: str) -> Phase | None:
    """The job's phase; ``None`` when it is gone."""
    phase = Job.objects.filter(id=job_id).values_list("phase", flat=True).first()
    return None if phase is None else Phase(phase)


async def _looking(job_id: str) -> Phase | None:
    found: Phase | None = await sync_to_async(_look, thread_sensitive=False, executor=_lookers)(
        job_id
    )
    return found


@_letting_go
def _begin_to_wait(
    request: HttpRequest, job_type: JobType[Any], job_id: str
) -> tuple[Principal, Phase]:
    """Who asks, and the phase; raises where the job isn't theirs to see."""
    principal = of_request(request)
    return principal, service.phase(job_type, principal, job_id)


@_letting_go
def _read(principal: Principal, job_type: JobType[Any], job_id: str) -> bytes:
    """The job's document."""
    found = service.get(job_type, principal, job_id)
    return documents.job_document(found, _job_url(job_type, job_id))


async def _reading(principal: Principal, job_type: JobType[Any], job_id: str) -> bytes:
    found: bytes = await sync_to_async(_read, thread_sensitive=False, executor=_lookers)(
        principal, job_type, job_id
    )
    return found


@_resource("GET", "HEAD", "POST", "DELETE")
async def job(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """The job: GET (held, with WAIT), DELETE, POST of ACTION=DELETE or of parameters."""
    if request.method == "GET" and any(name.upper() == "WAIT" for name in request.GET):
        wait = requested_wait(_parameters(request), settings.VO_UWS_MAX_WAIT_S)
        if wait is not None:
            return _xml(await _read_after(wait, request, job_type, job_id))
    return await sync_to_async(_job_now)(request, job_type, job_id)


async def _read_after(
    wait: Wait, request: HttpRequest, job_type: JobType[Any], job_id: str
) -> bytes:
    """The job's document when there is reason to answer, read once for all who wait likewise."""
    principal = ANONYMOUS

    async def look_first() -> Phase:
        nonlocal principal
        principal, phase_then = await sync_to_async(_begin_to_wait)(request, job_type, job_id)
        return Phase(phase_then)

    await hold(job_id, wait, look_first, lambda: _phases.of(job_id, lambda: _looking(job_id)))
    reading = f"{principal.user_id} {principal.is_administrator} {job_type.name} {job_id}"
    return await _documents.of(reading, lambda: _reading(principal, job_type, job_id))


def _job_now(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    principal = of_request(request)
    if request.method == "POST":
        given = _parameters(request)
        action = given.one("ACTION")
        if action is None:
            # section 2.1.11 has parameters here or below
            service.set_parameters(job_type, principal, job_id, given, _sent_files(request))
            return _see_other(_job_url(job_type, job_id))
        if action.upper() != "DELETE":
            raise ParameterError("ACTION", f"can be DELETE, not {action!r}")
    if request.method in ("POST", "DELETE"):
        service.delete(job_type, principal, job_id)
        # Section 2.2.2.1 lets the server shorten the list that a client is sent back to.
        return _see_other(f"{_list_url(job_type)}?LAST=100")
    return _xml(_read(principal, job_type, job_id))


@_resource("GET", "HEAD", "POST")
def phase(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """The phase; POST PHASE=RUN or PHASE=ABORT changes it."""
    principal = of_request(request)
    if request.method != "POST":
        return _text(service.phase(job_type, principal, job_id))
    action = _required(_parameters(request), "PHASE")
    match action.upper():
        case "RUN":
            service.run(job_type, principal, job_id)
        case "ABORT":
            service.abort(job_type, principal, job_id)
        case _:
            raise ParameterError("PHASE", f"can be set to RUN or ABORT, not {action!r}")
    return _see_other(_job_url(job_type, job_id))


@_resource("GET", "HEAD", "POST")
def parameters(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """The parameters; POST sets some while the job is PENDING."""
    principal = of_request(request)
    if request.method != "POST":
        return _xml(documents.parameters_document(service.get(job_type, principal, job_id)))
    given = _parameters(request)
    service.set_parameters(job_type, principal, job_id, given, _sent_files(request))
    return _see_other(_job_url(job_type, job_id))


@_resource("GET", "HEAD", "POST")
def execution_duration(
    request: HttpRequest, job_type: JobType[Any], job_id: str
) -> HttpResponseBase:
    """The seconds that the job may run; POST EXECUTIONDURATION changes them."""
    principal = of_request(request)
    if request.method != "POST":
        return _text(str(service.get(job_type, principal, job_id).execution_duration))
    seconds = _parameters(request).integer("EXECUTIONDURATION")
    if seconds is None:
        raise ParameterError("EXECUTIONDURATION", "missing")
    service.set_execution_duration(job_type, principal, job_id, seconds)
    return _see_other(_job_url(job_type, job_id))


@_resource("GET", "HEAD", "POST")
def destruction(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """The time when the job will be destroyed; POST DESTRUCTION changes it."""
    principal = of_request(request)
    if request.method != "POST":
        found = service.get(job_type, principal, job_id)
        return _text(documents.iso_time(found.destruction))
    time = _time(_parameters(request), "DESTRUCTION")
    if time is None:
        raise ParameterError("DESTRUCTION", "missing")
    service.set_destruction(job_type, principal, job_id, time)
    return _see_other(_job_url(job_type, job_id))


@_resource("GET", "HEAD", "POST")
def notify(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """Who is told of the job's phases, one address a line; POST NOTIFY changes them.

    Not of the standard. Several values are several addresses; an empty one is none.
    """
    principal = of_request(request)
    if request.method != "POST":
        told = service.get(job_type, principal, job_id).notify
        return _text("".join(f"{address}\n" for address in told))
    addresses = _parameters(request).all(notification.PARAMETER)
    if not addresses:
        raise ParameterError(notification.PARAMETER, "missing")
    service.set_notify(job_type, principal, job_id, addresses)
    return _see_other(_job_url(job_type, job_id))


@_resource("GET", "HEAD")
def quote(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """When the job is likely to be done; empty where nobody can tell."""
    found = service.get(job_type, of_request(request), job_id)
    return _text(documents.iso_time(found.quote))


@_resource("GET", "HEAD")
def owner(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """The account that created the job; empty for an anonymous one."""
    return _text(service.get(job_type, of_request(request), job_id).owner or "")


@_resource("GET", "HEAD")
def error(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """Why the job failed, as a VOTable (TAP 1.1, section 2.4)."""
    found = service.get(job_type, of_request(request), job_id)
    if found.error is None:
        raise NotFoundError(f"the job is {found.phase} and has no error")
    return error_response(found.error.message, status=200)


@_resource("GET", "HEAD")
def results(request: HttpRequest, job_type: JobType[Any], job_id: str) -> HttpResponseBase:
    """The list of results."""
    found = service.get(job_type, of_request(request), job_id)
    return _xml(documents.results_document(found, _job_url(job_type, job_id)))


@_resource("GET", "HEAD")
def result(
    request: HttpRequest, job_type: JobType[Any], job_id: str, name: str
) -> HttpResponseBase:
    """One result, as the job wrote it."""
    found = service.get(job_type, of_request(request), job_id)
    for candidate in found.results:
        if candidate.name == name:
            return file_response(request, candidate.path, candidate.media_type)
    raise NotFoundError(f"the job is {found.phase} and has no result {name!r}")
