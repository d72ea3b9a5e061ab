"""``manage.py ingest PATH…``: takes data into the archive."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from archive.ingest.examination import Examination
from archive.ingest.problems import Problem
from archive.ingest.service import ingest


class Command(BaseCommand):
    """Validates and loads Science Windows, reference catalogues and observation tables."""

    help = (
        "Take data into the archive: trees in the archive's layout (scw/, cat/, obs/) or folders "
        "of single Science Windows. Files already at their place below VO_ARCHIVE_ROOT are "
        "registered there, others are copied to it. Bad files are named and skipped; the same "
        "files again change nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The paths."""
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")

    def handle(self, *args: Any, paths: list[Path], **options: Any) -> None:
        """Ingest; exit status 1 where anything was bad."""
        quiet = options["verbosity"] == 0

        def progress(work: Iterable[Examination], number: int) -> Iterable[Examination]:
            return tqdm(
                work, total=number, unit="ScW", desc="ingest", disable=quiet, file=sys.stderr
            )

        def complain(problem: Problem) -> None:
            tqdm.write(self.style.ERROR(str(problem)), file=sys.stderr)

        report = ingest(paths, progress=progress, complain=complain)
        if not quiet:
            self.stdout.write(report.summary)
        if report.bad:
            raise CommandError(f"{report.bad} bad files or folders were skipped")
