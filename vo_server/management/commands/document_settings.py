"""``manage.py document_settings``: write docs/settings.md."""

from django.core.management.base import BaseCommand

from vo_server.settings_page import PAGE, page


class Command(BaseCommand):
    """Writes the table of settings from their declarations."""

    help = "Write docs/settings.md from the declarations in vo_server/configuration.py."

    def handle(self, *args: object, **options: object) -> None:
        """Write it."""
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(), encoding="utf-8")
        self.stdout.write(f"wrote {PAGE.name}")
