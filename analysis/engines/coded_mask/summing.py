"""Spectra and light curves of Science Windows joined, source by source.

**Spectra.** The rate in each channel is the weighted mean of the Science Windows' rates. A Science
Window has the same weight in all channels, the inverse variance of its rate over all of them: so
the mean of a variable source has the shape of its mean spectrum (weights by each channel's own
error would mix the states differently in each channel), and no weight depends on the counts of the
channel that it is used for, which would draw the mean towards downward fluctuations.

**Light curves** are put one after the other.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_spectrum import GOOD, NO_DATA, SourceSpectrum

Array = NDArray[np.float64]


def summed_spectra(spectra: Iterable[SourceSpectrum]) -> tuple[SourceSpectrum, ...]:
    """The mean spectrum of each source, in the order in which they first come."""
    by_name: dict[str, list[SourceSpectrum]] = defaultdict(list)
    for spectrum in spectra:
        by_name[spectrum.name].append(spectrum)
    return tuple(_mean(entries) for entries in by_name.values())


def _mean(spectra: Sequence[SourceSpectrum]) -> SourceSpectrum:
    spectra = sorted(spectra, key=lambda s: (s.t_start_ijd, s.science_windows))
    good = np.all([s.quality == GOOD for s in spectra], axis=0)
    weights = np.array([_weight(s) for s in spectra])
    weights /= weights.sum()
    resolutions: dict[float, float] = defaultdict(float)
    for spectrum, weight in zip(spectra, weights, strict=True):
        for fwhm, share in spectrum.resolutions:
            resolutions[fwhm] += share * float(weight)
    return replace(
        spectra[0],
        rate=np.einsum("s,sc->c", weights, [s.rate for s in spectra]),
        error=np.sqrt(np.einsum("s,sc->c", weights**2, [s.error**2 for s in spectra])),
        quality=np.where(good, GOOD, NO_DATA).astype(np.int16),
        ontime_s=sum(s.ontime_s for s in spectra),
        livetime_s=sum(s.livetime_s for s in spectra),
        source_exposure_s=sum(s.source_exposure_s for s in spectra),
        t_start_ijd=min(s.t_start_ijd for s in spectra),
        t_stop_ijd=max(s.t_stop_ijd for s in spectra),
        science_windows=tuple(scw for s in spectra for scw in s.science_windows),
        resolutions=tuple(sorted(resolutions.items())),
    )


def _weight(spectrum: SourceSpectrum) -> float:
    """The inverse variance of the rate over all good channels."""
    return float(1.0 / (spectrum.error[spectrum.quality == GOOD] ** 2).sum())


def joined_light_curves(curves: Iterable[SourceLightCurve]) -> tuple[SourceLightCurve, ...]:
    """The light curve of each source over all Science Windows, in the order of first coming."""
    by_name: dict[str, list[SourceLightCurve]] = defaultdict(list)
    for curve in curves:
        by_name[curve.name].append(curve)
    return tuple(_joined(entries) for entries in by_name.values())


def _joined(curves: Sequence[SourceLightCurve]) -> SourceLightCurve:
    curves = sorted(curves, key=lambda c: (c.t_start_ijd, c.science_windows))
    first = np.cumsum([0, *(len(c.science_windows) for c in curves)])

    def over_all(name: str) -> Array:
        return np.concatenate([getattr(curve, name) for curve in curves])

    return replace(
        curves[0],
        time_ijd=over_all("time_ijd"),
        width_s=over_all("width_s"),
        rate=over_all("rate"),
        error=over_all("error"),
        exposed=over_all("exposed"),
        detector_rate=over_all("detector_rate"),
        background=over_all("background"),
        background_error=over_all("background_error"),
        science_window=np.concatenate(
            [c.science_window + n for c, n in zip(curves, first[:-1], strict=True)]
        ).astype(np.int32),
        science_windows=tuple(scw for c in curves for scw in c.science_windows),
        ontime_s=sum(c.ontime_s for c in curves),
        livetime_s=sum(c.livetime_s for c in curves),
        t_start_ijd=min(c.t_start_ijd for c in curves),
        t_stop_ijd=max(c.t_stop_ijd for c in curves),
    )
