"""The portal's pages."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.home import home_page


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The home page."""
    page = home_page()
    response = render(request, "portal/home.html", {"page": page})
    response["Content-Security-Policy"] = _policy(page.site_url)
    return response


def _policy(site_url: str) -> str:
    """Pages take style and pictures from this server only, and run no script.

    Pictures' addresses start with the site's, whatever name the page itself was asked under.
    """
    site = urlsplit(site_url)
    return (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
        f"img-src 'self' {site.scheme}://{site.netloc}"
    )
