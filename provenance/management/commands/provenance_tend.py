"""``manage.py provenance_tend``: workers run it themselves every five minutes."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from provenance import publisher, retention, statistics


class Command(BaseCommand):
    """Sends what waits in the outbox, and removes hidden history that is too old."""

    help = (
        "Send public activities to the store of linked data (VO_SPARQL_GRAPH_STORE) and remove "
        "unpublished history older than VO_PROVENANCE_RETENTION_DAYS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to send again."""
        parser.add_argument(
            "--resend",
            action="store_true",
            help="put all public activities into the outbox: for a store that is new, or lost some",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do both once; says only what was done."""
        store = publisher.configured_store()
        if options["resend"]:
            if store is None:
                raise CommandError("VO_SPARQL_GRAPH_STORE is not set")
            self.stdout.write(f"{publisher.note_all()} activities are to be sent")
        if store is not None:
            sent, failed = publisher.publish(store)
            if sent or failed:
                waiting = statistics.backlog()
                self.stdout.write(
                    f"{sent} activities were sent, {failed} could not be; {waiting.waiting} wait,"
                    f" {waiting.failing} of them were tried before"
                    + (f" ({waiting.problem})" if waiting.problem else "")
                )
        if settings.VO_PROVENANCE_RETENTION_DAYS > 0:
            keep = timedelta(days=settings.VO_PROVENANCE_RETENTION_DAYS)
            removed = retention.expire(keep)
            if removed:
                self.stdout.write(f"{removed} unpublished activities were removed")
