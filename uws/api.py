"""Jobs as JSON for programs, below ``/api/uws``: `uws.service`, `uws.json_documents`, by DRF.

The same jobs as the UWS resources, with the same rights, limits and words.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import URLPattern, path
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from auth.principal import Principal, of_request
from dali.errors import DaliError, ParameterError
from dali.parameters import Parameters
from uws import json_documents, registry, service
from uws.errors import InvalidParametersError
from uws.openapi import schema_view
from uws.times import read_time
from uws.types import JobType
from uws.wait import requested_phase

logger = logging.getLogger(__name__)


class ByMiddleware(BaseAuthentication):
    """Who it is has been told by auth's middleware."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        """The user of Django's request."""
        user = request._request.user
        return (user, None) if user.is_authenticated else None


class JobView(APIView):
    """What all of these share: JSON alone, who asks, and errors in the same words as elsewhere.

    Changes by a signed-in browser are guarded by `auth.middleware.SameOriginForUsers`.
    """

    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)
    authentication_classes = (ByMiddleware,)
    permission_classes = ()

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return of_request(self.request._request)

    def handle_exception(self, exc: Exception) -> Response:
        """An error as ``{"error": …}``, with every wrong parameter where that is the matter."""
        if isinstance(exc, DaliError):
            told: dict[str, Any] = {"error": exc.message}
            if isinstance(exc, InvalidParametersError):
                told["problems"] = list(exc.problems)
            return Response(told, status=exc.status)
        if isinstance(exc, APIException):
            return Response({"error": str(exc.detail)}, status=exc.status_code)
        logger.error("a request failed", exc_info=exc)
        return Response({"error": "internal error"}, status=500)


class JobTypes(JobView):
    """``/api/uws``."""

    def get(self, request: Request) -> Response:
        """Every job type."""
        offered = [json_documents.job_type(job_type) for job_type in registry.all()]
        return Response({"job_types": offered})


class JobTypeDescription(JobView):
    """``/api/uws/<type>``."""

    def get(self, request: Request, name: str) -> Response:
        """One job type: parameters, limits, units."""
        return Response(json_documents.job_type(registry.get(name)))


class Jobs(JobView):
    """``/api/uws/<type>/jobs``."""

    def get(self, request: Request, name: str) -> Response:
        """The client's jobs, newest first; ``phase`` (repeatable), ``after``, ``last`` filter."""
        asked = Parameters(
            (key, value) for key, values in request.query_params.lists() for value in values
        )
        after, last = asked.one("after"), asked.integer("last")
        if last is not None and last <= 0:
            raise ParameterError("last", "must be greater than 0")
        found = service.list_jobs(
            registry.get(name),
            self.principal,
            phases=[requested_phase(text) for text in asked.all("phase")],
            after=None if after is None else read_time("after", after),
            last=last,
        )
        return Response(json_documents.jobs(found))

    def post(self, request: Request, name: str) -> Response:
        """A new job; it is handed in at once where ``run`` is true."""
        body = body_of(request)
        _refuse_others(body, _CREATION, "a job is created with")
        job_type = registry.get(name)
        destruction = body.get("destruction")
        if not isinstance(body.get("run", False), bool):
            raise ParameterError("run", "is true or false")
        job = service.create(
            job_type,
            self.principal,
            parameters_of_json(body.get("parameters", {})),
            run_id=None if body.get("run_id") is None else str(body["run_id"]),
            execution_duration=_whole("execution_duration", body.get("execution_duration")),
            destruction=None if destruction is None else read_time("destruction", str(destruction)),
            notify=_texts("notify", body.get("notify", [])),
            run_now=body.get("run") is True,
        )
        document = json_documents.job(job, _job_url(job_type, job.job_id))
        headers = {"Location": document["url"]}
        return Response(document, status=status.HTTP_201_CREATED, headers=headers)


class OneJob(JobView):
    """``/api/uws/<type>/jobs/<id>``."""

    def get(self, request: Request, name: str, job_id: str) -> Response:
        """All of the job."""
        return self._answer(registry.get(name), job_id)

    def patch(self, request: Request, name: str, job_id: str) -> Response:
        """Change parameters, duration, destruction, who is told or, last of all, the phase."""
        body = body_of(request)
        job_type = registry.get(name)
        asked = (job_type, self.principal, job_id)
        changes: dict[str, Callable[[Any], None]] = {
            "parameters": lambda given: service.set_parameters(*asked, parameters_of_json(given)),
            "execution_duration": lambda given: service.set_execution_duration(
                *asked, _there(_whole("execution_duration", given))
            ),
            "destruction": lambda given: service.set_destruction(
                *asked, read_time("destruction", str(given))
            ),
            "notify": lambda given: service.set_notify(*asked, _texts("notify", given)),
            "phase": lambda given: _move(str(given), *asked),
        }
        _refuse_others(body, changes, "what can be changed is")
        with transaction.atomic():
            for field, change in changes.items():
                if field in body:
                    change(body[field])
        return self._answer(job_type, job_id)

    def delete(self, request: Request, name: str, job_id: str) -> Response:
        """Destroy the job with its results."""
        service.delete(registry.get(name), self.principal, job_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _answer(self, job_type: JobType[Any], job_id: str) -> Response:
        found = service.get(job_type, self.principal, job_id)
        return Response(json_documents.job(found, _job_url(job_type, job_id)))


def _job_url(job_type: JobType[Any], job_id: str) -> str:
    return f"{settings.SITE_URL}{job_type.path}/{job_id}"


def _move(phase: str, job_type: JobType[Any], principal: Principal, job_id: str) -> None:
    match phase.upper():
        case "RUN" | "QUEUED":
            service.run(job_type, principal, job_id)
        case "ABORT" | "ABORTED":
            service.abort(job_type, principal, job_id)
        case _:
            raise ParameterError("phase", f"can be set to RUN or ABORT, not {phase!r}")


def body_of(request: Request) -> dict[str, Any]:
    """The object that the request's body is; raises `DaliError`."""
    return _object(request.data)


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise DaliError("the body must be a JSON object")
    return body


_CREATION = ("parameters", "run_id", "execution_duration", "destruction", "notify", "run")


def _refuse_others(body: dict[str, Any], known: Iterable[str], what: str) -> None:
    for unknown in sorted(body.keys() - set(known)):
        raise ParameterError(unknown, f"can't be given here; {what} {', '.join(known)}")


def _there(seconds: int | None) -> int:
    if seconds is None:
        raise ParameterError("execution_duration", "missing")
    return seconds


def parameters_of_json(given: Any) -> Parameters:
    """JSON's values as a form would send them: a list is a repeated parameter, null is none."""
    pairs: list[tuple[str, str]] = []
    for name, value in _object(given).items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict | list):
                raise ParameterError(name, "takes plain values or a list of them")
            if one is not None:
                text = ("1" if one else "0") if isinstance(one, bool) else str(one)
                pairs.append((name, text))
    return Parameters(pairs)


def _whole(name: str, given: Any) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int):
        raise ParameterError(name, f"{given!r} is not a whole number")
    return given


def _texts(name: str, given: Any) -> list[str]:
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise ParameterError(name, "takes a list of strings")
    return given


urlpatterns: list[URLPattern] = [
    path("api/schema", schema_view),
    path("api/uws", JobTypes.as_view()),
    path("api/uws/<str:name>", JobTypeDescription.as_view()),
    path("api/uws/<str:name>/jobs", Jobs.as_view()),
    path("api/uws/<str:name>/jobs/<str:job_id>", OneJob.as_view()),
]
