"""The picture of SPI-ACS's count rates; the same arguments give the same bytes."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from analysis.all_sky.rebinning import BinnedCounts, Grid
from instruments.time import SECONDS_PER_DAY, utc_from_ijd

#: Bins farther apart than this many bins aren't joined by a line.
GAP_BINS = 1.5


def draw_rates(path: Path, bins: BinnedCounts, grid: Grid, *, notice: str = "") -> None:
    """Draw rates by time as PNG, with their errors as a band.

    notice: words that the reader must not miss.
    """
    figure = Figure(figsize=(10, 5), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    zero = (grid.start_ijd + grid.stop_ijd) / 2
    time_s = (grid.middle_ijd(bins.number) - zero) * SECONDS_PER_DAY
    # nothing is drawn across gaps
    breaks = np.flatnonzero(np.diff(time_s) > GAP_BINS * grid.bin_s) + 1
    at = np.insert(time_s, breaks, np.nan)
    rate, error = (np.insert(values, breaks, np.nan) for values in (bins.rate, bins.error))
    axes.fill_between(at, rate - error, rate + error, step="mid", color="#9db7dd", linewidth=0)
    axes.step(at, rate, where="mid", color="#1f4e9c", linewidth=0.8)
    axes.set_xlim(
        (grid.start_ijd - zero) * SECONDS_PER_DAY, (grid.stop_ijd - zero) * SECONDS_PER_DAY
    )
    axes.set_xlabel(
        f"seconds since {utc_from_ijd(zero).isoformat(sep=' ', timespec='milliseconds')[:23]} UTC"
    )
    axes.set_ylabel("count / s")
    axes.set_title(f"SPI-ACS, bins of {grid.bin_s:g} s")
    axes.grid(alpha=0.3)
    if notice:
        figure.supxlabel(notice, fontsize=9, color="firebrick", parse_math=False)
    # no date and no version in the file
    canvas.print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]
