"""``manage.py backup``: the database and its files into one folder."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from vo_server.backup import BackupError, back_up


class Command(BaseCommand):
    """Writes a backup while the server runs."""

    help = "Write the database, the products, the jobs' results and the archive into a new folder."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The folder, and whether the archive's files go along."""
        parser.add_argument("folder", type=Path, help="a folder that is empty or does not exist")
        parser.add_argument(
            "--without-archive",
            action="store_true",
            help="leave out the INTEGRAL archive's files (where they can be had again)",
        )

    def handle(self, *args: object, folder: Path, without_archive: bool, **options: object) -> None:
        """Write it."""
        try:
            back_up(folder, archive=not without_archive, say=self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error)) from error
