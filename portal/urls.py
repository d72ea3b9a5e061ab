"""Addresses of this room."""

from django.urls import path

from portal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("tables", views.tables, name="tables"),
    path("examples", views.examples, name="examples"),
    path("capabilities", views.capabilities, name="capabilities"),
    path("analyses/<str:name>", views.analysis, name="analysis"),
    path("jobs/<str:name>/<str:job_id>", views.job, name="job"),
    path("provenance", views.provenance, name="provenance"),
]
