"""Addresses of this room."""

from django.urls import path

from archive import views

urlpatterns = [
    path("datalink/links", views.links, name="links"),
    path("products/<path:product_id>", views.product, name="product"),
]
