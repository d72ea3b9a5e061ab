"""Loads what describes the archive's data: the reference catalogue and the observation table."""

import math
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction

from archive.catalogue import CATALOGUE_KIND
from archive.file_store import ContentDiffersError, place_file
from archive.identifiers import archive_file_identity
from archive.ingest.edits import Edit, edit
from archive.ingest.fits_file import FitsFile, first_line, quiet
from archive.ingest.problems import Problem, UnreadableError
from archive.ingest.recording import FITS, archive_file, record_ingest
from archive.ingest.release import refresh
from archive.models import DataProduct, DataRights, Observation, Source, Store
from archive.obsplan import enter_observation
from instruments.archive_layout import CATALOGUES, OBSERVATIONS, OBSERVATIONS_FILE
from instruments.isgri_files import PRIVATE, PUBLIC
from instruments.reference_catalogue import REFERENCE_CATALOGUE, REQUIRED_COLUMNS
from provenance.identifiers import new_entity_id
from provenance.recorder import parameter
from provenance.records import EntityRecord, ParameterRecord

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_OBSERVATION_ID = re.compile(r"[0-9A-Za-z]{1,16}")


def load_catalogue(path: Path) -> bool:
    """Make this edition of the reference catalogue the archive's; whether anything changed.

    An older edition than the archive's is kept as a file only. Raises `UnreadableError` for what
    is no sound catalogue, or differs from an edition of the same name.
    """
    file = FitsFile(path)
    location = str(CATALOGUES / path.name)
    known = DataProduct.objects.filter(store=Store.ARCHIVE, path=location).first()
    if known is not None:
        if known.sha256 != file.sha256:
            raise _unreadable(
                path,
                "differs from the archive's edition of that name; a changed "
                "catalogue needs the next number",
            )
        return False
    rows = _read(file, _catalogue_rows)
    identity = archive_file_identity(CATALOGUES, path.stem)
    with transaction.atomic():
        DataProduct.objects.create(
            product_id=identity.product_id,
            obs_publisher_did=identity.obs_publisher_did,
            store=Store.ARCHIVE,
            path=location,
            kind=CATALOGUE_KIND,
            file_name=path.name,
            media_type=FITS,
            size=file.size,
            sha256=file.sha256,
            created=datetime.now(UTC),
            data_rights=DataRights.PUBLIC,
            release_date=datetime.now(UTC),
        )
        held = Source.objects.values_list("catalogue", flat=True).first()
        parameters: tuple[ParameterRecord, ...] = ()
        remark = ""
        if held is None or held < location:
            made = _replace_sources(rows, location)
            if held is not None:
                before = DataProduct.objects.get(store=Store.ARCHIVE, path=held)
                parameters = (
                    parameter(
                        "replaces", before.obs_publisher_did, description="The edition before"
                    ),
                    *made.parameters,
                )
                remark = made.words
        else:
            remark = f"An older edition than {PurePosixPath(held).name}, which stays in use."
        entity = archive_file(
            identity, path.name, location, file.sha256, CATALOGUE_KIND, origin=None
        )
        record_ingest(
            "ingest_catalogue", path.parent, [entity], parameters=parameters, remark=remark
        )
        _place(path, location, file.sha256)
    return True


def _replace_sources(rows: list[dict[str, Any]], location: str) -> Edit:
    """Make these the archive's sources; what that changes."""
    before = {str(row["source_id"]): row for row in Source.objects.values()}
    Source.objects.all().delete()
    Source.objects.bulk_create(Source(catalogue=location, **row) for row in rows)
    return edit(before, {row["source_id"]: row for row in rows})


def _catalogue_rows(file: FitsFile) -> list[dict[str, Any]]:
    hdu = file.extension(file.open(), REFERENCE_CATALOGUE.extension)
    if hdu is None:
        raise UnreadableError(file.problems[0])
    present = {name.upper() for name in hdu.columns.names}
    for name in REQUIRED_COLUMNS:
        if name not in present:
            file.report("the column is missing", hdu=hdu.name, item=name)
    _raise_first(file)
    rows: list[dict[str, Any]] = [
        {
            "source_id": _text(record["SOURCE_ID"]),
            "name": _text(record["NAME"]),
            "source_class": (_text(record["CLASS"]) or None) if "CLASS" in present else None,
            "ra": float(record["RA_OBJ"]),
            "dec": float(record["DEC_OBJ"]),
            "position_error": _number(record["ERR_RAD"]),
            "isgri_flux_1": _number(record["ISGR_FLUX_1"]) if "ISGR_FLUX_1" in present else None,
            "isgri_flux_2": _number(record["ISGR_FLUX_2"]) if "ISGR_FLUX_2" in present else None,
            "isgri_flag": int(record["ISGRI_FLAG"]),
            "jemx_flux_1": _number(record["JEMX_FLUX_1"]) if "JEMX_FLUX_1" in present else None,
            "jemx_flux_2": _number(record["JEMX_FLUX_2"]) if "JEMX_FLUX_2" in present else None,
            "jemx_flag": int(record["JEMX_FLAG"]) if "JEMX_FLAG" in present else 0,
        }
        for record in hdu.data
    ]
    for number, row in enumerate(rows, start=1):
        if not (0 <= row["ra"] <= 360 and -90 <= row["dec"] <= 90):
            file.report(f"row {number} is not on the sky", hdu=hdu.name, item="RA_OBJ, DEC_OBJ")
        if not row["name"]:
            file.report(f"row {number} has no name", hdu=hdu.name, item="NAME")
    _report_repeated(file, hdu.name, "SOURCE_ID", (row["source_id"] for row in rows))
    _raise_first(file)
    return rows


