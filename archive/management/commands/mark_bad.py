"""``manage.py mark_bad SCW REASON``: says that a Science Window's data are bad."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from archive.models import DataProduct
from instruments.science_window import ScienceWindowId, ScienceWindowIdError
from provenance.validity import dependants, mark_bad, mark_good


class Command(BaseCommand):
    """Marks, and lists everything that was made from the Science Window."""

    help = (
        "Mark a Science Window's files as bad in the provenance (entity.invalidated_at_time, with "
        "the reason in its comment) and list everything that was made from them. Nothing is "
        "deleted, and new analyses may still take it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which Science Window, and why."""
        parser.add_argument("scw", metavar="SCW", help="RRRRPPPPSSSF.VVV")
        parser.add_argument("reason", metavar="REASON", help="what is wrong; everybody may read it")
        parser.add_argument("--undo", action="store_true", help="take the mark away again")

    def handle(self, *args: Any, **options: Any) -> None:
        """Mark and list."""
        try:
            identifier = ScienceWindowId.parse(options["scw"])
        except ScienceWindowIdError as exc:
            raise CommandError(str(exc)) from exc
        mark = mark_good if options["undo"] else mark_bad
        marked: list[str] = []
        with transaction.atomic():
            for whole in _wholes(identifier):
                marked += mark(
                    whole,
                    options["reason"],
                    authority=settings.VO_AUTHORITY,
                    version=settings.VO_VERSION,
                )
        self.stdout.write(f"{'no longer ' if options['undo'] else ''}bad: {len(marked)} entities")
        found = dependants(marked)
        for dependant in found:
            where = dependant.location or ("public" if dependant.public else "not published")
            self.stdout.write(f"{dependant.identifier}\t{dependant.name or ''}\t{where}")
        self.stdout.write(f"{len(found)} things were made from them")


def _wholes(identifier: ScienceWindowId) -> list[str]:
    """What a Science Window's files are together, in the provenance; raises `CommandError`.

    There are two where some of them came after the server was given another authority.
    """
    files = DataProduct.objects.filter(science_window=str(identifier))
    names = {name.rpartition("/")[0] for name in files.values_list("obs_publisher_did", flat=True)}
    if not names:
        raise CommandError(f"the archive has no Science Window {identifier}")
    return sorted(names)
