"""Django's entry for this room."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """Workflows of pure steps."""

    name = "analysis"
    label = "analysis"
    default_auto_field = "django.db.models.BigAutoField"
