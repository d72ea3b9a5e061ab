"""``manage.py restore``: a backup into an empty database and its folders."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from analysis import cache_index
from vo_server.backup import BackupError, restore


class Command(BaseCommand):
    """Restores a backup and brings it up to date with this version's migrations."""

    help = "Restore what 'backup' wrote into the (empty) database and folders of the settings."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The backup's folder."""
        parser.add_argument("folder", type=Path, help="the backup's folder")

    def handle(self, *args: object, folder: Path, **options: object) -> None:
        """Restore, then migrate."""
        try:
            restore(folder, say=self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error)) from error
        call_command("migrate", interactive=False, verbosity=0)
        cache_index.forget_folder()  # the cache isn't in the backup: the one here is as good
