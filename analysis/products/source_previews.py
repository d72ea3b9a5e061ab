"""Pictures of spectra and light curves; the same arguments give the same bytes."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_spectrum import GOOD, SourceSpectrum
from instruments.time import IJD_ORIGIN_MJD, SECONDS_PER_DAY

Array = NDArray[np.float64]

#: Channels are put together until they have this significance, or reach this width.
SIGMA = 5.0
WIDEST_RATIO = 1.5
#: What has less than this significance is drawn as an upper limit of so many standard deviations.
LIMIT_SIGMA = 2.0
TICKS_KEV = (3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000)
_COLOUR = "#1f4e9c"


def write_spectrum_preview(
    path: Path, spectrum: SourceSpectrum, *, title: str = "", notice: str = ""
) -> None:
    """Write a PNG of the count rate per keV, logarithmic both ways, channels put together."""
    figure, canvas = _figure(notice)
    axes = figure.add_subplot()
    low, high, rate, error = _binned(spectrum)
    middle, width = np.sqrt(low * high), high - low
    seen = rate > LIMIT_SIGMA * error
    for chosen, value, marker in (
        (seen, rate / width, "none"),
        (~seen, (np.maximum(rate, 0) + LIMIT_SIGMA * error) / width, "v"),
    ):
        axes.errorbar(
            middle[chosen],
            value[chosen],
            xerr=[(middle - low)[chosen], (high - middle)[chosen]],
            yerr=(error / width)[chosen] if marker == "none" else None,
            fmt="none" if marker == "none" else marker,
            color=_COLOUR if marker == "none" else "0.6",
            elinewidth=1.0,
            markersize=4,
            label="rate" if marker == "none" else f"limit, {LIMIT_SIGMA:g} sigma",
        )
    axes.set_xscale("log")
    ticks = [tick for tick in TICKS_KEV if low.min() <= tick <= high.max()] if low.size else []
    axes.set_yscale("log")
    # plain numbers: the usual powers of ten would overlap
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_on()
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("Energy (keV)")
    axes.set_ylabel("count / s / keV")
    axes.grid(alpha=0.25, which="both")
    if (~seen).any():
        axes.legend(loc="upper right", frameon=False)
    exposure = f"{spectrum.livetime_s / 1000:.3g} ks live"
    axes.set_title(
        f"{title}\n{len(spectrum.science_windows)} Science Windows, {exposure}", parse_math=False
    )
    canvas.print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def write_light_curve_preview(
    path: Path, curve: SourceLightCurve, *, title: str = "", notice: str = ""
) -> None:
    """Write a PNG of the rate with time."""
    figure, canvas = _figure(notice)
    axes = figure.add_subplot()
    start = np.floor(curve.time_ijd.min()) if len(curve.time_ijd) else 0.0
    half = curve.width_s / 2 / SECONDS_PER_DAY
    axes.errorbar(
        curve.time_ijd - start,
        curve.rate,
        xerr=half,
        yerr=curve.error,
        fmt="none",
        color=_COLOUR,
        elinewidth=1.0,
    )
    axes.axhline(0.0, color="0.5", linewidth=0.8)
    axes.set_xlabel(f"Time (d) since MJD {IJD_ORIGIN_MJD + start:.0f} (TT)")
    axes.set_ylabel("count / s")
    axes.grid(alpha=0.25)
    band = f"{curve.e_min_kev:g}-{curve.e_max_kev:g} keV, bins of {curve.time_bin_s:g} s"
    axes.set_title(f"{title}\n{band}", parse_math=False)
    canvas.print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _figure(notice: str) -> tuple[Figure, FigureCanvasAgg]:
    figure = Figure(figsize=(8.0, 5.5), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    if notice:
        figure.supxlabel(notice, fontsize=9, color="firebrick", parse_math=False)
    return figure, canvas


def _binned(spectrum: SourceSpectrum) -> tuple[Array, Array, Array, Array]:
    """Lower and upper energies, rates and errors of channels put together."""
    edges, good = spectrum.channel_edges_kev, spectrum.quality == GOOD
    bins: list[tuple[float, float, float, float]] = []
    low: float | None = None
    rate = variance = 0.0
    for n in np.flatnonzero(good):
        if low is None:
            low, rate, variance = float(edges[n]), 0.0, 0.0
        rate += float(spectrum.rate[n])
        variance += float(spectrum.error[n]) ** 2
        high = float(edges[n + 1])
        last = n + 1 >= len(good) or not good[n + 1]
        if rate >= SIGMA * variance**0.5 or high >= WIDEST_RATIO * low or last:
            bins.append((low, high, rate, variance**0.5))
            low = None
    table = np.array(bins).reshape(-1, 4)
    return table[:, 0], table[:, 1], table[:, 2], table[:, 3]
