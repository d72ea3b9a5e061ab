"""Django's entry for this room."""

from django.apps import AppConfig


class AuthConfig(AppConfig):
    """Who asks; the label differs from django.contrib.auth's."""

    name = "auth"
    label = "vo_auth"
    default_auto_field = "django.db.models.BigAutoField"
