"""Light curves of single sources in the mission's formats (OGIP/93-003 for the time keywords).

ISGRI: ``ISGR-SRC.-LCR``, JEM-X: ``JMXn-SRC.-LCR``, times in days (IJD, TT) at the middle of each
bin. SPI-ACS: ``RATE``, times in seconds since TIMEZERO, which is in seconds since IJD 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from analysis.products.catalogue_source import CatalogueSource
from analysis.products.detectors import ISGRI, SPI_ACS, Detector, detector_in
from analysis.products.fits_files import Card, write_fits
from analysis.products.fits_reading import (
    ProductFileError,
    keyword_number,
    keyword_text,
    numbers,
    opened,
    optional_numbers,
    tables,
)
from analysis.products.ogip import Array, annotate, primary_hdu, source_cards, source_in
from analysis.products.time_coverage import TimeCoverage
from instruments.time import SECONDS_PER_DAY

_DESCRIPTIONS = {
    "TIME": "Middle of the bin",
    "TOT_COUNTS": "Counts of the whole detector in the bin",
    "BACKV": "Background rate",
    "BACKE": "Standard deviation of BACKV",
    "RATE": "Count rate of the source",
    "ERROR": "Standard deviation of RATE",
    "FRACEXP": "Part of the bin that was exposed",
    "XAX_E": "Half of the bin's width",
    "TIMEDEL": "Width of the bin",
    "BRATE": "Background rate",
    "BERROR": "Standard deviation of BRATE",
    "BARYTIME": "Middle of the bin at the barycentre",
}


@dataclass(frozen=True, slots=True, eq=False)
class LightCurve:
    """Rates by time; arrays of one length.

    source: name and ICRS position (degrees); SPI-ACS looks at the whole sky, its position is NaN.
    e_min_kev, e_max_kev: the band, ``None`` where there is none (SPI-ACS). time_ijd: middle of
    each bin, IJD (TT); width_d: its width in days. rate, error: count/s, NaN where a bin holds
    nothing. exposed: part of the bin that was exposed (FRACEXP), 0 to 1. total_counts: counts of
    the whole detector. background, background_error: count/s. barycentric_ijd: middle of the bin
    at the solar system's barycentre (TDB), NaN where it isn't known.
    """

    detector: Detector
    source: CatalogueSource
    e_min_kev: float | None
    e_max_kev: float | None
    time_ijd: Array
    width_d: Array
    rate: Array
    error: Array
    coverage: TimeCoverage
    exposed: Array | None = None
    total_counts: Array | None = None
    background: Array | None = None
    background_error: Array | None = None
    barycentric_ijd: Array | None = None


def write_light_curve(
    path: Path,
    light_curve: LightCurve,
    *,
    science_windows: Sequence[str] = (),
    time_zero_ijd: float | None = None,
    cards: Sequence[Card] = (),
) -> None:
    """Write a light curve; the same arguments give the same bytes.

    science_windows: whose events are in it. time_zero_ijd: SPI-ACS's TIMEZERO, IJD (TT), the middle
    of the light curve unless given. cards: further keywords for every header.
    """
    coverage = light_curve.coverage
    if light_curve.detector == SPI_ACS:
        middle = (coverage.t_start_ijd + coverage.t_stop_ijd) / 2
        table = _all_sky_table(light_curve, middle if time_zero_ijd is None else time_zero_ijd)
    else:
        table = _source_table(light_curve)
    for keyword, value, comment in cards:
        table.header[keyword] = (value, comment)
    write_fits(path, [primary_hdu(light_curve.detector, coverage, science_windows, cards), table])


def _source_table(curve: LightCurve) -> fits.BinTableHDU:
    nothing = np.full(len(curve.rate), np.nan)

    def rates(name: str, values: Array | None) -> fits.Column:
        return fits.Column(name, "1E", unit="count/s", array=nothing if values is None else values)

    time = fits.Column("TIME", "1D", unit="d", array=curve.time_ijd)
    source = [rates("RATE", curve.rate), rates("ERROR", curve.error)]
    exposed = fits.Column(
        "FRACEXP", "1E", array=np.ones_like(nothing) if curve.exposed is None else curve.exposed
    )
    width = fits.Column("TIMEDEL", "1D", unit="d", array=curve.width_d)
    if curve.detector == ISGRI:
        total = nothing if curve.total_counts is None else curve.total_counts
        columns = [
            time,
            fits.Column("TOT_COUNTS", "1E", unit="count", array=total),
            rates("BACKV", curve.background),
            rates("BACKE", curve.background_error),
            *source,
            exposed,
            fits.Column("XAX_E", "1E", unit="d", array=curve.width_d / 2),
            width,
        ]
    else:
        barycentric = nothing if curve.barycentric_ijd is None else curve.barycentric_ijd
        columns = [
            time,
            *source,
            rates("BRATE", curve.background),
            rates("BERROR", curve.background_error),
            fits.Column("BARYTIME", "1D", unit="d", array=barycentric),
            exposed,
            width,
        ]
    table = fits.BinTableHDU.from_columns(columns, name=curve.detector.light_curve_extension, ver=1)
    cards: list[Card] = [
        ("BASETYPE", "DAL_TABLE", "Data Access Layer base type"),
        *curve.detector.cards(),
        ("ISDCLEVL", "LCR", "ISDC level of data processing"),
        *_class_cards(),
        *curve.coverage.cards(),
        ("TIMEDEL", _usual_width(curve), "[d] Width of most bins"),
        ("TIMEPIXR", 0.5, "TIME is at the middle of the bin"),
        ("BACKAPP", True, "Background is subtracted"),
        ("DEADAPP", True, "Rates are corrected for dead time"),
        ("VIGNAPP", True, "Rates are corrected for partial coding"),
        ("CHANTYPE", "PI", "Channels are pulse invariant"),
        ("EUNIT", "keV", "Unit of energies"),
    ]
    if curve.e_min_kev is not None and curve.e_max_kev is not None:
        cards += [
            ("E_MIN", curve.e_min_kev, "[keV] Lower energy limit"),
            ("E_MAX", curve.e_max_kev, "[keV] Upper energy limit"),
        ]
    annotate(table, _DESCRIPTIONS, [*cards, *source_cards(curve.source)])
    return table


def _all_sky_table(curve: LightCurve, time_zero_ijd: float) -> fits.BinTableHDU:
    seconds = (curve.time_ijd - time_zero_ijd) * SECONDS_PER_DAY
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("TIME", "1D", unit="s", array=seconds),
            fits.Column("RATE", "1D", unit="count/s", array=curve.rate),
            fits.Column("ERROR", "1D", unit="count/s", array=curve.error),
        ],
        name=curve.detector.light_curve_extension,
        ver=1,
    )
    coverage = curve.coverage
    in_seconds: dict[str, Card] = {
        "TIMEUNIT": ("TIMEUNIT", "s", "Time unit"),
        **{
            keyword: (keyword, ijd * SECONDS_PER_DAY, f"[s] {words}, since MJDREF")
            for keyword, ijd, words in (
                ("TSTART", coverage.t_start_ijd, "Start"),
                ("TSTOP", coverage.t_stop_ijd, "End"),
                ("TFIRST", coverage.t_start_ijd, "Start"),
                ("TLAST", coverage.t_stop_ijd, "End"),
            )
        },
    }
    annotate(
        table,
        _DESCRIPTIONS,
        [
            *curve.detector.cards(),
            *_class_cards(background_subtracted=False),
            *(in_seconds.get(card[0], card) for card in coverage.cards()),
            ("TASSIGN", "SATELLITE", "Where times were assigned"),
            ("TIMEZERO", time_zero_ijd * SECONDS_PER_DAY, "[s] Origin of TIME, since MJDREF"),
            ("TIMEDEL", _usual_width(curve) * SECONDS_PER_DAY, "[s] Width of most bins"),
            ("TIMEPIXR", 0.5, "TIME is at the middle of the bin"),
            ("BACKAPP", False, "Background is in the rates"),
        ],
    )
    return table


def _class_cards(*, background_subtracted: bool = True) -> list[Card]:
    content = "NET" if background_subtracted else "TOTAL"
    return [
        ("HDUCLASS", "OGIP", "Format conforms to OGIP standards"),
        ("HDUCLAS1", "LIGHTCURVE", "Dataset contains a light curve"),
        ("HDUCLAS2", content, "NET: background is not in the rates"),
        ("HDUCLAS3", "RATE", "Extension contains a count rate"),
        ("HDUVERS", "1.1.0", "Version of format"),
        ("TIMVERS", "OGIP/93-003", "Memo of the time keywords"),
    ]


def _usual_width(curve: LightCurve) -> float:
    return float(np.median(curve.width_d)) if len(curve.width_d) else 0.0


def read_light_curve(path: Path) -> LightCurve:
    """Read the one light curve of a file of this software or of the mission's.

    Raises `ProductFileError` where there is none, or several (`read_light_curves` reads those).
    """
    found = read_light_curves(path)
    if len(found) > 1:
        raise ProductFileError(f"{path.name}: holds {len(found)} light curves, not one")
    return found[0]


def read_light_curves(path: Path) -> tuple[LightCurve, ...]:
    """Read every light curve of a file; raises `ProductFileError` where there is none."""
    with opened(path) as hdus:
        return tuple(
            _light_curve(path, hdu)
            for hdu in tables(
                path, hdus, "a light curve (columns TIME, RATE and ERROR)", _is_light_curve
            )
        )


def _is_light_curve(hdu: fits.BinTableHDU) -> bool:
    return {"TIME", "RATE", "ERROR"} <= {name.upper() for name in hdu.columns.names}


def _light_curve(path: Path, hdu: fits.BinTableHDU) -> LightCurve:
    detector = detector_in(hdu.header)
    if detector is None:
        raise ProductFileError(
            f"{path.name}, extension {hdu.name}: INSTRUME is {keyword_text(hdu, 'INSTRUME')!r},"
            " no instrument of INTEGRAL's"
        )
    per_day = SECONDS_PER_DAY if keyword_text(hdu, "TIMEUNIT") == "s" else 1.0
    zero = keyword_number(path, hdu, "TIMEZERO", 0.0)
    time = (numbers(path, hdu, "TIME", "d" if per_day == 1.0 else "s") + zero) / per_day
    width = optional_numbers(path, hdu, "TIMEDEL", "d")
    if width is None:
        width = np.full_like(time, keyword_number(path, hdu, "TIMEDEL") / per_day)
    band = [keyword_number(path, hdu, keyword, np.nan) for keyword in ("E_MIN", "E_MAX")]
    background, background_error = (
        optional_numbers(path, hdu, isgri, "count/s")
        if detector == ISGRI
        else optional_numbers(path, hdu, jemx, "count/s")
        for isgri, jemx in (("BACKV", "BRATE"), ("BACKE", "BERROR"))
    )
    barycentric = optional_numbers(path, hdu, "BARYTIME", "d")
    return LightCurve(
        detector=detector,
        source=source_in(hdu),
        e_min_kev=None if np.isnan(band[0]) else band[0],
        e_max_kev=None if np.isnan(band[1]) else band[1],
        time_ijd=time,
        # some widths in the mission's files for JEM-X have a minus sign
        width_d=np.abs(width),
        rate=numbers(path, hdu, "RATE", "count/s"),
        error=numbers(path, hdu, "ERROR", "count/s"),
        coverage=TimeCoverage.of(path, hdu),
        exposed=optional_numbers(path, hdu, "FRACEXP"),
        total_counts=optional_numbers(path, hdu, "TOT_COUNTS"),
        background=background,
        background_error=background_error,
        # 0 is what the mission's files hold where nobody has worked it out
        barycentric_ijd=None if barycentric is None else np.where(barycentric, barycentric, np.nan),
    )
