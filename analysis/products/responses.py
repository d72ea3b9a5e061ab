"""Detector responses as OGIP files (memos CAL/GEN/92-002 and 92-002a).

A model's photon flux (photon/cm2/s) in the energy bins of a response, times the ancillary response
(effective area), times the redistribution matrix, is the rate per channel that the detector sees.
The mission's ISGRI matrices hold the area themselves and their ancillary response is 1; ours hold
probabilities. Both fold alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from analysis.products.detectors import Detector, detector_in
from analysis.products.fits_files import Card, write_fits
from analysis.products.fits_reading import (
    ProductFileError,
    column,
    keyword_number,
    keyword_text,
    numbers,
    opened,
    tables,
)
from analysis.products.ogip import Array, annotate, channel_cards, ebounds_table, primary_hdu

ANCILLARY_EXTENSION = "SPECRESP"
MATRIX_EXTENSION = "SPECRESP MATRIX"
BOUNDS_EXTENSION = "EBOUNDS"
#: HDUCLAS3 of a matrix of probabilities, and of one that holds the effective area too.
REDISTRIBUTION = "REDIST"
FULL = "FULL"


@dataclass(frozen=True, slots=True, eq=False)
class AncillaryResponse:
    """Effective area (cm2) by the energy of the photon; bins adjoin and ascend.

    energy_low_kev, energy_high_kev, area_cm2: arrays of one length. Where the redistribution
    matrix holds the area (the mission's for ISGRI), this is 1.
    """

    detector: Detector
    energy_low_kev: Array
    energy_high_kev: Array
    area_cm2: Array


@dataclass(frozen=True, slots=True, eq=False)
class RedistributionMatrix:
    """Where photons of each energy are counted.

    energy_low_kev, energy_high_kev: bins of the photon's energy, shape (n,). matrix: shape
    (n, channels), probability that a photon that is detected is counted in the channel; with
    ``kind`` `FULL`, times the effective area in cm2. e_min_kev, e_max_kev: nominal energies of
    the channels. first_channel: number of the first; ours count from 0. kind: HDUCLAS3, empty
    where the file states none that the standard knows.
    """

    detector: Detector
    energy_low_kev: Array
    energy_high_kev: Array
    matrix: Array
    e_min_kev: Array
    e_max_kev: Array
    first_channel: int = 0
    kind: str = REDISTRIBUTION


def write_ancillary_response(
    path: Path, response: AncillaryResponse, *, cards: Sequence[Card] = ()
) -> None:
    """Write an ARF; the same arguments give the same bytes.

    cards: further keywords for both headers.
    """
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "1E", unit="keV", array=response.energy_low_kev),
            fits.Column("ENERG_HI", "1E", unit="keV", array=response.energy_high_kev),
            fits.Column("SPECRESP", "1E", unit="cm2", array=response.area_cm2),
        ],
        name=ANCILLARY_EXTENSION,
        ver=1,
    )
    annotate(
        table,
        {**_ENERGY_COLUMNS, "SPECRESP": "Effective area"},
        [
            ("BASETYPE", "DAL_TABLE", "Data Access Layer base type"),
            *response.detector.cards(),
            ("FILTER", "NONE", "Filter in use"),
            ("HDUCLASS", "OGIP", "Format conforms to OGIP standards"),
            ("HDUCLAS1", "RESPONSE", "Dataset relates to spectral response"),
            ("HDUCLAS2", "SPECRESP", "Dataset contains an effective area"),
            ("HDUVERS", "1.1.0", "Version of format (CAL/GEN/92-002a)"),
            ("ARFVERSN", "1992a", "Former name of the format's version"),
            *cards,
        ],
    )
    write_fits(path, [primary_hdu(response.detector, None, (), cards), table])


def read_ancillary_response(path: Path) -> AncillaryResponse:
    """Read an ARF of this software or of the mission's; raises `ProductFileError`."""
    with opened(path) as hdus:
        hdu = _first(
            tables(
                path,
                hdus,
                "an effective area (HDUCLAS2 = 'SPECRESP')",
                lambda hdu: (
                    hdu.name == ANCILLARY_EXTENSION or keyword_text(hdu, "HDUCLAS2") == "SPECRESP"
                ),
            ),
            ANCILLARY_EXTENSION,
        )
        # where no unit is stated, the mission's ISGRI files hold a factor of 1
        return AncillaryResponse(
            detector=_detector(path, hdu),
            energy_low_kev=numbers(path, hdu, "ENERG_LO", "keV"),
            energy_high_kev=numbers(path, hdu, "ENERG_HI", "keV"),
            area_cm2=numbers(path, hdu, "SPECRESP", "cm2"),
        )


def write_redistribution_matrix(
    path: Path, response: RedistributionMatrix, *, cards: Sequence[Card] = ()
) -> None:
    """Write an RMF: EBOUNDS, then the matrix; the same arguments give the same bytes.

    Per photon energy the channels from the first to the last that counts anything are kept. cards:
    further keywords for every header.
    """
    bounds = ebounds_table(
        response.detector, response.first_channel, response.e_min_kev, response.e_max_kev, cards
    )
    hdus = [
        primary_hdu(response.detector, None, (), cards),
        bounds,
        _matrix_table(response, cards),
    ]
    write_fits(path, hdus)


def _matrix_table(response: RedistributionMatrix, cards: Sequence[Card]) -> fits.BinTableHDU:
    matrix = np.asarray(response.matrix, dtype=np.float32)
    counted = matrix != 0
    used = counted.any(axis=1)
    count = matrix.shape[1]
    first = np.where(used, counted.argmax(axis=1), 0)
    stop = np.where(used, count - counted[:, ::-1].argmax(axis=1), 0)
    rows = list(zip(matrix, used, first, stop, strict=True))
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("ENERG_LO", "1E", unit="keV", array=response.energy_low_kev),
            fits.Column("ENERG_HI", "1E", unit="keV", array=response.energy_high_kev),
            fits.Column("N_GRP", "1I", array=used.astype(np.int16)),
            # lists even of one: readers index them
            _lists(
                "F_CHAN", "PI()", [[f + response.first_channel] * int(u) for _, u, f, _ in rows]
            ),
            _lists("N_CHAN", "PI()", [[s - f] * int(u) for _, u, f, s in rows]),
            _lists(
                "MATRIX",
                "PE()",
                [row[f:s] for row, _, f, s in rows],
                unit="cm2" if response.kind == FULL else None,
            ),
        ],
        name=MATRIX_EXTENSION,
        ver=1,
    )
    annotate(
        table,
        {
            **_ENERGY_COLUMNS,
            "N_GRP": "Number of groups of channels",
            "F_CHAN": "First channel of each group",
            "N_CHAN": "Number of channels of each group",
            "MATRIX": "Response of the channels",
        },
        [
            ("BASETYPE", "DAL_TABLE", "Data Access Layer base type"),
            *response.detector.cards(),
            ("FILTER", "NONE", "Filter in use"),
            ("HDUCLASS", "OGIP", "Format conforms to OGIP standards"),
            ("HDUCLAS1", "RESPONSE", "Dataset relates to spectral response"),
            ("HDUCLAS2", "RSP_MATRIX", "Dataset contains a response matrix"),
            ("HDUCLAS3", response.kind, "FULL: effective area is in the matrix"),
            ("HDUVERS", "1.3.0", "Version of format (CAL/GEN/92-002a)"),
            ("RMFVERSN", "1992a", "Former name of the format's version"),
            *channel_cards(count, response.first_channel, column=4),
            ("NUMGRP", int(used.sum()), "Number of groups of channels"),
            ("NUMELT", int((stop - first).sum()), "Number of elements of the matrix"),
            ("LO_THRES", 0.0, "Elements up to this are left out at the ends"),
            ("EFFAREA", 1.0, "Area scaling factor"),
            *cards,
        ],
    )
    return _laid_out(table)


