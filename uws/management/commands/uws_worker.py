"""Run jobs, until stopped by SIGTERM or Ctrl-C."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from uws.worker import work


class Command(BaseCommand):
    """``manage.py uws_worker``: as many of them, on as many machines, as one likes."""

    help = "Run jobs, until stopped by SIGTERM or Ctrl-C."
    # Checks may use the database, which the jobs' processes must not inherit.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """``--jobs``."""
        parser.add_argument(
            "--jobs",
            type=int,
            default=settings.VO_UWS_WORKER_JOBS,
            help="how many jobs to run at once (default: VO_UWS_WORKER_JOBS = %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work."""
        work(options["jobs"])
