"""Puts an examined Science Window into the archive: files, rows and provenance, all or nothing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Greatest, Least

from archive import obscore, obsplan
from archive.file_store import ContentDiffersError, place_file, place_folder, sha256_of
from archive.identifiers import archive_file_identity
from archive.ingest.examination import ScienceWindowContent
from archive.ingest.fits_file import FileFacts
from archive.ingest.further_files import FurtherContent
from archive.ingest.problems import Problem, UnreadableError
from archive.ingest.recording import FITS, archive_file, record_ingest, science_window
from archive.ingest.release import release_date
from archive.kinds import EVENT_KIND, JEMX_KINDS, SPI_ACS_KIND
from archive.models import DataProduct, Observation, Revolution, ScienceWindow, Store
from archive.rights import rights_until
from instruments import isgri
from instruments.isgri_files import PUBLIC
from instruments.science_window import ScienceWindowId
from instruments.time import mjd_utc_from_ijd

GROUP_KIND = "swg"
#: What ORIGIN says of simulated files.
_SIMULATED = "simulat"


def load(content: ScienceWindowContent, folder: Path) -> None:
    """Load a Science Window from the folder it was examined in.

    Files elsewhere than at their place below the archive's root are copied there. Raises
    `UnreadableError` where the place is taken by other content or the disk refuses; then nothing
    has happened.
    """
    try:
        with transaction.atomic():
            _enter_rows(content)
            kinds = {content.group: GROUP_KIND, content.events: EVENT_KIND}
            kinds |= {further.file: further.kind for further in content.further}
            # after the rows, so that what is wrong with them leaves no file; before the provenance,
            # which all who write it wait for in turn
            _place(content, folder)
            _enter_provenance(content.id, kinds, content.origin, folder)
    except IntegrityError as exc:
        raise UnreadableError(
            Problem(folder, "was just ingested from elsewhere; ingest again to compare the two")
        ) from exc


def add(identifier: ScienceWindowId, contents: Sequence[FurtherContent], folder: Path) -> None:
    """Add files of further instruments to a Science Window that the archive holds already.

    Raises `UnreadableError` as `load` does.
    """
    try:
        with transaction.atomic():
            window = ScienceWindow.objects.select_related("observation").get(scw=str(identifier))
            for further in contents:
                _enter_further(window, further)
            window.save()
            kinds = {further.file: further.kind for further in contents}
            _place_more(identifier, [further.file for further in contents], folder)
            _enter_provenance(identifier, kinds, window.origin, folder)
    except IntegrityError as exc:
        raise UnreadableError(
            Problem(folder, "was just ingested from elsewhere; ingest again to compare the two")
        ) from exc


def place_of(identifier: ScienceWindowId) -> Path:
    """Where a Science Window's files belong."""
    return Store.ARCHIVE.root.resolve() / identifier.folder


def _place_more(identifier: ScienceWindowId, files: Sequence[FileFacts], folder: Path) -> None:
    place = place_of(identifier)
    if folder.resolve() == place:
        return
    for facts in files:
        there = place / facts.name
        try:
            found = sha256_of(there) if there.exists() else place_file(folder / facts.name, there)
        except (OSError, ContentDiffersError) as exc:
            raise UnreadableError(Problem(folder, f"can't be copied to {place}: {exc}")) from None
        if found != facts.sha256:
            raise UnreadableError(
                Problem(folder, f"{facts.name} differs from what is at {place} already")
            )


def _place(content: ScienceWindowContent, folder: Path) -> None:
    place = place_of(content.id)
    if folder.resolve() == place:
        return
    names = sorted(
        file.name
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith(".") and file.name not in content.left_out
    )
    examined = {facts.name: facts.sha256 for facts in content.files}
    try:
        if place.exists():
            copied = {name: sha256_of(place / name) for name in names if (place / name).exists()}
            examined |= {name: sha256_of(folder / name) for name in names}
        else:
            copied = place_folder(folder, place, names)
    except (OSError, ContentDiffersError) as exc:
        raise UnreadableError(Problem(folder, f"can't be copied to {place}: {exc}")) from None
    wrong = sorted(name for name, digest in examined.items() if copied.get(name) != digest)
    if wrong:
        raise UnreadableError(
            Problem(folder, f"{', '.join(wrong)} differs from what is at {place} already")
        )


def _enter_rows(content: ScienceWindowContent) -> None:
    """Write all rows."""
    _enter_revolution(content)
    observation = _observation(content)
    window = _science_window(content, observation)
    window.save(force_insert=True)
    _product(window, content.group, GROUP_KIND).save(force_insert=True)
    event_list = _product(window, content.events, EVENT_KIND)
    event_list.save(force_insert=True)
    obscore.event_list_row(window, event_list).save(force_insert=True)
    for further in content.further:
        _enter_further(window, further)
    if content.further:
        window.save()
    obsplan.enter_pointing(window)


