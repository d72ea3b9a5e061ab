"""Spectra, responses and light curves to try readers, writers and fits on."""

import numpy as np

from analysis.products.catalogue_source import CatalogueSource
from analysis.products.detectors import ISGRI, JEMX_1, SPI_ACS, Detector
from analysis.products.light_curve import LightCurve
from analysis.products.ogip import Array
from analysis.products.responses import AncillaryResponse, RedistributionMatrix
from analysis.products.spectrum import Spectrum, spectrum
from analysis.products.time_coverage import TimeCoverage

CRAB = CatalogueSource("Crab", 83.6332, 22.0145)
COVERAGE = TimeCoverage(3006.0, 3006.5, 40000.0, 28000.0)


def channel_edges(detector: Detector = ISGRI, channels: int = 64) -> Array:
    """Energies (keV) that divide a detector's range into channels."""
    low, high = (3.0, 35.0) if detector == JEMX_1 else (15.0, 800.0)
    return np.geomspace(low, high, channels + 1)


def sample_response(
    detector: Detector = ISGRI, channels: int = 64, bins: int = 300, fwhm: float = 0.07
) -> tuple[AncillaryResponse, RedistributionMatrix]:
    """A telescope whose area falls with energy, and whose energies are smeared by a Gaussian."""
    from scipy.special import ndtr

    edges = channel_edges(detector, channels)
    energies = np.geomspace(edges[0] / 1.3, edges[-1] * 1.3, bins + 1)
    low, high = energies[:-1], energies[1:]
    middle = np.sqrt(low * high)
    sigma = fwhm * middle / 2.3548
    cumulative = ndtr((edges[None, :] - middle[:, None]) / sigma[:, None])
    matrix = np.diff(cumulative, axis=1)
    matrix[matrix < 1e-8] = 0.0
    area = 1300.0 / (1 + (middle / 150.0) ** 1.5)
    return (
        AncillaryResponse(detector, low, high, area),
        RedistributionMatrix(detector, low, high, matrix, edges[:-1], edges[1:]),
    )


def sample_spectrum(detector: Detector = ISGRI, channels: int = 64) -> Spectrum:
    """A falling spectrum whose first three channels hold no data."""
    edges = channel_edges(detector, channels)
    rate = 100.0 * (edges[:-1] / edges[0]) ** -1.5
    stat_err = 0.03 * rate + 0.01
    stat_err[:3] = np.inf
    return spectrum(
        detector,
        CRAB,
        rate,
        stat_err,
        edges[:-1],
        edges[1:],
        COVERAGE,
        sys_err=0.02,
        source_exposure_s=15000.0,
        ancillary_file="crab_arf.fits",
        response_file="crab_rmf.fits",
    )


def sample_light_curve(detector: Detector = ISGRI, bins: int = 20) -> LightCurve:
    """A rate that rises; its last bin holds nothing."""
    width = 0.5 / bins
    time = 3006.0 + (np.arange(bins) + 0.5) * width
    rate = np.linspace(100.0, 130.0, bins)
    error = np.sqrt(rate)
    exposed = np.full(bins, 0.9)
    rate[-1], error[-1], exposed[-1] = np.nan, np.nan, 0.0
    all_sky = detector == SPI_ACS
    return LightCurve(
        detector=detector,
        source=CatalogueSource("", np.nan, np.nan) if all_sky else CRAB,
        e_min_kev=None if all_sky else 28.0,
        e_max_kev=None if all_sky else 80.0,
        time_ijd=time,
        width_d=np.full(bins, width),
        rate=rate,
        error=error,
        coverage=COVERAGE,
        exposed=None if all_sky else exposed,
        total_counts=rate * 300 if detector == ISGRI else None,
        background=None if all_sky else np.full(bins, 8.0),
        background_error=None if all_sky else np.full(bins, 0.1),
        barycentric_ijd=time + 0.004 if detector == JEMX_1 else None,
    )
