"""What the workflows must know of an instrument, as one value."""

from collections.abc import Callable
from dataclasses import dataclass

from analysis.products.detectors import Detector
from analysis.steps import RawFile
from archive.selection import ScienceWindowRecord


@dataclass(frozen=True, slots=True)
class WorkflowInstrument:
    """An instrument.

    name: as engines know it (``isgri``); file names begin with it. detector: its names in files and
    in ObsCore. title: for people. events: a Science Window's event file as the start of a graph.
    mosaic_extension: EXTNAME of its maps; maps: their IMATYPE and unit, in the order of intensity,
    variance, significance, exposure. source_list_extension: EXTNAME of its source lists.
    resolution_arcsec: width of a source. o_ucd: of its rates.
    energies_kev: those of its spectra.
    """

    name: str
    detector: Detector
    title: str
    events: Callable[[ScienceWindowRecord], RawFile]
    mosaic_extension: str
    maps: tuple[tuple[str, str], ...]
    source_list_extension: str
    resolution_arcsec: float
    o_ucd: str
    energies_kev: tuple[float, float]
