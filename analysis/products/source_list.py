"""Source lists: the value, and its form as FITS (`source_votable` has the other).

The columns are those that users' scripts rely on. A list from one Science Window names it in every
row; in a list from a mosaic `scw` is empty.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from analysis.products.detectors import ISGRI, Detector
from analysis.products.fits_files import Card, write_fits

EXTENSION = "ISGR-SRCL-RES"
FRAME_CARD: Card = ("RADESYS", "ICRS", "Celestial reference system")


@dataclass(frozen=True, slots=True)
class Source:
    """A row of a source list.

    ra, dec: fitted ICRS position, degrees; position_error: its standard deviation along each
    coordinate (degrees on the sky, statistical). intensity, intensity_error: count/s.
    significance: intensity over its error. e_min, e_max: keV. new_source: not in the catalogue.
    scw: the Science Window where it was found; empty for a mosaic.
    """

    name: str
    ra: float
    dec: float
    position_error: float
    intensity: float
    intensity_error: float
    significance: float
    e_min: float
    e_max: float
    new_source: bool
    scw: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a source list is written."""

    name: str
    fits_format: str
    datatype: str
    unit: str | None
    ucd: str
    description: str


COLUMNS = (
    Column(
        "name", "100A", "char", None, "meta.id;meta.main", "Name; NEW_n if not in the catalogue"
    ),
    Column("ra", "1D", "double", "deg", "pos.eq.ra;meta.main", "Right ascension (ICRS), fitted"),
    Column("dec", "1D", "double", "deg", "pos.eq.dec;meta.main", "Declination (ICRS), fitted"),
    Column(
        "position_error",
        "1D",
        "double",
        "deg",
        "stat.error;pos.eq",
        "Standard deviation of the position along each coordinate, statistical",
    ),
    Column(
        "intensity",
        "1D",
        "double",
        "count/s",
        "phot.count;em.X-ray.hard",
        "Rate on axis with all pixels alive and no dead time",
    ),
    Column(
        "intensity_error",
        "1D",
        "double",
        "count/s",
        "stat.error;phot.count;em.X-ray.hard",
        "Standard deviation of intensity",
    ),
    Column("significance", "1D", "double", None, "stat.snr", "intensity over intensity_error"),
    Column("e_min", "1D", "double", "keV", "em.energy;stat.min", "Lower limit of the energy band"),
    Column("e_max", "1D", "double", "keV", "em.energy;stat.max", "Upper limit of the energy band"),
    Column("new_source", "1L", "boolean", None, "meta.code", "Not in the catalogue"),
    Column(
        "scw",
        "16A",
        "char",
        None,
        "meta.id;obs",
        "Science Window where the source was found; empty for a mosaic",
    ),
)


def write_source_list(
    path: Path,
    sources: Iterable[Source],
    cards: Sequence[Card] = (),
    *,
    detector: Detector = ISGRI,
    extension: str = EXTENSION,
) -> None:
    """Write a source list as a FITS table; the same list gives the same bytes.

    cards: further keywords for both headers (who made it, from simulated data or not, …).
    extension: name of the table; `read_source_list` reads those with the usual one.
    """
    table = source_list_table(sources)
    table.name = extension
    primary = fits.PrimaryHDU()
    for hdu in (primary, table):
        for keyword, value, comment in (*detector.cards(), FRAME_CARD, *cards):
            hdu.header[keyword] = (value, comment)
    write_fits(path, [primary, table])


def source_list_table(sources: Iterable[Source]) -> fits.BinTableHDU:
    """A source list as an extension of a FITS file."""
    rows = list(sources)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(
                name=column.name,
                format=column.fits_format,
                unit=column.unit,
                array=np.array(
                    [getattr(row, column.name) for row in rows],
                    dtype=_NUMPY[column.datatype],
                ),
            )
            for column in COLUMNS
        ],
        name=EXTENSION,
    )
    for number, column in enumerate(COLUMNS, start=1):
        table.header.comments[f"TTYPE{number}"] = column.description[:47]
        table.header.set(
            f"TUCD{number}",
            column.ucd,
            after=f"TFORM{number}" if not column.unit else f"TUNIT{number}",
        )
    return table


def read_source_list(path: Path) -> tuple[Source, ...]:
    """Read a source list that `write_source_list` wrote."""
    with fits.open(path, memmap=False) as hdus:
        table = hdus[EXTENSION].data
        return tuple(
            Source(
                name=str(row["name"]).strip(),
                **{
                    column.name: float(row[column.name])
                    for column in COLUMNS
                    if column.datatype == "double"
                },
                new_source=bool(row["new_source"]),
                scw=str(row["scw"]).strip(),
            )
            for row in table
        )


def above(threshold: float, sources: Iterable[Source]) -> tuple[Source, ...]:
    """The sources of at least that significance, in the order given."""
    return tuple(source for source in sources if source.significance >= threshold)


_NUMPY = {"char": "U", "double": "f8", "boolean": "?"}