def _enter_further(window: ScienceWindow, further: FurtherContent) -> None:
    """Write a file's rows and note its good time in the Science Window, which isn't saved."""
    product = _product(window, further.file, further.kind)
    product.save(force_insert=True)
    if further.kind == SPI_ACS_KIND:
        window.good_spi_acs = further.good_time_s
        row = obscore.spi_acs_row(window, product, further.good_time_s, further.count)
    else:
        unit = next(number for number, kind in JEMX_KINDS.items() if kind == further.kind)
        setattr(window, f"good_jemx{unit}", further.good_time_s)
        setattr(window, f"live_jemx{unit}", further.live_time_s)
        row = obscore.jemx_event_list_row(window, product, unit, further.live_time_s)
    row.save(force_insert=True)


def _enter_revolution(content: ScienceWindowContent) -> None:
    start, stop = content.start_ijd, content.stop_ijd
    _, is_new = Revolution.objects.get_or_create(
        number=content.id.revolution, defaults={"start_ijd": start, "stop_ijd": stop}
    )
    if not is_new:
        Revolution.objects.filter(number=content.id.revolution).update(
            start_ijd=Least(F("start_ijd"), start), stop_ijd=Greatest(F("stop_ijd"), stop)
        )


def _observation(content: ScienceWindowContent) -> Observation | None:
    """The observation that the header names; what the observation table said of it counts more."""
    obs_id = content.keywords.get("OBS_ID")
    if not obs_id:
        return None
    observation, _ = Observation.objects.get_or_create(
        obs_id=obs_id,
        defaults={
            "obs_type": content.keywords.get("OBS_TYPE") or None,
            "target_name": content.keywords.get("OBJECT") or None,
        },
    )
    return observation


def _science_window(
    content: ScienceWindowContent, observation: Observation | None
) -> ScienceWindow:
    keywords = content.keywords
    ps = keywords.get("PS")
    written_at = content.written_at or datetime.now(UTC)
    ra, dec = isgri.field_polygon(content.frame)
    return ScienceWindow(
        scw=str(content.id),
        scw_id=content.id.swid,
        scw_version=content.id.version,
        scw_type=content.id.kind.name,
        revolution_id=content.id.revolution,
        observation=observation,
        obs_type=keywords.get("OBS_TYPE") or (observation.obs_type if observation else None),
        exposure_id=keywords.get("EXPID") or None,
        bound=keywords.get("SWBOUND") or None,
        target_name=keywords.get("OBJECT") or (observation.target_name if observation else None),
        ra_x=content.frame.ra_x % 360,
        dec_x=content.frame.dec_x,
        ra_z=content.frame.ra_z % 360,
        dec_z=content.frame.dec_z,
        s_region=tuple(zip(ra.tolist(), dec.tolist(), strict=True)),
        start_ijd=content.start_ijd,
        stop_ijd=content.stop_ijd,
        t_min=mjd_utc_from_ijd(content.start_ijd),
        t_max=mjd_utc_from_ijd(content.stop_ijd),
        elapsed_s=(content.stop_ijd - content.start_ijd) * 86400,
        good_isgri=content.good_time_s,
        live_isgri=content.live_time_s,
        event_count=content.event_count,
        is_public_by_file=None if ps is None else ps == PUBLIC,
        release_date=release_date(observation, ps, content.stop_ijd, written_at),
        origin=content.origin,
        is_simulated=_SIMULATED in (content.origin or "").lower(),
        written_at=written_at,
    )


def _product(window: ScienceWindow, facts: FileFacts, kind: str) -> DataProduct:
    identifier = ScienceWindowId.parse(window.scw)
    identity = archive_file_identity(identifier.folder, kind)
    stem, dot, suffix = facts.name.partition(".")
    return DataProduct(
        product_id=identity.product_id,
        obs_publisher_did=identity.obs_publisher_did,
        store=Store.ARCHIVE,
        path=str(identifier.folder / facts.name),
        kind=kind,
        file_name=f"{stem}_{identifier}{dot}{suffix}",
        media_type=FITS,
        size=facts.size,
        sha256=facts.sha256,
        created=window.written_at,
        data_rights=rights_until(window.release_date),
        release_date=window.release_date,
        science_window=window,
        obs_id=identifier.swid,
        software=window.origin,
    )


def _enter_provenance(
    identifier: ScienceWindowId, kinds: Mapping[FileFacts, str], origin: str | None, folder: Path
) -> None:
    """Record the ingest, which brought the files here.

    kinds: of product, by file.
    """
    files = [
        archive_file(
            archive_file_identity(identifier.folder, kind),
            f"{facts.name} of Science Window {identifier}",
            str(identifier.folder / facts.name),
            facts.sha256,
            kind,
            origin,
        )
        for facts, kind in kinds.items()
    ]
    whole = files[0].id.rpartition("/")[0]
    record_ingest(
        "ingest", folder, files, science_window(whole, f"Science Window {identifier}", files)
    )
