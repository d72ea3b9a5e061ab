"""Django's entry for this room."""

import os
from importlib import import_module

from django.apps import AppConfig
from django.conf import settings


class AnalysisConfig(AppConfig):
    """Workflows of pure steps."""

    name = "analysis"
    label = "analysis"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Declare the site's own engines, and let processes that run steps find OSA."""
        from analysis.engines import registry

        for name, value in settings.VO_OSA.items():
            if value:
                os.environ.setdefault(name, value)

        for module in settings.VO_ANALYSIS_ENGINES:
            registry.declare(import_module(module).DECLARATION)
