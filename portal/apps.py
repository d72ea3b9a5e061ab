"""Django's entry for this room."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Web pages for people."""

    name = "portal"
    label = "portal"
    default_auto_field = "django.db.models.BigAutoField"
