"""Addresses below ``/tap`` (TAP 1.1, section 2); those of its jobs come with every job type's."""

from django.urls import URLPattern, URLResolver, path

from tap import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("tap", views.base),
    path("tap/sync", views.sync),
    path("tap/capabilities", views.capabilities),
    path("tap/availability", views.availability),
    path("tap/tables", views.tables),
    path("tap/tables/<str:name>", views.table),
    path("tap/examples", views.examples),
]
