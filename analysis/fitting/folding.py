"""Spectrum and response brought together: what a fit compares, in the range that was asked for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.fitting.errors import NoResponseFound
from analysis.products.responses import AncillaryResponse, RedistributionMatrix
from analysis.products.spectrum import Spectrum

Array = NDArray[np.float64]

#: Energies of files are 32-bit numbers: limits that agree so far are the same.
_SAME = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class FitData:
    """Rates in bins of channels, and what folds a model into them.

    e_low_kev, e_high_kev: of the bins, shape (n,). rate, error: count/s; error holds statistical
    and systematic error. photon_low_kev, photon_high_kev: energies of the response's bins, shape
    (m,). response: shape (m, n), cm2: a model's photons (photon/cm2/s) times it are count/s.
    without_events: how many good bins of the range are left out because nothing was counted.
    """

    e_low_kev: Array
    e_high_kev: Array
    rate: Array
    error: Array
    photon_low_kev: Array
    photon_high_kev: Array
    response: Array
    without_events: int = 0

    def fold(self, photons: Array) -> Array:
        """count/s per bin of photon/cm2/s per bin of the response."""
        return np.asarray(photons @ self.response)


def fit_data(
    spectrum: Spectrum,
    ancillary: AncillaryResponse | None,
    matrix: RedistributionMatrix,
    e_min_kev: float,
    e_max_kev: float,
) -> FitData:
    """The bins between two energies (keV) whose channels are all good.

    Channels that GROUPING joins are one bin; a bin counts if it lies within the range whole. A bin
    whose rate is exactly 0 holds no event, neither of the source nor of the background: no normal
    distribution describes it, and it is left out.
    ancillary: ``None`` where the matrix holds the area. Raises `NoResponseFound` for responses that
    aren't this spectrum's.
    """
    count = len(spectrum.rate)
    if matrix.matrix.shape[1] != count:
        raise NoResponseFound(
            f"the redistribution matrix has {matrix.matrix.shape[1]} channels, the spectrum {count}"
        )
    effective = matrix.matrix
    if ancillary is not None:
        if len(ancillary.area_cm2) != len(matrix.energy_low_kev) or not np.allclose(
            ancillary.energy_low_kev, matrix.energy_low_kev, rtol=_SAME, atol=1e-3
        ):
            raise NoResponseFound(
                "ancillary response and redistribution matrix have different energies"
            )
        effective = ancillary.area_cm2[:, None] * effective
    starts = _bins(spectrum.grouping)
    low = np.minimum.reduceat(matrix.e_min_kev, starts)
    high = np.maximum.reduceat(matrix.e_max_kev, starts)
    good = np.logical_and.reduceat(spectrum.good, starts)
    rate = np.add.reduceat(spectrum.rate, starts)
    in_range = good & (low >= e_min_kev * (1 - _SAME)) & (high <= e_max_kev * (1 + _SAME))
    kept = in_range & (rate != 0)
    # OGIP/92-007: the systematic error is a fraction of the rate
    variance = spectrum.stat_err**2 + (spectrum.sys_err * np.nan_to_num(spectrum.rate)) ** 2
    folding = np.add.reduceat(effective, starts, axis=1)[:, kept]
    # a photon of no energy has no model
    seen = folding.any(axis=1) & (matrix.energy_high_kev > 0)
    lowest = np.min(matrix.energy_high_kev[seen], initial=np.inf) * 1e-3
    return FitData(
        e_low_kev=low[kept],
        e_high_kev=high[kept],
        rate=rate[kept],
        error=np.sqrt(np.add.reduceat(variance, starts)[kept]),
        photon_low_kev=np.maximum(matrix.energy_low_kev[seen], lowest),
        photon_high_kev=matrix.energy_high_kev[seen],
        response=np.ascontiguousarray(folding[seen]),
        without_events=int((in_range & ~kept).sum()),
    )


def _bins(grouping: NDArray[np.int16]) -> NDArray[np.intp]:
    """Index of the first channel of each bin; -1 continues the bin before it."""
    starts = grouping != -1
    if len(starts):
        starts[0] = True
    return np.flatnonzero(starts)
