"""Run jobs, until stopped by SIGTERM or Ctrl-C."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from uws.types import Queue
from uws.worker import work


class Command(BaseCommand):
    """``manage.py uws_worker``: as many of them, on as many machines, as one likes."""

    help = "Run jobs, until stopped by SIGTERM or Ctrl-C."
    # Checks may use the database, which the jobs' processes must not inherit.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """``--jobs`` and ``--short-jobs``."""
        parser.add_argument(
            "--jobs",
            type=int,
            default=settings.VO_UWS_WORKER_JOBS,
            help="how many long jobs (analyses) to run at once, 0: none "
            "(default: VO_UWS_WORKER_JOBS = %(default)s)",
        )
        parser.add_argument(
            "--short-jobs",
            type=int,
            default=settings.VO_UWS_WORKER_SHORT_JOBS,
            help="how many short jobs (queries) to run beside them, 0: none "
            "(default: VO_UWS_WORKER_SHORT_JOBS = %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work."""
        places = {Queue.SHORT: options["short_jobs"], Queue.LONG: options["jobs"]}
        if min(places.values()) < 0 or not any(places.values()):
            raise CommandError("--jobs and --short-jobs: at least one job, and none below 0")
        work(places)
