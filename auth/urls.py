"""Addresses of this room."""

from django.urls import path

from auth.account import account

urlpatterns = [path("api/account", account, name="account")]
