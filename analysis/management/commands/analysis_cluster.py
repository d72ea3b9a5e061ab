"""Run the embedded cluster that makes the steps of analyses, until stopped."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from analysis.embedded_cluster import Cluster
from analysis.engines.registry import declared_engines
from analysis.places import slots


class Command(BaseCommand):
    """``manage.py analysis_cluster``: workers of jobs start it themselves when they need it."""

    help = "Run the embedded cluster that makes the steps of analyses, until stopped."
    # Checks may use the database, which the cluster's processes must not inherit.
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve."""
        modules = [engine.module for engine in declared_engines() if not engine.missing()]
        modules.append("analysis.fitting.steps")
        Cluster(Path(settings.VO_CACHE_ROOT), slots(), modules).serve()
