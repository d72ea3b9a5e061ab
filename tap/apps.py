"""Django's entry for this room."""

from django.apps import AppConfig


class TapConfig(AppConfig):
    """TAP 1.1."""

    name = "tap"
    label = "tap"
    default_auto_field = "django.db.models.BigAutoField"
