"""Count spectra of single sources as OGIP files (memo OGIP/92-007, HDUVERS 1.2.1).

Extension and column names are the mission's: ``ISGR-EVTS-SPE`` and ``JMXn-PHA1-SPE``, rates with
errors per channel. To these our files add an EBOUNDS extension, so that the channels' energies are
known without the response. Channels without data have a RATE of NaN, an infinite STAT_ERR and
QUALITY 3, as the mission writes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from analysis.products.catalogue_source import CatalogueSource
from analysis.products.detectors import ISGRI, Detector, detector_in
from analysis.products.fits_files import Card, write_fits
from analysis.products.fits_reading import (
    ProductFileError,
    column,
    keyword_number,
    keyword_text,
    numbers,
    opened,
    optional_numbers,
    tables,
)
from analysis.products.ogip import (
    NO_FILE,
    Array,
    annotate,
    channel_cards,
    ebounds_table,
    primary_hdu,
    source_cards,
    source_in,
)
from analysis.products.time_coverage import TimeCoverage

#: QUALITY of a usable channel, and of one that holds no data.
GOOD = 0
NO_DATA = 3

_DESCRIPTIONS = {
    "CHANNEL": "Channel number",
    "RATE": "Count rate of the source in the channel",
    "SYS_ERR": "Systematic error as a fraction of RATE",
    "STAT_ERR": "Statistical standard deviation of RATE",
    "QUALITY": "0 good, 3 no data, else bad (OGIP/92-007)",
    "GROUPING": "1 starts a bin, -1 continues it",
}


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The count rates of one source, channel by channel; arrays of one length.

    source: name and ICRS position (degrees). rate, stat_err: count/s, the rate that the source
    gives per second of live time under the response of ``response_file`` and ``ancillary_file``.
    sys_err: fraction of the rate. quality: `GOOD` or else. grouping: 1 starts a bin of channels,
    -1 continues it. e_min_kev, e_max_kev: energies of the channels, ``None`` where the file states
    none (`with_bounds` takes them from a response). coverage: EXPOSURE is its live time.
    source_exposure_s: live time weighted by how much of the detector saw the source (EXP_SRC).
    first_channel: number of the first channel; ours count from 0.
    ancillary_file, response_file: names of the files that fold a model into these channels.
    """

    detector: Detector
    source: CatalogueSource
    rate: Array
    stat_err: Array
    sys_err: Array
    quality: NDArray[np.int16]
    grouping: NDArray[np.int16]
    e_min_kev: Array | None
    e_max_kev: Array | None
    coverage: TimeCoverage
    source_exposure_s: float
    first_channel: int = 0
    ancillary_file: str = NO_FILE
    response_file: str = NO_FILE

    @property
    def good(self) -> NDArray[np.bool_]:
        """Channels that may be used: QUALITY says so, rate and error are finite."""
        return np.asarray(
            (self.quality == GOOD)
            & np.isfinite(self.rate)
            & np.isfinite(self.stat_err)
            & (self.stat_err > 0)
        )

    def with_bounds(self, e_min_kev: Array, e_max_kev: Array) -> "Spectrum":
        """The same with the energies of its channels; raises ValueError for another number."""
        if not len(e_min_kev) == len(e_max_kev) == len(self.rate):
            raise ValueError(
                f"the response has {len(e_min_kev)} channels, the spectrum {len(self.rate)}"
            )
        return replace(self, e_min_kev=e_min_kev, e_max_kev=e_max_kev)


