"""``manage.py consistency_check``: are the files what the tables say?"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.consistency import check
from archive.models import DataProduct


class Command(BaseCommand):
    """Names files that are missing, altered or unknown. Changes nothing."""

    help = "Compare the files of archive and products with the tables; changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to read every file."""
        parser.add_argument(
            "--checksums",
            action="store_true",
            help="read every file and compare its SHA-256, not only its size",
        )

    def handle(self, *args: Any, checksums: bool = False, **options: Any) -> None:
        """Check; exit status 1 where anything is inconsistent."""

        def progress(products: Iterable[DataProduct], number: int) -> Iterable[DataProduct]:
            quiet = options["verbosity"] == 0
            return tqdm(
                products, total=number, unit="file", desc="check", disable=quiet, file=sys.stderr
            )

        found = 0
        for inconsistency in check(checksums=checksums, progress=progress):
            found += 1
            tqdm.write(str(inconsistency), file=sys.stdout)
        if found:
            raise CommandError(f"{found} files are not as the tables say")
        self.stdout.write("Files and tables agree.")
