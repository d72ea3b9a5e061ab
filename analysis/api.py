"""Plans over HTTP: what a job would do, or does, as JSON, text and picture.

``/api/plan/<type>`` plans without a job; ``/api/uws/<type>/jobs/<id>/plan`` plans a job as its
owner would have it run now, so that while it runs, ever more of it is cached. ``.txt`` and ``.svg``
after either are the other forms. The rights, words and errors are those of ``/api/uws``.
"""

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from rest_framework.request import Request
from rest_framework.response import Response

from analysis import plans
from analysis.plan_documents import PlanDocuments
from dali.parameters import Parameters
from uws import registry
from uws.api import JobView, body_of, parameters_of_json

_SVG_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


class PlanOfRequest(JobView):
    """``/api/plan/<type>``: parameters in the query, or ``{"parameters": …}`` by POST."""

    def get(self, request: Request, name: str, form: str) -> HttpResponseBase:
        """The plan of a job with the query's parameters."""
        asked = Parameters(
            (key, value) for key, values in request.query_params.lists() for value in values
        )
        return _answer(request, plans.of_request(registry.get(name), asked, self.principal), form)

    def post(self, request: Request, name: str, form: str) -> HttpResponseBase:
        """The plan of the job that the same body would create."""
        asked = parameters_of_json(body_of(request).get("parameters", {}))
        return _answer(request, plans.of_request(registry.get(name), asked, self.principal), form)


class PlanOfJob(JobView):
    """``/api/uws/<type>/jobs/<id>/plan``."""

    def get(self, request: Request, name: str, job_id: str, form: str) -> HttpResponseBase:
        """The plan of the job."""
        return _answer(request, plans.of_job(registry.get(name), self.principal, job_id), form)


def _answer(request: Request, documents: PlanDocuments, form: str) -> HttpResponseBase:
    """In that form; ``steps=1`` in the query adds every single step to the JSON."""
    answer: HttpResponseBase
    match form:
        case "svg":
            answer = HttpResponse(documents.svg(), "image/svg+xml", headers=_SVG_HEADERS)
        case "txt":
            answer = HttpResponse(documents.text(), "text/plain; charset=utf-8")
        case _:
            with_steps = request.query_params.get("steps") == "1"
            links = {
                "text": _beside(request, ".txt"),
                "picture": _beside(request, ".svg"),
            }
            answer = Response({**documents.json(with_steps=with_steps), "links": links})
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def _beside(request: Request, ending: str) -> str:
    """The address of the same plan in another form; of a POST the query alone is repeated."""
    query = request.META.get("QUERY_STRING", "")
    return f"{settings.SITE_URL}{request.path}{ending}{'?' if query else ''}{query}"


urlpatterns: list[URLPattern] = [
    path(f"{place}{ending}", view.as_view(), {"form": form})
    for place, view in (
        ("api/plan/<str:name>", PlanOfRequest),
        ("api/uws/<str:name>/jobs/<str:job_id>/plan", PlanOfJob),
    )
    # a name may hold a dot: the endings go first
    for form, ending in (("svg", ".svg"), ("txt", ".txt"), ("json", ""))
]
