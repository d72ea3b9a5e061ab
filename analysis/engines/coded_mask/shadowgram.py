"""The counts of each pixel in an energy band."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.events import EventList
from instruments.frame import SpacecraftFrame


@dataclass(frozen=True, slots=True, eq=False)
class Shadowgram:
    """Counts of the detector's pixels in a band, and what is needed to make rates of them.

    science_window: ``RRRRPPPPSSSF.VVV``. frame: the attitude. counts, efficiency: of the detector's
    cells, [Y, Z]; efficiency is 0 where there is no pixel and for off and noisy ones, at most 1,
    dead time apart. ontime_s: length of the good time; livetime_s: the same without dead time.
    t_start_ijd, t_stop_ijd: first start and last end of the good time, IJD (TT).
    energy_resolution_fwhm: as a fraction of the energy.
    """

    science_window: str
    frame: SpacecraftFrame
    e_min_kev: float
    e_max_kev: float
    counts: NDArray[np.int32]
    efficiency: NDArray[np.float64]
    ontime_s: float
    livetime_s: float
    t_start_ijd: float
    t_stop_ijd: float
    energy_resolution_fwhm: float

    @property
    def usable_pixels(self) -> int:
        """How many pixels have an efficiency above 0."""
        return int(np.count_nonzero(self.efficiency))


def shadowgram_of(events: EventList, e_min_kev: float, e_max_kev: float) -> Shadowgram:
    """The shadowgram of the events in ``e_min_kev <= energy < e_max_kev``."""
    in_band = (events.energy_kev >= e_min_kev) & (events.energy_kev < e_max_kev)
    good_time = events.good_time
    return Shadowgram(
        science_window=events.science_window,
        frame=events.frame,
        e_min_kev=e_min_kev,
        e_max_kev=e_max_kev,
        counts=events.counts(in_band),
        efficiency=events.efficiency,
        ontime_s=good_time.ontime_s,
        livetime_s=good_time.livetime_s,
        t_start_ijd=good_time.start_ijd,
        t_stop_ijd=good_time.stop_ijd,
        energy_resolution_fwhm=events.energy_resolution_fwhm,
    )
