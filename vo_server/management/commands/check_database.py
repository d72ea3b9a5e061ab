"""``manage.py check_database``: whether the database has what this server needs."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vo_server.database_requirements import lacks


class Command(BaseCommand):
    """Looks at the version, pgSphere, rights and the reader role; says what is missing."""

    help = "Check the database's version, pgSphere and rights; print the statements that mend them."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        """Print every lack with its remedy; fail where there is one."""
        urls = settings.CONFIGURATION.database_url, settings.CONFIGURATION.vo_reader_database_url
        found = lacks(*urls)
        for lack in found:
            self.stderr.write(f"Missing: {lack.what}\n    {lack.remedy}")
        if found:
            raise CommandError(
                "The database lacks what is listed above. Its administrator (mostly a superuser) "
                "has to run these statements in it."
            )
        self.stdout.write("The database has what this server needs.")
