"""The reference catalogue as values: what an analysis compares its sources with."""

from dataclasses import dataclass

from django.db.models import TextField, Value
from django.db.models.functions import Lower, Replace

from archive.models import DataProduct, Source
from archive.selection import Cone
from archive.spherical import spherical_point, within_cone

CATALOGUE_KIND = "reference_catalogue"


@dataclass(frozen=True, slots=True)
class CatalogueSource:
    """A known source.

    ra, dec: deg ICRS; position_error: deg. isgri_flux_1, isgri_flux_2: rates (INTENSITY) in
    20-40 and 40-80 keV, count/s, where known. isgri_flag: 0 where ISGRI doesn't see it.
    jemx_flux_1, jemx_flux_2, jemx_flag: the same of JEM-X, in 3-10 and 10-30 keV.
    """

    source_id: str
    name: str
    source_class: str | None
    ra: float
    dec: float
    position_error: float | None
    isgri_flux_1: float | None
    isgri_flux_2: float | None
    isgri_flag: int
    jemx_flux_1: float | None = None
    jemx_flux_2: float | None = None
    jemx_flag: int = 0


@dataclass(frozen=True, slots=True)
class CatalogueEdition:
    """The catalogue's file: entity_id names it in provenance; location is below the archive root.

    Results that depend on the catalogue depend on ``sha256``.
    """

    entity_id: str
    location: str
    sha256: str


def edition() -> CatalogueEdition | None:
    """The edition that the sources come from; ``None`` where the archive has no catalogue."""
    location = Source.objects.values_list("catalogue", flat=True).first()
    file = DataProduct.objects.filter(kind=CATALOGUE_KIND, path=location).first()
    return (
        None if file is None else CatalogueEdition(file.obs_publisher_did, file.path, file.sha256)
    )


def sources(*, minimum_isgri_flag: int = 0) -> tuple[CatalogueSource, ...]:
    """All sources with at least that ISGRI_FLAG, by name."""
    found = Source.objects.filter(isgri_flag__gte=minimum_isgri_flag).order_by("name")
    return tuple(_value(source) for source in found)


def sources_near(
    ra: float, dec: float, radius: float, *, minimum_isgri_flag: int = 0
) -> tuple[CatalogueSource, ...]:
    """Sources within ``radius`` of an ICRS position, all in degrees, by name.

    Raises `archive.selection.SelectionError` for what is no circle.
    """
    cone = Cone(ra, dec, radius)
    found = Source.objects.filter(
        within_cone(spherical_point("ra", "dec"), cone.ra, cone.dec, cone.radius),
        isgri_flag__gte=minimum_isgri_flag,
    ).order_by("name")
    return tuple(_value(source) for source in found)


def source_named(name: str) -> CatalogueSource | None:
    """The source of that name, without regard to case and blanks."""
    folded = Lower(Replace("name", Value(" "), Value(""), output_field=TextField()))
    wanted = name.replace(" ", "").lower()
    found = Source.objects.alias(folded=folded).filter(folded=wanted).order_by("name").first()
    return None if found is None else _value(found)


def _value(source: Source) -> CatalogueSource:
    return CatalogueSource(
        source.source_id,
        source.name,
        source.source_class,
        source.ra,
        source.dec,
        source.position_error,
        source.isgri_flux_1,
        source.isgri_flux_2,
        source.isgri_flag,
        source.jemx_flux_1,
        source.jemx_flux_2,
        source.jemx_flag,
    )
