"""Publishes what an analysis made: the file to its place, its row to ``ivoa.obscore``."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.db import transaction

from archive.file_store import place_file
from archive.identifiers import ProductIdentity, is_product_id, new_product_identity
from archive.models import DataProduct, ObsCoreRow, Store
from archive.obscore import FACILITY, ISGRI, collection, kilobytes, wavelength_m
from archive.rights import PROPRIETARY, PUBLIC
from archive.selection import ScienceWindowRecord
from archive.spherical import Corner
from auth.principal import Principal

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,120}")
_CALIBRATION_LEVELS = range(5)
_TYPES = ("image", "spectrum", "timeseries", "measurements", "event")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """A finished file that is to be published.

    file: where it lies now; it is copied. file_name: what a client saves it as.
    kind: what it is, as in UWS results: ``mosaic``, ``sources``, ... media_type: such as
    ``application/fits``. identity: names given out before (`new_product_identity`), where the
    file's header carries them.
    dataproduct_type, calib_level, dataproduct_subtype: ObsCore's words. obs_id: groups the products
    of one job. title: a line for people.
    inputs: every Science Window that went in: they decide rights, collection, revolution and
    proposals. owner: who made it. public: whether everybody may read it, if the inputs let them.
    ra, dec, fov: centre and diameter in degrees, ICRS; region: corners in degrees, ICRS.
    t_min, t_max: MJD (UTC); by default those of the inputs. exposure_s: good time less dead time;
    by default the sum of the inputs'.
    e_min_kev, e_max_kev: energies. em_bands: number of energy bands. time_bins, time_resolution_s:
    of a time series; by default one bin as long as all the time. pixels: of the two spatial
    axes, -1 for lists. resolution_arcsec, pixel_arcsec: on the sky.
    o_ucd, o_unit: what was measured. software: engine and version. listed: whether it has a row in
    ``ivoa.obscore``; a preview, which is no science product, has none, nor has the same content in
    another format.
    """

    file: Path
    file_name: str
    kind: str
    media_type: str
    dataproduct_type: str | None
    calib_level: int
    obs_id: str
    title: str
    inputs: tuple[ScienceWindowRecord, ...]
    owner: Principal
    e_min_kev: float
    e_max_kev: float
    public: bool = True
    listed: bool = True
    ra: float | None = None
    dec: float | None = None
    fov: float | None = None
    region: tuple[Corner, ...] | None = None
    t_min: float | None = None
    t_max: float | None = None
    exposure_s: float | None = None
    dataproduct_subtype: str | None = None
    target_name: str | None = None
    target_class: str | None = None
    em_bands: int = 1
    time_bins: int = 1
    time_resolution_s: float | None = None
    pixels: tuple[int, int] | None = None
    resolution_arcsec: float | None = None
    pixel_arcsec: float | None = None
    o_ucd: str | None = None
    o_unit: str | None = None
    software: str | None = None
    creator: str = "vo_server"
    job_id: str | None = None
    identity: ProductIdentity | None = None
    instrument: str = ISGRI


@dataclass(frozen=True, slots=True)
class PublishedProduct:
    """A product that everybody with the right can have now.

    obs_publisher_did: also the id of its provenance entity. path: absolute. location: below the
    product root. size: bytes.
    """

    product_id: str
    obs_publisher_did: str
    access_url: str
    path: Path
    location: str
    size: int
    sha256: str
    created: datetime
    is_public: bool


def publish(product: NewProduct) -> PublishedProduct:
    """Copy the file to the product root and write its rows, all or nothing.

    The rows are written in the caller's transaction if there is one, so that provenance can be
    entered in the same. Where that is rolled back afterwards, the file stays without a row, and
    `consistency_check` names it. A product that isn't public is its owner's alone.

    Raises ``ValueError`` for a product that contradicts itself, ``OSError`` where the disk refuses.
    """
    _check(product)
    identity = product.identity or new_product_identity()
    location = f"{identity.product_id[:2]}/{identity.product_id}/{product.file_name}"
    path = Store.PRODUCT.root / location
    now = datetime.now(UTC)
    is_public = product.public and all(window.is_public for window in product.inputs)
    release_date = now if is_public else None
    sha256 = place_file(product.file, path)
    try:
        with transaction.atomic():
            stored = DataProduct.objects.create(
                product_id=identity.product_id,
                obs_publisher_did=identity.obs_publisher_did,
                store=Store.PRODUCT,
                path=location,
                kind=product.kind,
                file_name=product.file_name,
                media_type=product.media_type,
                size=path.stat().st_size,
                sha256=sha256,
                created=now,
                data_rights=PUBLIC if is_public else PROPRIETARY,
                release_date=release_date,
                owner_id=product.owner.user_id,
                obs_id=product.obs_id,
                job_id=product.job_id,
                e_min_kev=product.e_min_kev,
                e_max_kev=product.e_max_kev,
                software=product.software,
            )
            if product.listed:
                _row(product, stored).save(force_insert=True)
    except BaseException:
        path.unlink()
        path.parent.rmdir()
        raise
    return PublishedProduct(
        product_id=identity.product_id,
        obs_publisher_did=identity.obs_publisher_did,
        access_url=identity.access_url,
        path=path,
        location=location,
        size=stored.size,
        sha256=sha256,
        created=now,
        is_public=is_public,
    )


def _check(product: NewProduct) -> None:
    if not _FILE_NAME.fullmatch(product.file_name):
        raise ValueError(f"{product.file_name!r} can't be the name of a product's file")
    if product.identity is not None and not is_product_id(product.identity.product_id):
        raise ValueError(f"{product.identity.product_id!r} is no product id")
    if product.calib_level not in _CALIBRATION_LEVELS:
        raise ValueError(f"calib_level {product.calib_level} is none of 0 to 4")
    if product.dataproduct_type is not None and product.dataproduct_type not in _TYPES:
        raise ValueError(f"dataproduct_type {product.dataproduct_type!r} is none of {_TYPES}")
    if not 0 < product.e_min_kev < product.e_max_kev:
        raise ValueError("the energies of a product must rise")
    if not product.inputs:
        raise ValueError("a product without inputs has no rights")


def _row(product: NewProduct, stored: DataProduct) -> ObsCoreRow:
    windows = product.inputs
    only = windows[0] if len({w.id for w in windows}) == 1 else None
    revolutions = {w.id.revolution for w in windows}
    proposals = sorted({w.proposal_id for w in windows if w.proposal_id})
    lists = product.dataproduct_type in ("measurements", "event")
    x, y = product.pixels or ((-1, -1) if lists else (None, None))
    t_min = min(w.t_min for w in windows) if product.t_min is None else product.t_min
    t_max = max(w.t_max for w in windows) if product.t_max is None else product.t_max
    exposure = product.exposure_s
    return ObsCoreRow(
        product=stored,
        dataproduct_type=product.dataproduct_type,
        dataproduct_subtype=product.dataproduct_subtype,
        calib_level=product.calib_level,
        obs_collection=collection(any(w.is_simulated for w in windows)),
        obs_id=product.obs_id,
        obs_title=_ascii(product.title),
        obs_creation_date=stored.created,
        obs_creator_name=_ascii(product.creator),
        obs_publisher_did=stored.obs_publisher_did,
        access_format=product.media_type,
        access_estsize=kilobytes(stored.size),
        target_name=_ascii(product.target_name) if product.target_name else None,
        target_class=product.target_class,
        s_ra=product.ra,
        s_dec=product.dec,
        s_fov=product.fov,
        s_region=product.region,
        s_resolution=product.resolution_arcsec,
        s_pixel_scale=product.pixel_arcsec,
        s_calib_status="calibrated",
        s_xel1=x,
        s_xel2=y,
        t_min=t_min,
        t_max=t_max,
        t_exptime=sum(w.live_time_s for w in windows) if exposure is None else exposure,
        t_resolution=None if lists else product.time_resolution_s or (t_max - t_min) * 86400,
        t_calib_status="calibrated",
        t_xel=-1 if lists else product.time_bins,
        em_min=wavelength_m(product.e_max_kev),
        em_max=wavelength_m(product.e_min_kev),
        em_calib_status="calibrated",
        em_xel=-1 if lists else product.em_bands,
        o_ucd=product.o_ucd,
        o_unit=product.o_unit,
        pol_xel=0,
        facility_name=FACILITY,
        instrument_name=product.instrument,
        proposal_id=",".join(proposals) or None,
        data_rights=stored.data_rights,
        obs_release_date=stored.release_date,
        scw=str(only.id) if only else None,
        revolution=revolutions.pop() if len(revolutions) == 1 else None,
    )


def _ascii(text: str) -> str:
    """The text in ObsCore's character set: accents fall, other signs become question marks."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return plain.encode("ascii", "replace").decode()
