"""Addresses of this room."""

from django.urls import path

from provenance.provsap import provsap

urlpatterns = [
    path("provsap", provsap, name="provsap"),
]
