"""``manage.py prov FILE``: where a file on disk comes from, and whether it is still the same."""

import json
import os
import sys
import warnings
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from analysis.products.integrity import broken_hdus
from analysis.products.provenance_cards import entity_in
from analysis.products.provenance_extension import Document, NoHistoryError, read_history
from provenance import graph, serialisation, tree
from provenance.files import file_checksum
from provenance.history import backwards, checksum_of, entities_with_checksum

#: Exit status where the file's history is told, but it isn't the file that was published.
ALTERED = 3


@dataclass(frozen=True, slots=True)
class _Told:
    """A history, in words where it was found, and how the file differs from what was published."""

    document: Document
    source: str
    altered: str = ""


class Command(BaseCommand):
    """Tell the lineage of a file."""

    help = (
        "Tell where a file comes from: by its checksum from the provenance tables, or, where these "
        "don't know it or aren't there, from the history that FITS products carry in themselves. "
        f"Exit status: 0; 1 where nothing is known of the file; {ALTERED} where it was altered "
        "after it was published."
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
        """Print it; raises `CommandError` where nothing is known of the file, or it was altered."""
        if not file.is_file():
            raise CommandError(f"{file} is no file")
        try:
            told = _told(file, offline=options["offline"])
        except PermissionError:
            raise CommandError(f"{file} can't be read by this account") from None
        try:
            self._tell(told, as_json=options["format"] == "json", everything=options["all"])
            self.stdout.flush()
        except BrokenPipeError:  # a pager was closed, or ``head`` has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if told.altered:
            raise CommandError(told.altered, returncode=ALTERED)

    def _tell(self, told: _Told, *, as_json: bool, everything: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps(told.document, indent=1))
            return
        history = graph.read(told.document)
        self.stdout.write(f"from {told.source}")
        for entity in history.last() or tuple(history.entities):
            for line in tree.lines(history, entity, everything=everything):
                self.stdout.write(line)


def _told(file: Path, *, offline: bool) -> _Told:
    """What is known of the file; raises `CommandError` where nothing is."""
    entity = entity_in(file)
    checksum = file_checksum(file)
    reasons = []
    published = None
    if not offline:
        try:
            found = entities_with_checksum(checksum)
            published = checksum_of(entity) if entity else None
        except DatabaseError:
            reasons.append("the database can't be asked")
        else:
            if found:
                # the newest generation of them
                return _Told(_history(found[-1]), "the provenance tables, by the file's checksum")
            reasons.append("no entity in the tables has its checksum")
    altered = ""
    if published is not None:
        altered = f"{file} was altered: {entity} was published with {published}, this is {checksum}"
    elif entity and (broken := broken_hdus(file)):
        altered = f"{file} was altered: CHECKSUM does not fit {', '.join(broken)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # astropy's on broken files: what is wrong is told
            return _Told(read_history(file), "the file itself", altered)
    except NoHistoryError as problem:
        if altered and published is not None and entity:
            return _Told(
                _history(entity), "the provenance tables, by the name in the file", altered
            )
        reasons.append(str(problem))
    raise CommandError(
        f"nothing is known of {file}: {'; '.join([*reasons, *filter(None, [altered])])}"
    )


def _history(entity: str) -> Document:
    history = backwards([entity], None, hidden=True)
    document: Document = json.loads(serialisation.to_json(serialisation.document(history)))
    return document
