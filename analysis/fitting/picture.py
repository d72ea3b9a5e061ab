"""The picture of a fit: rates with the folded model, residuals below."""

import math
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from analysis.fitting.results import FitResult, FittedBins

Array = NDArray[np.float64]

_SEEN_SIGMA = 3.0
_MOST_JOINED = 12


def draw_fit(path: Path, result: FitResult, *, title: str, notice: str = "") -> None:
    """Draw a fit as PNG, 1000 x 750 pixels; the same arguments give the same bytes.

    Rates are divided by the width of their bins, so that bins of any width compare; faint bins are
    joined for the eye (`_joined`). notice: words that the reader must not miss.
    """
    low, high, rate, error, model = _joined(result.bins)
    width, middle = high - low, np.sqrt(low * high)
    across = np.stack([middle - low, high - middle])
    figure = Figure(figsize=(10, 7.5), dpi=100)
    canvas = FigureCanvasAgg(figure)
    upper, lower = figure.subplots(
        2, 1, sharex=True, gridspec_kw={"height_ratios": [3, 1], "hspace": 0.04}
    )
    upper.errorbar(
        middle, rate / width, yerr=error / width, xerr=across, fmt="none", ecolor="0.35", zorder=1
    )
    upper.stairs(
        model / width, np.append(low, high[-1]), baseline=None, color="C3", linewidth=1.8, zorder=2
    )
    shown = (model / width)[model > 0]
    if len(shown):
        upper.set_yscale("log", nonpositive="clip")
        upper.set_ylim(shown.min() / 5, max(shown.max(), (rate / width).max()) * 3)
    upper.set_xscale("log")
    upper.set_ylabel("count / (s keV)")
    upper.set_title(title, parse_math=False)
    upper.text(
        0.98,
        0.97,
        "\n".join(_words(result)),
        transform=upper.transAxes,
        ha="right",
        va="top",
        fontsize=10,
        bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "0.8"},
    )
    lower.errorbar(middle, (rate - model) / error, yerr=1.0, xerr=across, fmt="none", ecolor="0.35")
    lower.axhline(0, color="C3", linewidth=1.2)
    lower.set_ylabel("residual / error")
    lower.set_xlabel("energy / keV")
    if notice:
        figure.supxlabel(notice, fontsize=9, color="firebrick", parse_math=False)
    # no date and no version in the file
    canvas.print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]


def _joined(bins: FittedBins) -> tuple[Array, Array, Array, Array, Array]:
    """Energies, rate, error and model of bins joined until the rate is 3 sigma, 12 at most."""
    values = zip(bins.e_low_kev, bins.e_high_kev, bins.rate, bins.error, bins.model, strict=True)
    rows: list[list[float]] = []
    members = 0
    for low, high, rate, error, model in values:
        last = rows[-1] if rows else None
        if (
            last is not None
            and members < _MOST_JOINED
            and last[2] < _SEEN_SIGMA * last[3]
            and low <= last[1] * 1.0001
        ):
            rows[-1] = [
                *(last[0], high, last[2] + rate, math.hypot(last[3], error), last[4] + model)
            ]
            members += 1
        else:
            rows.append([low, high, rate, error, model])
            members = 1
    low, high, rate, error, model = np.array(rows).T
    return low, high, rate, error, model


def _words(result: FitResult) -> list[str]:
    return [
        result.model,
        *(
            f"{p.name} = {p.value:.4g} ± {p.error:.2g}" + (" keV" if p.unit == "keV" else "")
            for p in result.parameters
        ),
        f"χ² = {result.chi2:.1f} / {result.degrees_of_freedom}",
        f"{result.energy_flux.value:.3g} ± {result.energy_flux.error:.2g} erg/cm²/s"
        f" ({result.e_min_kev:g}-{result.e_max_kev:g} keV)",
    ]
