"""How much is in the archive: for the portal and for operators."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.db.models.functions import Now

from archive.identifiers import access_url
from archive.models import DataProduct, ObsCoreRow, ScienceWindow, Store
from archive.rights import PUBLIC


@dataclass(frozen=True, slots=True)
class ArchiveStatistics:
    """Numbers of what is held; files are rows of ``ivoa.obscore``."""

    science_windows: int
    simulated_science_windows: int
    files: int
    mosaics: int


@dataclass(frozen=True, slots=True)
class Mosaic:
    """A published mosaic; ``preview_url`` is its picture's address, where it has one."""

    title: str
    obs_publisher_did: str
    access_url: str
    preview_url: str | None
    created: datetime


def archive_statistics() -> ArchiveStatistics:
    """Count what is held, whoever may read it: metadata are everybody's."""
    windows = ScienceWindow.objects.aggregate(
        every=Count("pk"), simulated=Count("pk", filter=Q(is_simulated=True))
    )
    return ArchiveStatistics(
        science_windows=windows["every"],
        simulated_science_windows=windows["simulated"],
        files=ObsCoreRow.objects.count(),
        mosaics=ObsCoreRow.objects.filter(dataproduct_type="image", calib_level=3).count(),
    )


def latest_mosaic() -> Mosaic | None:
    """The mosaic published last that everybody may read, if there is any."""
    readable = DataProduct.objects.filter(
        store=Store.PRODUCT, data_rights=PUBLIC, release_date__lte=Now()
    )
    found = readable.filter(kind="mosaic").select_related("obscore").order_by("-created").first()
    if found is None:
        return None
    preview = readable.filter(kind="preview", obs_id=found.obs_id).order_by("-created").first()
    return Mosaic(
        title=found.obscore.obs_title or found.file_name,
        obs_publisher_did=found.obs_publisher_did,
        access_url=access_url(found.product_id),
        preview_url=access_url(preview.product_id) if preview else None,
        created=found.created,
    )
