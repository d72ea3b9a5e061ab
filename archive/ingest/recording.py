"""What provenance is told of an ingest: who, when, with which checks, from where, and what came.

Whoever changes the reference catalogue or the observation table does so by an ingest, too.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from django.conf import settings

import provenance.store
from archive.identifiers import ProductIdentity
from archive.ingest.problems import Problem
from provenance.agents import CREATOR, maker_of_files, operators, software
from provenance.recorder import Recorder, activity, parameter
from provenance.records import EntityClass, EntityRecord, InvolvedRecord, ParameterRecord

FITS = "application/fits"
_CHECKS = "structure, keywords, SHA-256"
_MOST_FAULTS = 20


def archive_file(
    identity: ProductIdentity, name: str, location: str, sha256: str, kind: str, origin: str | None
) -> EntityRecord:
    """A file that came into the archive. That it is here is no secret.

    location: below the archive's root. origin: what the file says of its maker, if anything.
    """
    return EntityRecord(
        identity.obs_publisher_did,
        name=name,
        location=location,
        content_type=FITS,
        checksum=f"sha256:{sha256}",
        comment=f"Made by {origin}." if origin else None,
        description=kind,
        attributed_to=(
            (InvolvedRecord(maker_of_files(settings.VO_AUTHORITY, origin), CREATOR),)
            if origin
            else ()
        ),
        public=True,
    )


def science_window(identifier: str, title: str, members: Sequence[EntityRecord]) -> EntityRecord:
    """A Science Window as the collection of its files."""
    return EntityRecord(
        identifier,
        name=title,
        entity_class=EntityClass.COLLECTION,
        description="science_window",
        members=tuple(member.id for member in members),
        public=True,
    )


def record_ingest(
    name: str,
    source: Path,
    files: Sequence[EntityRecord],
    collection: EntityRecord | None = None,
    parameters: Sequence[ParameterRecord] = (),
    remark: str = "",
) -> None:
    """Enter an ingest that brought these files, and the collection that they belong to.

    name: of the activity. source: where they were found, which administrators alone can read.
    parameters, remark: what it changed of what was there before. Belongs into the transaction that
    enters the files.
    """
    with _ingest(name, source, len(files), public=True) as ingest:
        ingest.configured(*parameters)
        if remark:
            ingest.remark(remark)
        for file in files:
            ingest.generated(file, role=file.description)
    records: list[provenance.ActivityRecord | EntityRecord] = [*ingest.records]
    if collection is not None:
        made_at = ingest.record.end
        records.append(replace(collection, generated_at=made_at))
    provenance.store.enter(records)


def record_refusal(name: str, source: Path, problems: Sequence[Problem]) -> None:
    """Enter an ingest that failed: administrators alone can read of what, and the first faults."""
    with suppress(_RefusedError), _ingest(name, source, 0, public=False) as ingest:
        told = "; ".join(str(problem) for problem in problems[:_MOST_FAULTS])
        ingest.remark_privately(told if len(problems) <= _MOST_FAULTS else f"{told}; …")
        raise _RefusedError
    found = "one fault" if len(problems) == 1 else f"{len(problems)} faults"
    provenance.store.enter(
        [*ingest.records[:-1], replace(ingest.record, comment=f"Refused: {found}.")]
    )


class _RefusedError(Exception):
    """What was to be ingested is bad."""


@contextmanager
def _ingest(name: str, source: Path, files: int, *, public: bool) -> Iterator[Recorder]:
    with activity(
        name,
        version=settings.VO_VERSION,
        # in public the operators as a group; by whose account, administrators can read
        agent=operators(settings.VO_AUTHORITY),
        agents=(
            InvolvedRecord(
                software(settings.VO_AUTHORITY, "vo_server", settings.VO_VERSION), "software"
            ),
        ),
        parameters=(
            parameter("checks", _CHECKS, description="What every file was checked for"),
            parameter("files", files, description="How many files came"),
        ),
        public=public,
    ) as ingest:
        ingest.remark_privately(f"Found in {source}.")
        yield ingest
