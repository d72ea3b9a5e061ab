"""Light curves of sources as values; the files that users get hold these."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SourceLightCurve:
    """The rate of one source in a band with time, one entry per bin, in the order of time.

    ra, dec: ICRS, degrees; new_source: not in the catalogue.
    time_ijd: middles of the bins, IJD (TT); width_s: their lengths. rate, error: count/s, corrected
    for partial coding, lost pixels and dead time. exposed: the part of the bin that is good time
    (FRACEXP). detector_rate: count/s of live time of the whole detector in the band, of all sources
    and the background. background, background_error: count/s of the whole detector that the fit
    gives the background. science_window: index of each bin's Science Window in `science_windows`.
    time_bin_s: the length that was asked for. ontime_s, livetime_s: good time of the bins, with and
    without dead time. t_start_ijd, t_stop_ijd: first and last good time.
    """

    name: str
    ra: float
    dec: float
    new_source: bool
    e_min_kev: float
    e_max_kev: float
    time_bin_s: float
    time_ijd: Array
    width_s: Array
    rate: Array
    error: Array
    exposed: Array
    detector_rate: Array
    background: Array
    background_error: Array
    science_window: NDArray[np.int32]
    science_windows: tuple[str, ...]
    ontime_s: float
    livetime_s: float
    t_start_ijd: float
    t_stop_ijd: float
