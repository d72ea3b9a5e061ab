"""``manage.py prepare_demonstration``: the demonstration archive, simulated and ingested."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Simulates what is missing of the demonstration archive and takes it in, as any archive."""

    help = "Simulate the demonstration archive below VO_ARCHIVE_ROOT and ingest it."

    def handle(self, *args: object, **options: object) -> None:
        """Both steps; each passes over what is there already."""
        call_command("simulate_archive", stdout=self.stdout, stderr=self.stderr)
        call_command("ingest", settings.VO_ARCHIVE_ROOT, stdout=self.stdout, stderr=self.stderr)
