"""The background's shape over the detector: a smooth surface times the pixels' efficiency.

Balanced decoding cancels a flat background by itself. What bends it (the detector's edges, the
shield, a gradient) is slow against the mask's shadow, and a polynomial of second degree takes it
off; its terms are fitted together with the sources (`source_fit`).
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.shadowgram import Shadowgram

Array = NDArray[np.float64]

DEGREE = 2


@lru_cache(maxsize=4)
def background_terms(camera: Camera) -> Array:
    """The polynomial's terms over the detector, shape (6, rows, columns), each within -1..1."""
    y, z = (np.linspace(-1.0, 1.0, count) for count in camera.pixels.shape)
    terms = np.stack(
        [
            np.outer(y**i, z**j)
            for i in range(DEGREE + 1)
            for j in range(DEGREE + 1)
            if i + j <= DEGREE
        ]
    )
    terms.setflags(write=False)
    return terms


def without_smooth_background(shadowgram: Shadowgram, camera: Camera) -> Array:
    """The counts less the fitted surface, 0 in pixels that are off; no source is modelled."""
    efficiency = shadowgram.efficiency
    alive = efficiency > 0
    terms = background_terms(camera)[:, alive]
    counts = shadowgram.counts[alive].astype(np.float64)
    # the noise of a background-like pixel goes with its efficiency, which cancels here
    coefficients = np.linalg.lstsq(
        (terms * efficiency[alive]) @ terms.T, terms @ counts, rcond=None
    )[0]
    residual = np.zeros(efficiency.shape)
    residual[alive] = counts - (coefficients @ terms) * efficiency[alive]
    return residual