def spectrum(
    detector: Detector,
    source: CatalogueSource,
    rate: Array,
    stat_err: Array,
    e_min_kev: Array,
    e_max_kev: Array,
    coverage: TimeCoverage,
    *,
    sys_err: float | Array = 0.0,
    source_exposure_s: float | None = None,
    ancillary_file: str = NO_FILE,
    response_file: str = NO_FILE,
) -> Spectrum:
    """A spectrum of ungrouped channels, whose rates without finite error are marked `NO_DATA`."""
    rate = np.asarray(rate, dtype=np.float64)
    stat_err = np.asarray(stat_err, dtype=np.float64)
    usable = np.isfinite(rate) & np.isfinite(stat_err) & (stat_err > 0)
    return Spectrum(
        detector=detector,
        source=source,
        rate=np.where(usable, rate, np.nan),
        stat_err=np.where(usable, stat_err, np.inf),
        sys_err=np.broadcast_to(np.asarray(sys_err, dtype=np.float64), rate.shape).copy(),
        quality=np.where(usable, GOOD, NO_DATA).astype(np.int16),
        grouping=np.ones(rate.shape, dtype=np.int16),
        e_min_kev=np.asarray(e_min_kev, dtype=np.float64),
        e_max_kev=np.asarray(e_max_kev, dtype=np.float64),
        coverage=coverage,
        source_exposure_s=coverage.livetime_s if source_exposure_s is None else source_exposure_s,
        ancillary_file=ancillary_file,
        response_file=response_file,
    )


def write_spectrum(
    path: Path,
    spectrum: Spectrum,
    *,
    science_windows: Sequence[str] = (),
    cards: Sequence[Card] = (),
) -> None:
    """Write a spectrum; the same arguments give the same bytes.

    science_windows: whose events are in it; listed in the primary header as SCW1, SCW2, …
    cards: further keywords for every header. Raises ValueError for a detector without spectra.
    """
    if not spectrum.detector.spectrum_extension:
        raise ValueError(f"{spectrum.detector.obscore_name} has no spectra")
    hdus = [
        primary_hdu(spectrum.detector, spectrum.coverage, science_windows, cards),
        _table(spectrum, cards),
    ]
    if spectrum.e_min_kev is not None and spectrum.e_max_kev is not None:
        hdus.append(
            ebounds_table(
                spectrum.detector,
                spectrum.first_channel,
                spectrum.e_min_kev,
                spectrum.e_max_kev,
                cards,
            )
        )
    write_fits(path, hdus)


def _table(spectrum: Spectrum, cards: Sequence[Card]) -> fits.BinTableHDU:
    count = len(spectrum.rate)
    channels = np.arange(count) + spectrum.first_channel
    errors = [
        fits.Column("SYS_ERR", "1E", array=spectrum.sys_err),
        fits.Column("STAT_ERR", "1E", unit="count/s", array=spectrum.stat_err),
    ]
    columns = [
        fits.Column("CHANNEL", "1I", array=channels),
        fits.Column("RATE", "1E", unit="count/s", array=spectrum.rate),
        # JEM-X has them the other way round
        *(errors if spectrum.detector == ISGRI else reversed(errors)),
        fits.Column("QUALITY", "1I", array=spectrum.quality),
        fits.Column("GROUPING", "1I", array=spectrum.grouping),
    ]
    table = fits.BinTableHDU.from_columns(columns, name=spectrum.detector.spectrum_extension, ver=1)
    annotate(
        table,
        _DESCRIPTIONS,
        [
            ("BASETYPE", "DAL_TABLE", "Data Access Layer base type"),
            *spectrum.detector.cards(),
            ("FILTER", "NONE", "Filter in use"),
            ("ISDCLEVL", "SPE", "ISDC level of data processing"),
            ("HDUCLASS", "OGIP", "Format conforms to OGIP standards"),
            ("HDUCLAS1", "SPECTRUM", "Dataset contains a spectrum"),
            # ISGRI's have always been called TOTAL, although the background is not in them
            ("HDUCLAS2", "TOTAL" if spectrum.detector == ISGRI else "NET", "Type of data"),
            ("HDUCLAS3", "RATE", "Extension contains a count rate"),
            ("HDUVERS", "1.2.1", "Version of format (OGIP/92-007)"),
            ("PHAVERSN", "1992a", "Former name of the format's version"),
            *channel_cards(count, spectrum.first_channel, column=1),
            ("POISSERR", False, "Errors are in STAT_ERR"),
            ("AREASCAL", 1.0, "Area scaling factor"),
            ("BACKSCAL", 1.0, "Background scaling factor"),
            ("CORRSCAL", 0.0, "Correction scaling factor"),
            ("BACKFILE", NO_FILE, "Background file"),
            ("CORRFILE", NO_FILE, "Correction file"),
            ("RESPFILE", spectrum.response_file, "Redistribution matrix file (RMF)"),
            ("ANCRFILE", spectrum.ancillary_file, "Ancillary response file (ARF)"),
            *spectrum.coverage.cards(),
            ("EXP_SRC", spectrum.source_exposure_s, "[s] Effective exposure for the source"),
            *source_cards(spectrum.source),
            *cards,
        ],
    )
    return table