def _laid_out(table: fits.BinTableHDU) -> fits.BinTableHDU:
    """The same with its arrays of varying length where a file has them.

    astropy puts them there when it writes; a checksum taken before is a wrong one.
    """
    file = BytesIO()
    table.writeto(file)
    return fits.open(BytesIO(file.getvalue()), memmap=False)[1]


def read_redistribution_matrix(path: Path) -> RedistributionMatrix:
    """Read an RMF of this software or of the mission's; raises `ProductFileError`.

    Channels are counted as the matrix counts them (TLMIN of F_CHAN): the mission's files for
    JEM-X number them from 1 there, as in the spectra, and from 0 in EBOUNDS.
    """
    with opened(path) as hdus:
        bounds = tables(
            path,
            hdus,
            "energies of channels (HDUCLAS2 = 'EBOUNDS')",
            lambda hdu: hdu.name == BOUNDS_EXTENSION or keyword_text(hdu, "HDUCLAS2") == "EBOUNDS",
        )[0]
        hdu = _first(
            tables(
                path,
                hdus,
                "a redistribution matrix (HDUCLAS2 = 'RSP_MATRIX')",
                lambda hdu: (
                    hdu.name in (MATRIX_EXTENSION, "MATRIX")
                    or keyword_text(hdu, "HDUCLAS2") == "RSP_MATRIX"
                ),
            ),
            MATRIX_EXTENSION,
        )
        first_channel = _first_channel(path, hdu)
        e_min = numbers(path, bounds, "E_MIN", "keV")
        kind = keyword_text(hdu, "HDUCLAS3")
        return RedistributionMatrix(
            detector=_detector(path, hdu),
            energy_low_kev=numbers(path, hdu, "ENERG_LO", "keV"),
            energy_high_kev=numbers(path, hdu, "ENERG_HI", "keV"),
            matrix=_matrix(path, hdu, len(e_min), first_channel),
            e_min_kev=e_min,
            e_max_kev=numbers(path, bounds, "E_MAX", "keV"),
            first_channel=first_channel,
            kind=kind if kind in (REDISTRIBUTION, FULL, "DETECTOR") else "",
        )


