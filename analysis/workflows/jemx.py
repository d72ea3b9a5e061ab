"""JEM-X 1 and 2 for the workflows."""

from analysis.products import detectors
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.isgri import event_file
from archive.obscore import JEMX_RESOLUTION_ARCSEC
from instruments import jemx

#: IMATYPE and unit of a mosaic's maps, as the mission names JEM-X's.
_MAPS = (
    ("RECONSTRUCTED", "count/s"),
    ("VARIANCE", "count2/s2"),
    ("SIGNIFICANCE", ""),
    ("EXPOSURE", "s"),
)


def _instrument(unit: int, detector: detectors.Detector) -> WorkflowInstrument:
    return WorkflowInstrument(
        name=f"jemx{unit}",
        detector=detector,
        title=f"JEM-X {unit}",
        events=event_file,
        mosaic_extension=f"JMX{unit}-MOSA-IMA",
        maps=_MAPS,
        source_list_extension=f"JMX{unit}-OBS.-RES",
        resolution_arcsec=JEMX_RESOLUTION_ARCSEC,
        o_ucd="phot.count;em.X-ray",
        energies_kev=(jemx.SPECTRUM_LIMITS_KEV[0], jemx.SPECTRUM_LIMITS_KEV[-1]),
    )


JEMX = {1: _instrument(1, detectors.JEMX_1), 2: _instrument(2, detectors.JEMX_2)}
