"""IBIS/ISGRI for the workflows."""

from analysis.products import detectors
from analysis.products.image_files import MAPS, MOSAIC_EXTENSION
from analysis.products.source_list import EXTENSION
from analysis.steps import RawFile
from analysis.workflows.instrument import WorkflowInstrument
from archive.selection import ScienceWindowRecord
from instruments import isgri
from provenance.records import EntityRecord


def event_file(window: ScienceWindowRecord) -> RawFile:
    """The event file of a Science Window."""
    file = window.event_file
    return RawFile(
        str(window.id),
        file.path,
        EntityRecord(
            window.entity_id,
            name=f"{file.path.name} {window.id}",
            location=str(file.location),
            checksum=f"sha256:{file.sha256}",
        ),
    )


ISGRI = WorkflowInstrument(
    name="isgri",
    detector=detectors.ISGRI,
    title="IBIS/ISGRI",
    events=event_file,
    mosaic_extension=MOSAIC_EXTENSION,
    maps=MAPS,
    source_list_extension=EXTENSION,
    # the mask's elements as seen from the detector: 12 arcmin
    resolution_arcsec=720.0,
    o_ucd="phot.count;em.X-ray.hard",
    energies_kev=(isgri.ENERGY_MIN_KEV, isgri.ENERGY_MAX_KEV),
)
