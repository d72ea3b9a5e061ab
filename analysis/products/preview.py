"""A picture of a significance map with its sources marked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import AsinhNorm
from matplotlib.figure import Figure

from analysis.products.sky_maps import SkyMaps
from analysis.products.source_list import Source

#: Only the most significant sources get their name written: more would hide the map.
MAX_LABELS = 30
#: Significances around zero within which the colours are linear.
LINEAR_SIGMA = 5.0
TICKS = (-5, 0, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def write_preview(
    path: Path, maps: SkyMaps, sources: Sequence[Source], *, title: str = "", notice: str = ""
) -> None:
    """Write a PNG of SIGNIFICANCE; the same arguments give the same bytes.

    title: stands above the energy band. notice: a line below the picture, e.g. that the data are
    simulated. Colours are linear around zero and logarithmic above, so that faint sources show
    beside bright ones.
    """
    figure = Figure(figsize=(9.0, 8.2), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    header = fits.Header()
    header["NAXIS"] = 2
    header["NAXIS1"], header["NAXIS2"] = maps.plane.shape[1], maps.plane.shape[0]
    header.extend(maps.plane.cards())
    axes = figure.add_subplot(projection=WCS(header))
    significance = maps.significance
    top = float(np.nanmax(significance)) if np.isfinite(significance).any() else 0.0
    ticks = [tick for tick in TICKS if tick <= max(top, 10.0)]
    picture = axes.imshow(
        significance,
        origin="lower",
        cmap="inferno",
        interpolation="nearest",
        norm=AsinhNorm(linear_width=LINEAR_SIGMA, vmin=-LINEAR_SIGMA, vmax=max(top, 10.0)),
    )
    bar = figure.colorbar(picture, ax=axes, label="Significance (sigma)", shrink=0.9)
    bar.set_ticks(ticks, labels=[str(tick) for tick in ticks], minor=False)
    bar.minorticks_off()
    axes.set_facecolor("0.85")
    for coordinate, label, side in (
        (axes.coords[0], "Right ascension (ICRS)", "b"),
        (axes.coords[1], "Declination (ICRS)", "l"),
    ):
        # a tilted field might else put the labels over the title
        coordinate.set_ticks_position(side)
        coordinate.set_ticklabel_position(side)
        coordinate.set_axislabel_position(side)
        coordinate.set_axislabel(label)
        coordinate.set_format_unit("deg")
        coordinate.set_major_formatter("d.d")
        coordinate.grid(color="white", alpha=0.25, linestyle=":")
    for number, source in enumerate(sorted(sources, key=lambda row: -row.significance)):
        column, row = (float(p) for p in maps.plane.pixel(source.ra, source.dec))
        if not maps.plane.contains(column, row):
            continue
        axes.plot(
            column,
            row,
            marker="o",
            markersize=13,
            markerfacecolor="none",
            markeredgecolor="cyan" if source.new_source else "lime",
            markeredgewidth=1.2,
        )
        if number < MAX_LABELS:
            axes.annotate(
                source.name,
                (column, row),
                xytext=(8, 6),
                textcoords="offset points",
                color="white",
                fontsize=8,
                parse_math=False,
            )
    band = f"{maps.e_min_kev:g}-{maps.e_max_kev:g} keV"
    axes.set_title(f"{title}\n{band}" if title else band, parse_math=False)
    if notice:
        figure.supxlabel(notice, fontsize=9, color="firebrick", parse_math=False)
    # no date and no version in the file
    canvas.print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]
