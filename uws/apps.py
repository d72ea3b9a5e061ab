"""Django's entry for this room."""

from django.apps import AppConfig


class UwsConfig(AppConfig):
    """UWS 1.1 jobs."""

    name = "uws"
    label = "uws"
    default_auto_field = "django.db.models.BigAutoField"
