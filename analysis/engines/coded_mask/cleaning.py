"""Images without side lobes.

What the sources cast, as fitted, is taken off the shadowgram; the rest is decoded; the sources' own
peaks are put back, with their fitted INTENSITY in the shape of the mask's autocorrelation.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.decoding import Decoding, decoding_of, image_of
from analysis.engines.coded_mask.images import SkyImage
from analysis.engines.coded_mask.matching import Place
from analysis.engines.coded_mask.peak_shape import peak_shape
from analysis.engines.coded_mask.shadowgram import Shadowgram
from analysis.engines.coded_mask.source_fit import FittedSources, SourceFit

Array = NDArray[np.float64]


def clean(shadowgram: Shadowgram, places: Sequence[Place], camera: Camera) -> SkyImage:
    """The image of a shadowgram with the side lobes of sources at these places off, no search.

    Their INTENSITY is fitted; those outside the field don't matter. With the sources of a mosaic
    this takes off also the ghosts of sources that are too faint to be found in single Science
    Windows, but add up.
    """
    fit = SourceFit(shadowgram, camera)
    directions = [at for place in places if (at := fit.direction(place.ra, place.dec)) is not None]
    return cleaned_image(shadowgram, decoding_of(shadowgram, camera), fit.intensities(directions))


def cleaned_image(shadowgram: Shadowgram, decoding: Decoding, fitted: FittedSources) -> SkyImage:
    """The image that a fit leaves, the sources' own peaks put back."""
    return image_of(
        shadowgram, decoding, decoding.intensity(fitted.residual) + _peaks(decoding, fitted)
    )


def residual_image(shadowgram: Shadowgram, decoding: Decoding, fitted: FittedSources) -> SkyImage:
    """The image that a fit leaves."""
    return image_of(shadowgram, decoding, decoding.intensity(fitted.residual))


def _peaks(decoding: Decoding, fitted: FittedSources) -> Array:
    """The sources' own peaks over shifts."""
    camera = decoding.correlation.camera
    field: tuple[int, int] = decoding.correlation.shape
    steps = decoding.correlation.steps
    shape = peak_shape(camera)
    reach = int(np.ceil(shape.radius_pixels))
    peaks = np.zeros(field)
    for at, intensity in zip(fitted.directions, fitted.intensity, strict=True):
        place = (
            at.tangent_y / camera.pixel_tangent + steps[0],
            at.tangent_z / camera.pixel_tangent + steps[1],
        )
        rows, columns = (
            np.arange(max(round(p) - reach, 0), min(round(p) + reach + 1, size))
            for p, size in zip(place, field, strict=True)
        )
        peaks[np.ix_(rows, columns)] += intensity * shape(rows - place[0], columns - place[1])
    return peaks
