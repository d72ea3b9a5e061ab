"""From counts every 50 ms to count rates in bins that a user asks for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from analysis.errors import ScWDataCorrupted
from analysis.products.fits_files import write_fits
from instruments.spi_acs import RATES
from instruments.time import SECONDS_PER_DAY

Array = NDArray[np.float64]
_EXTENSION = "BINS"


@dataclass(frozen=True, slots=True)
class Grid:
    """The bins that are asked for: from start to stop, IJD (TT), each of so many seconds."""

    start_ijd: float
    stop_ijd: float
    bin_s: float

    @property
    def count(self) -> int:
        """How many bins there are; the last one may end after the stop."""
        return bins_between(self.start_ijd, self.stop_ijd, self.bin_s)

    def middle_ijd(self, number: NDArray[np.int64]) -> Array:
        """Middle of the numbered bins, IJD (TT)."""
        since = (number.astype(np.float64) + 0.5) * (self.bin_s / SECONDS_PER_DAY)
        middle: Array = self.start_ijd + since
        return middle


@dataclass(frozen=True, slots=True, eq=False)
class BinnedCounts:
    """Bins with counts in them, in order.

    number: of the bin in its `Grid`, from 0. counts: in all its samples. exposed_s: how long these
    are together.
    """

    number: NDArray[np.int64]
    counts: NDArray[np.int64]
    exposed_s: Array

    @property
    def rate(self) -> Array:
        """count/s."""
        rate: Array = self.counts / self.exposed_s
        return rate

    @property
    def error(self) -> Array:
        """Standard deviation of `rate` by counting statistics; that of one count where is none."""
        error: Array = np.sqrt(np.maximum(self.counts, 1)) / self.exposed_s
        return error


def bins_between(start_ijd: float, stop_ijd: float, bin_s: float) -> int:
    """How many bins of that length begin between two times."""
    # what is a whole number but for rounding is one
    return max(1, int(np.ceil((stop_ijd - start_ijd) * SECONDS_PER_DAY / bin_s - 1e-4)))


def rebinned(rate_file: Path, science_window: str, grid: Grid) -> BinnedCounts:
    """The samples of a Science Window's file in the bins of a grid.

    A sample belongs to the bin that its middle lies in: in bins that are no multiple of the samples
    their number differs, and the rate is that of what is there. Raises ScWDataCorrupted.
    """
    try:
        with fits.open(rate_file, memmap=False) as hdus:
            table = hdus[RATES.extension]
            time = np.asarray(table.data["TIME"], dtype=np.float64)
            counts = np.asarray(table.data["COUNTS"], dtype=np.int64)
            width_s = float(table.header["TIMEDEL"])
    except (OSError, EOFError, KeyError, ValueError, TypeError) as error:
        raise ScWDataCorrupted(
            f"the file of rates can't be read as the format demands ({type(error).__name__.lower()}"
            f" in {RATES.extension}).",
            science_window=science_window,
            step="spi_acs_bins",
        ) from error
    since_s = (time - grid.start_ijd) * SECONDS_PER_DAY
    # a thousandth of a sample is less than any clock means
    number = np.floor(since_s / grid.bin_s + 1e-3 * width_s / grid.bin_s).astype(np.int64)
    inside = (number >= 0) & (number < grid.count) & (time < grid.stop_ijd)
    found, place = np.unique(number[inside], return_inverse=True)
    return BinnedCounts(
        number=found,
        counts=np.bincount(place, weights=counts[inside], minlength=found.size).astype(np.int64),
        exposed_s=np.bincount(place, minlength=found.size).astype(np.float64) * width_s,
    )


def joined(parts: list[BinnedCounts]) -> BinnedCounts:
    """The bins of several Science Windows; what two of them share is added up."""
    numbers = np.concatenate([part.number for part in parts])
    found, place = np.unique(numbers, return_inverse=True)
    counts = np.concatenate([part.counts for part in parts])
    exposed = np.concatenate([part.exposed_s for part in parts])
    return BinnedCounts(
        number=found.astype(np.int64),
        counts=np.bincount(place, weights=counts, minlength=found.size).astype(np.int64),
        exposed_s=np.bincount(place, weights=exposed, minlength=found.size).astype(np.float64),
    )


def write_bins(path: Path, bins: BinnedCounts) -> None:
    """Write bins for the cache; the same value gives the same bytes."""
    columns = [
        fits.Column("NUMBER", "1K", array=bins.number),
        fits.Column("COUNTS", "1K", unit="count", array=bins.counts),
        fits.Column("EXPOSED", "1D", unit="s", array=bins.exposed_s),
    ]
    table = fits.BinTableHDU.from_columns(columns, name=_EXTENSION)
    write_fits(path, [fits.PrimaryHDU(), table])


def read_bins(path: Path) -> BinnedCounts:
    """Read what `write_bins` wrote."""
    with fits.open(path, memmap=False) as hdus:
        table = hdus[_EXTENSION].data
        return BinnedCounts(
            np.asarray(table["NUMBER"], dtype=np.int64),
            np.asarray(table["COUNTS"], dtype=np.int64),
            np.asarray(table["EXPOSED"], dtype=np.float64),
        )
