"""The good events of a Science Window, of all energies, with what is needed to make rates of them.

Which energies, channels or time bins are asked for doesn't matter here, so that every analysis of a
Science Window begins with the same list.
"""

from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from numpy.typing import ArrayLike, NDArray

from instruments.frame import SpacecraftFrame
from instruments.time import SECONDS_PER_DAY

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GoodTime:
    """Intervals in which events count, in order and apart from each other.

    starts, stops: IJD (TT). live_fraction: live time over good time.
    """

    starts: Array
    stops: Array
    live_fraction: float

    @property
    def ontime_s(self) -> float:
        """Length of all intervals."""
        return float(np.sum(self.stops - self.starts)) * SECONDS_PER_DAY

    @property
    def livetime_s(self) -> float:
        """The same without dead time."""
        return self.ontime_s * self.live_fraction

    @property
    def start_ijd(self) -> float:
        """Start of the first interval."""
        return float(self.starts[0])

    @property
    def stop_ijd(self) -> float:
        """End of the last interval."""
        return float(self.stops[-1])

    def holds(self, time_ijd: ArrayLike) -> NDArray[np.bool_]:
        """Which times lie in an interval, its ends included."""
        time = np.asarray(time_ijd, dtype=np.float64)
        interval = np.searchsorted(self.starts, time, side="right") - 1
        inside: NDArray[np.bool_] = (interval >= 0) & (time <= self.stops[interval])
        return inside

    def seconds_between(self, edges_ijd: ArrayLike) -> Array:
        """Good time between each two neighbouring edges, which rise."""
        edges = np.asarray(edges_ijd, dtype=np.float64)
        low, high = edges[:-1, None], edges[1:, None]
        overlap = np.minimum(high, self.stops) - np.maximum(low, self.starts)
        seconds: Array = np.clip(overlap, 0.0, None).sum(axis=1) * SECONDS_PER_DAY
        return seconds


@dataclass(frozen=True, slots=True, eq=False)
class EventList:
    """The good events of a Science Window in the order of time.

    science_window: ``RRRRPPPPSSSF.VVV``. frame: the attitude. time_ijd: IJD (TT); energy_kev: as
    measured; cell: place on the detector, row * columns + column. efficiency: of each cell, 0..1,
    dead time apart; 0 where there is no pixel or one that is off or noisy.
    energy_resolution_fwhm: as a fraction of the energy.
    """

    science_window: str
    frame: SpacecraftFrame
    good_time: GoodTime
    time_ijd: Array
    energy_kev: NDArray[np.float32]
    cell: NDArray[np.int32]
    efficiency: Array
    energy_resolution_fwhm: float

    def counts(self, chosen: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
        """Events of each cell of the detector, of all or of the chosen ones."""
        cells = self.cell if chosen is None else self.cell[chosen]
        binned = np.bincount(cells, minlength=self.efficiency.size)
        return binned.reshape(self.efficiency.shape).astype(np.int32)


def union(intervals: fits.FITS_rec) -> tuple[Array, Array]:
    """Starts and ends of the union of intervals START, STOP, in order and apart."""
    bounds = np.stack([np.asarray(intervals[name], dtype=np.float64) for name in ("START", "STOP")])
    bounds = bounds[:, np.isfinite(bounds).all(axis=0) & (bounds[1] > bounds[0])]
    bounds = bounds[:, np.argsort(bounds[0], kind="stable")]
    if bounds.shape[1] == 0:
        return bounds[0], bounds[1]
    reached = np.maximum.accumulate(bounds[1])
    first = np.concatenate([[True], bounds[0, 1:] > reached[:-1]])
    last = np.concatenate([first[1:], [True]])
    return bounds[0, first], reached[last]
