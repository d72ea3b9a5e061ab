"""Spectra of sources and responses as values; the files that users get hold these."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: QUALITY of a channel: good, and without data, as the mission's files have it.
GOOD = 0
NO_DATA = 3


@dataclass(frozen=True, slots=True, eq=False)
class SourceSpectrum:
    """The spectrum of one source, of one Science Window or of several.

    ra, dec: ICRS, degrees; new_source: not in the catalogue.
    channel_edges_kev: n + 1 limits of the channels. rate, error: count/s and its standard
    deviation in each channel, as the response's effective area has it: partial coding, lost pixels
    and dead time are corrected for. quality: `GOOD` or `NO_DATA`, where rate and error are 0.
    ontime_s, livetime_s: good time of the Science Windows that see the source, with and without
    dead time. source_exposure_s: live time times the coded part of the detector that is alive.
    t_start_ijd, t_stop_ijd: first and last good time, IJD (TT).
    science_windows: those that went in. resolutions: (FWHM as a fraction of the energy, share) of
    the energy resolutions that went in.
    """

    name: str
    ra: float
    dec: float
    new_source: bool
    channel_edges_kev: Array
    rate: Array
    error: Array
    quality: NDArray[np.int16]
    ontime_s: float
    livetime_s: float
    source_exposure_s: float
    t_start_ijd: float
    t_stop_ijd: float
    science_windows: tuple[str, ...]
    resolutions: tuple[tuple[float, float], ...]

    def band(self, e_min_kev: float, e_max_kev: float) -> tuple[float, float]:
        """Rate and error, count/s, summed over the good channels within a band."""
        edges = self.channel_edges_kev
        inside = (edges[:-1] >= e_min_kev) & (edges[1:] <= e_max_kev) & (self.quality == GOOD)
        return float(self.rate[inside].sum()), float(np.sqrt((self.error[inside] ** 2).sum()))


@dataclass(frozen=True, slots=True, eq=False)
class SpectralResponse:
    """What a photon flux gives in channels.

    energy_edges_kev: m + 1 limits of the bins of true energy; effective_area_cm2: shape (m,), what
    an ARF holds. redistribution: shape (m, n), the part of the detected photons of a bin that falls
    in each channel, what an RMF holds; rows add up to at most 1.
    """

    energy_edges_kev: Array
    channel_edges_kev: Array
    effective_area_cm2: Array
    redistribution: Array