def load_observations(path: Path) -> bool:
    """Bring observations up to date with the table; whether anything changed.

    Release dates of Science Windows that are loaded already follow. Raises `UnreadableError`.
    """
    file = FitsFile(path)
    rows = _read(file, _observation_rows)
    with transaction.atomic():
        # observations that the table doesn't name stay: Science Windows may belong to them
        named = [row["obs_id"] for row in rows]
        before = {row["obs_id"]: row for row in Observation.objects.filter(pk__in=named).values()}
        made = edit(before, {row["obs_id"]: row for row in rows})
        unlike = {*made.added, *made.changed}
        for row in rows:
            if row["obs_id"] in unlike:
                _enter_observation(row)
        if made:
            table = EntityRecord(
                # each content that the table has had is a generation of its own
                new_entity_id(settings.VO_AUTHORITY),
                name=path.name,
                location=str(OBSERVATIONS_FILE),
                content_type=FITS,
                checksum=f"sha256:{file.sha256}",
                description="observation_table",
                public=True,
            )
            record_ingest(
                "ingest_observations",
                path.parent,
                [table],
                parameters=made.parameters,
                remark=made.words,
            )
        _place(path, str(OBSERVATIONS_FILE), file.sha256)
    return bool(made)


def _observation_rows(file: FitsFile) -> list[dict[str, Any]]:
    hdu = file.extension(file.open(), OBSERVATIONS.extension)
    if hdu is None or not file.check_columns(hdu, OBSERVATIONS):
        raise UnreadableError(file.problems[0])
    rows: list[dict[str, Any]] = []
    for number, record in enumerate(hdu.data, start=1):
        texts = {
            name: _text(record[name])
            for name in (
                "OBS_ID",
                "PROP_ID",
                "TITLE",
                "PI_NAME",
                "OBS_TYPE",
                "OBJECT",
                "RELEASE",
                "PS",
                "REMARK",
            )
        }
        if not _OBSERVATION_ID.fullmatch(texts["OBS_ID"]):
            file.report(
                f"row {number}: {texts['OBS_ID']!r} is no observation id",
                hdu=hdu.name,
                item="OBS_ID",
            )
        if texts["PS"] not in ("", PUBLIC, PRIVATE):
            file.report(
                f"row {number}: {texts['PS']!r}; must be {PUBLIC}, {PRIVATE} or empty",
                hdu=hdu.name,
                item="PS",
            )
        try:
            release = _day(texts["RELEASE"])
        except ValueError:
            release = None
            file.report(
                f"row {number}: {texts['RELEASE']!r}; must be YYYY-MM-DD or empty",
                hdu=hdu.name,
                item="RELEASE",
            )
        rows.append(
            {
                "obs_id": texts["OBS_ID"],
                "proposal_id": texts["PROP_ID"] or None,
                "pi_name": texts["PI_NAME"] or None,
                "title": texts["TITLE"] or None,
                "obs_type": texts["OBS_TYPE"] or None,
                "target_name": texts["OBJECT"] or None,
                "ra": _number(record["RA_OBJ"]),
                "dec": _number(record["DEC_OBJ"]),
                "release_date": release,
                "is_public": texts["PS"] == PUBLIC if texts["PS"] else None,
                "comment": texts["REMARK"] or None,
            }
        )
    _report_repeated(file, hdu.name, "OBS_ID", (row["obs_id"] for row in rows))
    _raise_first(file)
    return rows


def _enter_observation(row: dict[str, Any]) -> None:
    observation, _ = Observation.objects.update_or_create(obs_id=row["obs_id"], defaults=row)
    for window in observation.science_windows.select_related("observation"):
        refresh(window)
    enter_observation(observation)


def _read(file: FitsFile, read: Callable[[FitsFile], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of a file; whatever astropy stumbles over is the file's fault."""
    try:
        with quiet():
            return read(file)
    except UnreadableError:
        raise
    except Exception as exc:
        message = f"can't be understood ({type(exc).__name__}: {first_line(exc)})"
        raise _unreadable(file.path, message) from exc


def _place(path: Path, location: str, sha256: str) -> None:
    """Copy a file to its place below the archive's root, where that is free."""
    place = Store.ARCHIVE.root.resolve() / location
    if path.resolve() == place:
        return
    try:
        if place.exists():
            if FitsFile(place).sha256 != sha256:
                raise _unreadable(
                    path, f"differs from the archive's own {location}; change that one"
                )
            return
        if place_file(path, place) != sha256:
            raise _unreadable(path, "changed while it was read")
    except (OSError, ContentDiffersError) as exc:
        raise _unreadable(path, f"can't be copied to {place}: {exc}") from None


def _report_repeated(file: FitsFile, hdu: str, item: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            file.report(f"{value!r} is there more than once", hdu=hdu, item=item)
        seen.add(value)


def _raise_first(file: FitsFile) -> None:
    if file.problems:
        raise UnreadableError(file.problems[0])


def _unreadable(path: Path, message: str) -> UnreadableError:
    return UnreadableError(Problem(path, message))


def _text(value: Any) -> str:
    return str(value).strip()


def _number(value: Any) -> float | None:
    number = float(np.asarray(value).item())
    return number if math.isfinite(number) else None


def _day(text: str) -> datetime | None:
    if not text:
        return None
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
