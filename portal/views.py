"""The portal's pages."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from auth.principal import of_request
from dali.errors import DaliError, NotFoundError
from dali.http import parameters_of
from portal.analyses import analysis_page, begun, job_page, refused
from portal.home import home_page
from portal.provenance import provenance_page
from portal.published import abilities, published_schemas, runnable_examples


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The home page."""
    return _page(request, "home", page=home_page())


@require_safe
def tables(request: HttpRequest) -> HttpResponse:
    """The published tables and their columns."""
    return _page(request, "tables", schemas=published_schemas())


@require_safe
def examples(request: HttpRequest) -> HttpResponse:
    """Queries to begin with."""
    return _page(request, "examples", examples=runnable_examples())


@require_safe
def capabilities(request: HttpRequest) -> HttpResponse:
    """What queries may use, and their limits."""
    return _page(request, "capabilities", able=abilities())


@require_safe
def provenance(request: HttpRequest) -> HttpResponse:
    """What is known of one entity, activity or agent."""
    identifier = request.GET.get("ID", "")
    try:
        page = provenance_page(identifier, hidden=of_request(request).is_administrator)
    except NotFoundError as exc:
        response = _page(request, "provenance_unknown", identifier=identifier, said=exc.message)
        response.status_code = exc.status
        return response
    return _page(request, "provenance", page=page)


@csrf_exempt  # `auth.middleware.SameOriginForUsers` guards changes in a user's name
@require_http_methods(["GET", "HEAD", "POST"])
def analysis(request: HttpRequest, name: str) -> HttpResponse:
    """The form of an analysis with what it would do; a POST runs it."""
    principal = of_request(request)
    try:
        given = parameters_of(request)
        if request.method != "POST":
            page = analysis_page(name, given, principal)
            return _unshared(_page(request, "analysis", page=page))
    except DaliError as exc:
        return _not_here(request, exc)
    try:
        response = HttpResponse(status=303)
        response["Location"] = begun(name, given, principal)
        return response
    except NotFoundError as exc:
        return _not_here(request, exc)
    except DaliError as exc:
        answer = _unshared(_page(request, "analysis", page=refused(name, given, exc.message)))
        answer.status_code = exc.status
        return answer


@require_safe
def job(request: HttpRequest, name: str, job_id: str) -> HttpResponse:
    """A job: how far it is, its steps, its results."""
    try:
        page = job_page(name, job_id, of_request(request))
        return _unshared(_page(request, "job", page=page))
    except DaliError as exc:
        return _not_here(request, exc)


def _unshared(response: HttpResponse) -> HttpResponse:
    """For the one who asked, now: neither a proxy nor the browser keeps it."""
    response["Cache-Control"] = "private, no-store"
    return response


def _not_here(request: HttpRequest, error: DaliError) -> HttpResponse:
    response = _unshared(_page(request, "not_here", said=error.message))
    response.status_code = error.status
    return response


def _page(request: HttpRequest, name: str, **content: object) -> HttpResponse:
    site_url = settings.SITE_URL
    response = render(request, f"portal/{name}.html", {**content, "site_url": site_url})
    response["Content-Security-Policy"] = _policy(site_url)
    return response


def _policy(site_url: str) -> str:
    """Pages take style and pictures from this server only, and run no script.

    Pictures' addresses start with the site's, whatever name the page itself was asked under.
    """
    site = urlsplit(site_url)
    return (
        "default-src 'none'; style-src 'self'; base-uri 'none'; "
        f"form-action 'self' {site.scheme}://{site.netloc}; "
        f"img-src 'self' {site.scheme}://{site.netloc}"
    )
