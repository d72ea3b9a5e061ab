"""The response of a spectrum: effective area and redistribution, from a telescope's own facts."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.engines.coded_mask.telescope import Response
from analysis.products.source_spectrum import SourceSpectrum, SpectralResponse

Array = NDArray[np.float64]


def spectral_response(spectrum: SourceSpectrum, response: Response) -> SpectralResponse:
    """What a photon flux gives in the spectrum's channels.

    Rates are corrected for partial coding, lost pixels and dead time already, so that one response
    fits every spectrum of a telescope but for the energy resolutions that went in, whose mean it
    has, by their shares.
    """
    edges = response.energy_edges_kev
    middle = np.sqrt(edges[:-1] * edges[1:])
    redistribution = np.zeros((len(middle), len(spectrum.channel_edges_kev) - 1))
    for fwhm, share in spectrum.resolutions:
        redistribution += share * _gaussian(
            middle, response.sigma_kev(middle, fwhm), spectrum.channel_edges_kev
        )
    return SpectralResponse(
        energy_edges_kev=edges,
        channel_edges_kev=spectrum.channel_edges_kev,
        effective_area_cm2=response.effective_area_cm2(middle),
        redistribution=redistribution,
    )


def _gaussian(energy_kev: Array, sigma_kev: Array, channel_edges_kev: Array) -> Array:
    """The part of a Gaussian around each energy that falls in each channel."""
    below = ndtr((channel_edges_kev[None, :] - energy_kev[:, None]) / sigma_kev[:, None])
    share: Array = np.diff(below, axis=1)
    # tails of no weight would make the matrix dense
    return np.where(share > 1e-7, share, 0.0)
