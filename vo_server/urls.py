"""The server's addresses: every room's, at the place that the design gives it."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from analysis.api import urlpatterns as analysis_urlpatterns
from archive.urls import urlpatterns as archive_urlpatterns
from auth.urls import urlpatterns as auth_urlpatterns
from portal.urls import urlpatterns as portal_urlpatterns
from provenance.urls import urlpatterns as provenance_urlpatterns
from uws.api import urlpatterns as uws_api_urlpatterns
from uws.urls import urlpatterns as uws_urlpatterns
from vo_server import health
from vo_server.metrics import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("tap.urls")),
    path("health/live", health.live),
    path("health/ready", health.ready),
    path("metrics", metrics),
    *analysis_urlpatterns,
    *archive_urlpatterns,
    *auth_urlpatterns,
    *portal_urlpatterns,
    *provenance_urlpatterns,
    *uws_api_urlpatterns,
    *uws_urlpatterns(),
]

handler404 = "vo_server.unknown_address.not_found"
