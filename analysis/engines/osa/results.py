"""What OSA leaves, as the values that every engine gives: images, lists, spectra, light curves."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from astropy.io import fits

from analysis.engines.osa.groups import unpack
from analysis.products.fits_reading import (
    ProductFileError,
    column,
    numbers,
    opened,
    optional_numbers,
    tables,
)
from analysis.products.image_files import read_image
from analysis.products.light_curve import read_light_curves
from analysis.products.responses import read_ancillary_response, read_redistribution_matrix
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_list import Source
from analysis.products.source_spectrum import GOOD, NO_DATA, SourceSpectrum, SpectralResponse
from analysis.products.spectrum import read_spectrum
from analysis.products.time_coverage import TimeCoverage
from instruments.time import SECONDS_PER_DAY

#: Told with what was made: band, Science Windows.
ABOUT = "about.json"
#: Files of a joined group's results, by what they hold.
SPECTRUM, ANCILLARY, MATRIX, LIGHT_CURVE = "_pha.fits", "_arf.fits", "_rmf.fits", "_lc.fits"


@dataclass(frozen=True, slots=True, eq=False)
class OsaSpectrum(SourceSpectrum):
    """A spectrum with the response that OSA made for it."""

    response: SpectralResponse


def sky_maps(packed: Path) -> SkyMaps:
    """The maps of a mosaic; raises `ProductFileError` where OSA left none."""
    with _unpacked(packed) as files:
        image = read_image(_one(packed, files, "_ima"))
    header = image.header
    start, stop = (float(header.get(key, 0.0)) for key in ("TSTART", "TSTOP"))
    ontime = float(header.get("ONTIME", 0.0)) or (stop - start) * SECONDS_PER_DAY
    intensity = image.maps.get("INTENSITY", image.maps.get("RECONSTRUCTED"))
    if intensity is None or "VARIANCE" not in image.maps:
        raise ProductFileError(f"{packed.name}: the mosaic lacks its intensity or its variance")
    unseen = ~(image.maps["VARIANCE"] > 0)
    return SkyMaps(
        plane=image.plane,
        e_min_kev=image.e_min_kev,
        e_max_kev=image.e_max_kev,
        t_start_ijd=start,
        t_stop_ijd=stop,
        ontime_s=ontime,
        livetime_s=float(header.get("EXPOSURE", 0.0)) or ontime,
        intensity=np.where(unseen, np.nan, intensity).astype(np.float32),
        variance=np.where(unseen, np.nan, image.maps["VARIANCE"]).astype(np.float32),
        exposure_s=image.maps.get("EXPOSURE", np.zeros_like(intensity)),
    )


def sources(packed: Path, e_min_kev: float, e_max_kev: float, scw: str = "") -> tuple[Source, ...]:
    """The list of sources of an image or a mosaic, the most significant first."""
    with _unpacked(packed) as files:
        path = _one(packed, files, "_res")
        with opened(path) as hdus:
            found = tables(path, hdus, "a list of sources (columns NAME, RA_OBJ)", _is_source_list)
            rows = [row for hdu in found for row in _sources(path, hdu, e_min_kev, e_max_kev, scw)]
    return tuple(sorted(rows, key=lambda row: -row.significance))


def _is_source_list(hdu: fits.BinTableHDU) -> bool:
    return {"NAME", "RA_OBJ", "DEC_OBJ"} <= set(hdu.columns.names) and len(hdu.data) > 0


def _sources(
    path: Path, hdu: fits.BinTableHDU, e_min_kev: float, e_max_kev: float, scw: str
) -> Iterator[Source]:
    def first(name: str) -> np.ndarray:
        """A column, of arrays by band the first band; zeros where it is missing."""
        values = optional_numbers(path, hdu, name)
        if values is None:
            return np.zeros(len(hdu.data))
        return values[:, 0] if values.ndim > 1 else values

    names = [str(name).strip() for name in column(path, hdu, "NAME")]
    ra, dec = numbers(path, hdu, "RA_OBJ"), numbers(path, hdu, "DEC_OBJ")
    ra_fin, dec_fin = first("RA_FIN"), first("DEC_FIN")
    # both 0: the catalogue's position was kept
    fitted = (ra_fin != 0) | (dec_fin != 0)
    ra, dec = np.where(fitted, ra_fin, ra), np.where(fitted, dec_fin, dec)
    flux, error = first("FLUX"), first("FLUX_ERR")
    significance, radius, new = first("DETSIG"), first("ERR_RAD"), first("NEW_SOURCE")
    for row, name in enumerate(names):
        yield Source(
            name=name,
            ra=float(ra[row]) % 360.0,
            dec=float(dec[row]),
            position_error=float(radius[row]),
            intensity=float(flux[row]),
            intensity_error=float(error[row]),
            significance=float(significance[row]),
            e_min=e_min_kev,
            e_max=e_max_kev,
            new_source=bool(new[row] == 1),
            scw=scw,
        )


def spectra(packed: Path) -> tuple[OsaSpectrum, ...]:
    """The spectra of a joined group, in the order in which they were asked for."""
    with _unpacked(packed) as files:
        by_name = {path.name: path for path in files}
        found = sorted((p for p in files if p.name.endswith(SPECTRUM)), key=_number_of)
        windows = tuple(_about(packed, files)["windows"])
        return tuple(_spectrum(path, by_name, windows) for path in found)


def _spectrum(path: Path, files: dict[str, Path], windows: tuple[str, ...]) -> OsaSpectrum:
    stem = path.name.removesuffix(SPECTRUM)
    spectrum = read_spectrum(path)
    responses = [files.get(stem + MATRIX), files.get(stem + ANCILLARY)]
    if responses[0] is None:
        raise ProductFileError(f"{path.name}: OSA left no redistribution matrix for it")
    matrix = read_redistribution_matrix(responses[0])
    area = np.ones(len(matrix.energy_low_kev))
    if responses[1] is not None:
        area = read_ancillary_response(responses[1]).area_cm2
    edges = np.append(matrix.e_min_kev, matrix.e_max_kev[-1])
    coverage = spectrum.coverage
    return OsaSpectrum(
        name=spectrum.source.name,
        ra=spectrum.source.ra,
        dec=spectrum.source.dec,
        new_source=False,
        channel_edges_kev=edges,
        rate=np.where(spectrum.good, spectrum.rate, 0.0),
        error=np.where(spectrum.good, spectrum.stat_err, 0.0),
        quality=np.where(spectrum.good, GOOD, NO_DATA).astype(np.int16),
        ontime_s=coverage.ontime_s,
        livetime_s=coverage.livetime_s,
        source_exposure_s=spectrum.source_exposure_s,
        t_start_ijd=coverage.t_start_ijd,
        t_stop_ijd=coverage.t_stop_ijd,
        science_windows=windows,
        resolutions=(),
        response=SpectralResponse(
            energy_edges_kev=np.append(matrix.energy_low_kev, matrix.energy_high_kev[-1]),
            channel_edges_kev=edges,
            effective_area_cm2=area,
            redistribution=matrix.matrix,
        ),
    )


def light_curves(packed: Path) -> tuple[SourceLightCurve, ...]:
    """The light curves of a joined group, in the order in which they were asked for."""
    with _unpacked(packed) as files:
        found = sorted((p for p in files if p.name.endswith(LIGHT_CURVE)), key=_number_of)
        windows = tuple(_about(packed, files)["windows"])
        return tuple(_light_curve(path, windows) for path in found)


def _light_curve(path: Path, windows: tuple[str, ...]) -> SourceLightCurve:
    curve = read_light_curves(path)[0]
    nothing = np.full(len(curve.rate), np.nan)
    width_s = curve.width_d * SECONDS_PER_DAY
    exposed = np.ones_like(width_s) if curve.exposed is None else curve.exposed
    coverage: TimeCoverage = curve.coverage
    total = curve.total_counts
    return SourceLightCurve(
        name=curve.source.name,
        ra=curve.source.ra,
        dec=curve.source.dec,
        new_source=False,
        e_min_kev=curve.e_min_kev or 0.0,
        e_max_kev=curve.e_max_kev or 0.0,
        time_bin_s=float(np.median(width_s)) if len(width_s) else 0.0,
        time_ijd=curve.time_ijd,
        width_s=width_s,
        rate=curve.rate,
        error=curve.error,
        exposed=exposed,
        # OSA's TOT_COUNTS is a rate of the whole detector
        detector_rate=nothing if total is None else total,
        background=nothing if curve.background is None else curve.background,
        background_error=nothing if curve.background_error is None else curve.background_error,
        science_window=np.zeros(len(curve.rate), dtype=np.int32),
        science_windows=windows,
        ontime_s=coverage.ontime_s,
        livetime_s=coverage.livetime_s,
        t_start_ijd=coverage.t_start_ijd,
        t_stop_ijd=coverage.t_stop_ijd,
    )


def about(packed: Path) -> dict[str, Any]:
    """What is told with packed results; raises `ProductFileError` where nothing is."""
    with _unpacked(packed) as files:
        return _about(packed, files)


def _about(packed: Path, files: Sequence[Path]) -> dict[str, Any]:
    for path in files:
        if path.name == ABOUT:
            told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return told
    raise ProductFileError(f"{packed.name}: no {ABOUT} tells what it is")


@contextmanager
def _unpacked(packed: Path) -> Iterator[list[Path]]:
    with TemporaryDirectory(prefix="osa") as folder:
        yield unpack(packed, Path(folder))


def _one(packed: Path, files: Sequence[Path], ending: str) -> Path:
    for path in files:
        if path.name.removesuffix(".fits").endswith(ending):
            return path
    raise ProductFileError(f"{packed.name}: OSA left no file *{ending}.fits")


def _number_of(path: Path) -> int:
    digits = "".join(sign for sign in path.name.partition("_")[0] if sign.isdigit())
    return int(digits or 0)
