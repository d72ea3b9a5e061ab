"""What the engine must know of a telescope, as one value."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.events import EventList
from analysis.errors import AnalysisError

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Response:
    """How photons become counts in channels.

    channel_edges_kev: limits of the channels of spectra, n + 1 of them. valid_kev: measured
    energies outside are not used. energy_edges_kev: limits of the bins of true energy.
    effective_area_cm2: at true energies (keV), in the convention of INTENSITY: partial coding, dead
    time and lost pixels are no part of it. sigma_kev: standard deviation of the measured energy at
    true energies (keV), for a resolution (FWHM) given as a fraction of the energy.
    """

    channel_edges_kev: Array
    valid_kev: tuple[float, float]
    energy_edges_kev: Array
    effective_area_cm2: Callable[[Array], Array]
    sigma_kev: Callable[[Array, float], Array]


@dataclass(frozen=True, slots=True, eq=False)
class Telescope:
    """A coded-mask telescope.

    name: as steps' parameters have it (``isgri``). camera: its geometry. image_pixel_deg: step of
    mosaics. read_events: from an event file and its Science Window to the good events; raises the
    errors of `analysis.errors`. no_events: the error where a band holds no event.
    catalogue_flag: column of the reference catalogue that is above 0 for what it sees.
    """

    name: str
    camera: Callable[[], Camera]
    image_pixel_deg: float
    response: Callable[[], Response]
    read_events: Callable[[Path, str], EventList]
    check_energy_band: Callable[[float, float], None]
    no_events: type[AnalysisError]
    catalogue_flag: str


def telescope(name: str) -> Telescope:
    """The telescope of that name; raises KeyError."""
    from analysis.engines.coded_mask.isgri import ISGRI
    from analysis.engines.coded_mask.jemx import JEMX_1, JEMX_2

    return {known.name: known for known in (ISGRI, JEMX_1, JEMX_2)}[name]
