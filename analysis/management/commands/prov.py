"""``manage.py prov FILE``: where a file on disk comes from."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from analysis.cache import file_checksum
from analysis.products.provenance_extension import Document, NoHistoryError, read_history
from provenance import graph, serialisation, tree
from provenance.history import History, backwards, entities_with_checksum


class Command(BaseCommand):
    """Tell the lineage of a file."""

    help = (
        "Tell where a file comes from: by its checksum from the provenance tables, or, where these "
        "don't know it or aren't there, from the history that FITS products carry in themselves."
    )
    # offline means without a database, and so without the checks that need one
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The file, and how to tell."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--offline", action="store_true", help="read the file only, never the database"
        )
        parser.add_argument(
            "--format", choices=("text", "json"), default="text", help="json: PROV-JSON"
        )
        parser.add_argument(
            "--all", action="store_true", help="tell every input, also those that were made alike"
        )

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Print it; raises `CommandError` where nothing is known of the file."""
        if not file.is_file():
            raise CommandError(f"{file} is no file")
        document, source = self._document(file, offline=options["offline"])
        if options["format"] == "json":
            self.stdout.write(json.dumps(document, indent=1))
            return
        history = graph.read(document)
        self.stdout.write(f"from {source}")
        for entity in history.last() or tuple(history.entities):
            for line in tree.lines(history, entity, everything=options["all"]):
                self.stdout.write(line)

    def _document(self, file: Path, *, offline: bool) -> tuple[Document, str]:
        """The history, and in words where it was found."""
        reasons = []
        if not offline:
            try:
                history = _known(file_checksum(file))
            except DatabaseError:
                reasons.append("the database can't be asked")
            else:
                if history is not None:
                    written = serialisation.to_json(serialisation.document(history))
                    return json.loads(written), "the provenance tables, by the file's checksum"
                reasons.append("no entity in the tables has its checksum")
        try:
            return read_history(file), "the file itself"
        except NoHistoryError as problem:
            reasons.append(str(problem))
        raise CommandError(f"nothing is known of {file}: {'; '.join(reasons)}")


def _known(checksum: str) -> History | None:
    """The history of the entities of that checksum, the newest generation of them."""
    found = entities_with_checksum(checksum)
    return backwards(found[-1:], None, hidden=True) if found else None
