"""The server's addresses: every room's, at the place that the design gives it."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from vo_server import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("health/live", health.live),
    path("health/ready", health.ready),
]
