"""Django's entry for this room."""

from django.apps import AppConfig


class ArchiveConfig(AppConfig):
    """The INTEGRAL archive."""

    name = "archive"
    label = "archive"
    default_auto_field = "django.db.models.BigAutoField"