def _first_channel(path: Path, hdu: fits.BinTableHDU) -> int:
    """TLMIN of F_CHAN; 1 where it isn't told (CAL/GEN/92-002, section 3.1)."""
    column(path, hdu, "F_CHAN")
    position = [name.upper() for name in hdu.columns.names].index("F_CHAN") + 1
    return int(keyword_number(path, hdu, f"TLMIN{position}", 1))


def _matrix(path: Path, hdu: fits.BinTableHDU, channels: int, first_channel: int) -> Array:
    """The matrix with all its zeros, shape (rows, channels)."""
    groups = column(path, hdu, "N_GRP")
    first, number, elements = (column(path, hdu, name) for name in ("F_CHAN", "N_CHAN", "MATRIX"))
    matrix = np.zeros((len(groups), channels))
    for row, count in enumerate(groups):
        position = 0
        starts, lengths = np.atleast_1d(first[row]), np.atleast_1d(number[row])
        for group in range(int(count)):
            start, length = int(starts[group]) - first_channel, int(lengths[group])
            values = np.atleast_1d(elements[row])[position : position + length]
            if start < 0 or start + length > channels or len(values) != length:
                raise ProductFileError(
                    f"{path.name}, extension {hdu.name}, row {row + 1}: channels"
                    f" {start + first_channel} to {start + first_channel + length - 1} don't fit"
                    f" {channels} channels of EBOUNDS and {len(values)} elements of MATRIX"
                )
            matrix[row, start : start + length] = values
            position += length
    return matrix


def _lists(
    name: str,
    form: str,
    rows: Sequence[Sequence[float] | NDArray[np.float32]],
    unit: str | None = None,
) -> fits.Column:
    """A column of arrays of any length."""
    arrays = np.empty(len(rows), dtype=object)
    for number, row in enumerate(rows):
        arrays[number] = np.asarray(row, dtype=np.int16 if form == "PI()" else np.float32)
    return fits.Column(name, form, unit=unit, array=arrays)


def _first(found: list[fits.BinTableHDU], name: str) -> fits.BinTableHDU:
    """The extension of that name among those found, else the first."""
    return next((hdu for hdu in found if hdu.name == name), found[0])


def _detector(path: Path, hdu: fits.BinTableHDU) -> Detector:
    detector = detector_in(hdu.header)
    if detector is None:
        raise ProductFileError(
            f"{path.name}, extension {hdu.name}: INSTRUME is {keyword_text(hdu, 'INSTRUME')!r},"
            " no instrument of INTEGRAL's"
        )
    return detector


_ENERGY_COLUMNS = {
    "ENERG_LO": "Lower energy of the photons",
    "ENERG_HI": "Upper energy of the photons",
}
