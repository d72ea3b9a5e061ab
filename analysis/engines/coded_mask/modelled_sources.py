"""Where a mosaic's sources are modelled in single Science Windows.

Every Science Window more changes all that was fitted in a mosaic by a little. What single Science
Windows are cleaned of, and whose spectra are extracted there, must not change with it as long as it
means the same: else each mosaic would make anew what other mosaics made of the same Science
Windows. So a source is modelled

- at its **catalogue position**, unless it is very significant and its fitted position is another:
  farther off than `AGREEMENT` standard errors. A model that is k errors off leaves k sigma behind,
  and half of that in a ghost: within the agreement nothing that is taken for a source;
- else, as a new source must be, where it was **fitted**, on a grid as fine as the position's error.

and only the sources that a Science Window sees count there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.engines.coded_mask.matching import separation_deg
from analysis.engines.coded_mask.source_search import FREE_POSITION_SIGMA
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source

#: A fitted position agrees with the catalogue's within so many of its standard errors; by chance
#: one in three thousand doesn't.
AGREEMENT = 4.0
#: The grid's step in standard errors, at most; half of that at least. It adds no more to the
#: error of a position than a sixth.
GRID = 2.0


@dataclass(frozen=True, slots=True)
class ModelledSource:
    """A source as single Science Windows model it.

    name: as in the mosaic's list. ra, dec: ICRS position in degrees. error_deg: of the fitted
    position. bright: so significant that its fitted position counts, whatever others say.
    """

    name: str
    ra: float
    dec: float
    error_deg: float
    new_source: bool
    bright: bool


@dataclass(frozen=True, slots=True)
class Modelled:
    """The sources of a mosaic as its Science Windows model them.

    fields: the positions in ``sources`` of those that a Science Window sees, by its identifier.
    """

    sources: tuple[ModelledSource, ...]
    fields: Mapping[str, tuple[int, ...]]

    def seen_in(self, science_window: str) -> tuple[ModelledSource, ...]:
        """The sources in its field of view, by position; raises `KeyError` for an unknown one."""
        return tuple(
            sorted(
                (self.sources[n] for n in self.fields[science_window]),
                key=lambda source: (source.ra, source.dec),
            )
        )


def modelled_sources(
    sources: Sequence[Source], catalogue: Sequence[CatalogueSource]
) -> tuple[ModelledSource, ...]:
    """The sources of a mosaic's list, in its order, where they are modelled."""
    places = {known.name: known for known in catalogue}
    return tuple(
        _modelled(source, None if source.new_source else places.get(source.name))
        for source in sources
    )


def _modelled(source: Source, known: CatalogueSource | None) -> ModelledSource:
    bright = source.significance >= FREE_POSITION_SIGMA
    if known is not None and not (bright and _is_elsewhere(source, known)):
        ra, dec = known.ra, known.dec
    else:
        ra, dec = on_grid(source.ra, source.dec, source.position_error)
    return ModelledSource(
        source.name, ra, dec, source.position_error, source.new_source, bright=bright
    )


def _is_elsewhere(source: Source, known: CatalogueSource) -> bool:
    apart = separation_deg(source.ra, source.dec, known.ra, known.dec)
    return apart > AGREEMENT * source.position_error


def on_grid(ra: float, dec: float, error_deg: float) -> tuple[float, float]:
    """The point of a grid that is nearest to a position with that error, all in degrees.

    The step is a power of two, so that an error that is nearly the same means the same grid.
    """
    error_deg = float(np.clip(np.nan_to_num(error_deg, nan=1.0), 1e-5, 1.0))
    step = 2.0 ** np.floor(np.log2(GRID * error_deg))
    row = np.clip(np.round(dec / step), -np.floor(90.0 / step), np.floor(90.0 / step))
    # rows have a whole number of columns, wider ones nearer to the poles
    columns = max(1.0, np.floor(360.0 * np.cos(np.radians(row * step)) / step))
    column = np.round((ra % 360.0) / 360.0 * columns) % columns
    # a millionth of a degree is finer than any grid
    return round(float(column * 360.0 / columns), 6), round(float(row * step), 6)
