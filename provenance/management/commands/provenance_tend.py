"""``manage.py provenance_tend``: workers run it themselves every minute."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from provenance import publisher, retention


class Command(BaseCommand):
    """Sends what waits in the outbox, and removes hidden history that is too old."""

    help = (
        "Send public activities to the store of linked data (VO_SPARQL_GRAPH_STORE) and remove "
        "unpublished history older than VO_PROVENANCE_RETENTION_DAYS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do both once; says only what was done."""
        store = publisher.configured_store()
        if store is not None:
            sent, failed = publisher.publish(store)
            if sent or failed:
                self.stdout.write(f"{sent} activities were sent, {failed} could not be")
        if settings.VO_PROVENANCE_RETENTION_DAYS > 0:
            keep = timedelta(days=settings.VO_PROVENANCE_RETENTION_DAYS)
            removed = retention.expire(keep, settings.VO_AUTHORITY)
            if removed:
                self.stdout.write(f"{removed} unpublished activities were removed")