def read_spectrum(path: Path) -> Spectrum:
    """Read the one spectrum of a file of this software or of the mission's.

    Raises `ProductFileError` where there is none, or several (`read_spectra` reads those).
    """
    found = read_spectra(path)
    if len(found) > 1:
        names = ", ".join(item.source.name or "without name" for item in found)
        raise ProductFileError(f"{path.name}: holds {len(found)} spectra ({names}), not one")
    return found[0]


def read_spectra(path: Path) -> tuple[Spectrum, ...]:
    """Read every spectrum of a file; raises `ProductFileError` where there is none."""
    with opened(path) as hdus:
        bounds = next((hdu for hdu in hdus if hdu.name == "EBOUNDS"), None)
        return tuple(
            _spectrum(path, hdu, bounds)
            for hdu in tables(
                path,
                hdus,
                "a spectrum (HDUCLAS1 = 'SPECTRUM')",
                lambda hdu: keyword_text(hdu, "HDUCLAS1") == "SPECTRUM",
            )
        )


def _spectrum(path: Path, hdu: fits.BinTableHDU, bounds: fits.BinTableHDU | None) -> Spectrum:
    detector = detector_in(hdu.header)
    if detector is None:
        raise ProductFileError(
            f"{path.name}, extension {hdu.name}: INSTRUME is {keyword_text(hdu, 'INSTRUME')!r},"
            " no instrument of INTEGRAL's that gives spectra"
        )
    rate = numbers(path, hdu, "RATE", "count/s")
    stat_err = numbers(path, hdu, "STAT_ERR", "count/s")
    coverage = TimeCoverage.of(path, hdu)
    sys_err = optional_numbers(path, hdu, "SYS_ERR")
    has_bounds = bounds is not None and len(bounds.data) == len(rate)
    channels = column(path, hdu, "CHANNEL")
    return Spectrum(
        detector=detector,
        source=source_in(hdu),
        rate=rate,
        stat_err=stat_err,
        sys_err=np.zeros_like(rate) if sys_err is None else sys_err,
        quality=_flags(path, hdu, "QUALITY", GOOD, len(rate)),
        grouping=_flags(path, hdu, "GROUPING", 1, len(rate)),
        e_min_kev=numbers(path, bounds, "E_MIN", "keV") if has_bounds and bounds else None,
        e_max_kev=numbers(path, bounds, "E_MAX", "keV") if has_bounds and bounds else None,
        coverage=coverage,
        source_exposure_s=keyword_number(path, hdu, "EXP_SRC", coverage.livetime_s),
        first_channel=int(channels[0]) if len(channels) else 0,
        ancillary_file=keyword_text(hdu, "ANCRFILE") or NO_FILE,
        response_file=keyword_text(hdu, "RESPFILE") or NO_FILE,
    )


def _flags(
    path: Path, hdu: fits.BinTableHDU, name: str, default: int, count: int
) -> NDArray[np.int16]:
    """An integer column, or the keyword of that name that stands for it (OGIP/92-007, 3.1.1)."""
    values = optional_numbers(path, hdu, name)
    if values is None:
        value = keyword_number(path, hdu, name, default)
        return np.full(count, int(value), dtype=np.int16)
    return values.astype(np.int16)
