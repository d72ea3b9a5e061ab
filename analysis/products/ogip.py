"""What OGIP spectra and responses have in common: channels, source, primary header."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from analysis.products.catalogue_source import CatalogueSource
from analysis.products.detectors import Detector
from analysis.products.fits_files import Card
from analysis.products.fits_reading import keyword_text, opened
from analysis.products.time_coverage import TimeCoverage

Array = NDArray[np.float64]

#: Value of BACKFILE, RESPFILE, … where there is no such file.
NO_FILE = "NONE"


def primary_hdu(
    detector: Detector,
    coverage: TimeCoverage | None,
    science_windows: Sequence[str],
    cards: Sequence[Card],
) -> fits.PrimaryHDU:
    """A primary HDU without data that tells the origin: detector, times, Science Windows."""
    primary = fits.PrimaryHDU()
    entries = [*detector.cards(), *(coverage.cards() if coverage else ()), *cards]
    for keyword, value, comment in entries:
        primary.header[keyword] = (value, comment)
    if science_windows:
        primary.header["NSCW"] = (len(science_windows), "Number of Science Windows")
    for number, science_window in enumerate(science_windows, start=1):
        primary.header[f"SCW{number}"] = (science_window, "Science Window")
    return primary


def science_windows_in(path: Path) -> tuple[str, ...]:
    """The Science Windows that a product's primary header lists (SCW1, SCW2, …); may be none."""
    with opened(path) as hdus:
        header = hdus[0].header
        count = header.get("NSCW", 0)
        return tuple(str(header[f"SCW{number}"]) for number in range(1, count + 1))


def annotate(
    table: fits.BinTableHDU, descriptions: Mapping[str, str], cards: Sequence[Card]
) -> None:
    """Give a table its keywords, and its columns their descriptions."""
    for number, column in enumerate(table.columns, start=1):
        table.header.comments[f"TTYPE{number}"] = descriptions[column.name]
    for keyword, value, comment in cards:
        table.header[keyword] = (value, comment)


def channel_cards(count: int, first_channel: int, column: int) -> list[Card]:
    """How channels are counted; column: the number of the column that holds channel numbers."""
    return [
        ("CHANTYPE", "PI", "Channels are pulse invariant"),
        ("DETCHANS", count, "Total number of channels"),
        (f"TLMIN{column}", first_channel, "First channel"),
        (f"TLMAX{column}", first_channel + count - 1, "Last channel"),
    ]


def source_cards(source: CatalogueSource) -> list[Card]:
    """Name and ICRS position of a source."""
    return [
        ("NAME", source.name, "Name of the source"),
        ("SOURCEID", source.name, "Identifier of the source"),
        ("OBJECT", source.name, "Name of the source"),
        ("RA_OBJ", source.ra, "[deg] Right ascension of the source"),
        ("DEC_OBJ", source.dec, "[deg] Declination of the source"),
        ("RADESYS", "ICRS", "Celestial reference system"),
    ]


def source_in(hdu: fits.BinTableHDU) -> CatalogueSource:
    """The source that a header names; what it doesn't tell is empty or NaN."""
    name = next(
        (text for key in ("NAME", "SOURCEID", "OBJECT") if (text := keyword_text(hdu, key))), ""
    )
    ra, dec = (
        float(value) if isinstance(value := hdu.header.get(key), int | float) else float("nan")
        for key in ("RA_OBJ", "DEC_OBJ")
    )
    return CatalogueSource(name, ra, dec)


def ebounds_table(
    detector: Detector,
    first_channel: int,
    e_min_kev: Array,
    e_max_kev: Array,
    cards: Sequence[Card],
) -> fits.BinTableHDU:
    """The energies of the channels (CAL/GEN/92-002, section 3.2)."""
    count = len(e_min_kev)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("CHANNEL", "1I", array=np.arange(count) + first_channel),
            fits.Column("E_MIN", "1E", unit="keV", array=e_min_kev),
            fits.Column("E_MAX", "1E", unit="keV", array=e_max_kev),
        ],
        name="EBOUNDS",
    )
    annotate(
        table,
        {
            "CHANNEL": "Channel number",
            "E_MIN": "Lower energy of the channel",
            "E_MAX": "Upper energy of the channel",
        },
        [
            *detector.cards(),
            ("FILTER", "NONE", "Filter in use"),
            ("HDUCLASS", "OGIP", "Format conforms to OGIP standards"),
            ("HDUCLAS1", "RESPONSE", "Dataset relates to spectral response"),
            ("HDUCLAS2", "EBOUNDS", "Nominal energies of the channels"),
            ("HDUVERS", "1.2.0", "Version of format (CAL/GEN/92-002a)"),
            ("RMFVERSN", "1992a", "Former name of the format's version"),
            *channel_cards(count, first_channel, column=1),
            *cards,
        ],
    )
    return table
