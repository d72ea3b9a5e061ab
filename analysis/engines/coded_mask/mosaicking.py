"""Joining the images of Science Windows on a common grid.

Each image is resampled once, from its tangent plane to the mosaic's. A source's peak is wider than
two pixels, so that cubic splines carry it over between pixels with a loss of a few per cent of its
height; nearest pixels or linear interpolation would lose up to a third. What is interpolated is the
significance, whose noise is the same everywhere, not the intensity, whose noise explodes at the
edges; variances are interpolated linearly, as inverses. Then, pixel by pixel,

    INTENSITY = sum(I_k / V_k) / sum(1 / V_k),    VARIANCE = 1 / sum(1 / V_k)

Noise is correlated between neighbouring pixels, here as in the single images, over the width of a
source's peak (2.5 pixels): the pixels' distribution is Gaussian of width 1 in SIGNIFICANCE, but
sums over pixels must not take them for independent.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter

from analysis.engines.coded_mask.images import Mosaic, SkyImage
from analysis.errors import EmptyImageList, PointingsTooFarApart, ScWDataCorrupted
from analysis.products.tangent_plane import TangentPlane

Array = NDArray[np.float64]

#: A pointing may lie so far from the mosaic's centre that the tangent plane still holds its field.
MAX_RADIUS_DEG = 45.0
STEP = "mosaic"


def mosaic(images: Sequence[SkyImage], pixel_deg: float) -> Mosaic:
    """Join images of one energy band, weighted by their inverse variances.

    pixel_deg: step of the mosaic. The order of `images` does not matter. Raises EmptyImageList,
    PointingsTooFarApart, and ValueError for different bands.
    """
    if not images:
        raise EmptyImageList("there is no image to join.", step=STEP)
    images = sorted(images, key=lambda image: (image.t_start_ijd, image.science_window))
    band = (images[0].e_min_kev, images[0].e_max_kev)
    if any((image.e_min_kev, image.e_max_kev) != band for image in images):
        raise ValueError("Images of different energy bands make no mosaic.")
    plane = common_plane([image.plane for image in images], pixel_deg)
    weighted, weights, exposure = (np.zeros(plane.shape) for _ in range(3))
    for image in images:
        _add(image, plane, weighted, weights, exposure)
    seen = weights > 0
    if not seen.any():
        raise ScWDataCorrupted("no image has a usable pixel.", step=STEP)
    rows, columns = (_extent(np.asarray(seen.any(axis=1 - axis))) for axis in (0, 1))
    weighted, weights, exposure = (array[rows, columns] for array in (weighted, weights, exposure))
    seen = weights > 0
    safe = np.where(seen, weights, 1.0)
    return Mosaic(
        science_windows=tuple(image.science_window for image in images),
        plane=plane.cropped(rows, columns),
        e_min_kev=band[0],
        e_max_kev=band[1],
        t_start_ijd=min(image.t_start_ijd for image in images),
        t_stop_ijd=max(image.t_stop_ijd for image in images),
        ontime_s=sum(image.ontime_s for image in images),
        livetime_s=sum(image.livetime_s for image in images),
        intensity=_masked(weighted / safe, seen),
        variance=_masked(1.0 / safe, seen),
        exposure_s=_masked(exposure, seen),
    )


def common_plane(planes: Sequence[TangentPlane], pixel_deg: float) -> TangentPlane:
    """A north-up plane around the mean pointing that holds all the given ones.

    Raises PointingsTooFarApart.
    """
    pointings = np.stack([plane.axes()[0] for plane in planes])
    mean = pointings.sum(axis=0)
    length = float(np.linalg.norm(mean))
    if length > 1e-6:
        mean /= length
    if length <= 1e-6 or (pointings @ mean).min() < np.cos(np.radians(MAX_RADIUS_DEG)):
        raise PointingsTooFarApart(
            f"a mosaic holds pointings up to {MAX_RADIUS_DEG:g} deg from their centre.", step=STEP
        )
    # rounded: the same pointings in another order give the same grid
    ra = round(float(np.degrees(np.arctan2(mean[1], mean[0]))) % 360.0, 6)
    dec = round(float(np.degrees(np.arcsin(np.clip(mean[2], -1, 1)))), 6)
    centre = TangentPlane.north_up(ra, dec, pixel_deg, (1, 1))
    reach = np.zeros(2)
    for plane in planes:
        corners = _corners_on(plane, centre)
        reach = np.maximum(reach, np.abs(corners).max(axis=1))
    columns, rows = (2 * int(np.ceil(r)) + 3 for r in reach)
    return TangentPlane.north_up(ra, dec, pixel_deg, (rows, columns))


def _corners_on(plane: TangentPlane, other: TangentPlane) -> Array:
    """Columns and rows, shape (2, 4), of an image's corners on another plane."""
    rows, columns = plane.shape
    corners = np.array(
        [
            [0, columns - 1, 0, columns - 1],
            [0, 0, rows - 1, rows - 1],
            [1, 1, 1, 1],
        ],
        dtype=np.float64,
    )
    u, v, w = plane.onto(other) @ corners
    return np.stack([u / w, v / w])


def _add(
    image: SkyImage, plane: TangentPlane, weighted: Array, weights: Array, exposure: Array
) -> None:
    """Resample an image onto `plane` and add it to the sums."""
    usable = np.isfinite(image.intensity) & (image.variance > 0)
    if not usable.any():
        return
    corners = _corners_on(image.plane, plane)
    column0, row0 = np.maximum(np.floor(corners.min(axis=1)).astype(int), 0)
    column1, row1 = np.ceil(corners.max(axis=1)).astype(int) + 1
    part = np.s_[row0 : min(row1, plane.shape[0]), column0 : min(column1, plane.shape[1])]
    rows, columns = np.mgrid[part].astype(np.float64)
    u, v, w = np.tensordot(
        plane.onto(image.plane), np.stack([columns, rows, np.ones_like(rows)]), axes=1
    )
    at = np.stack([v / w, u / w])

    variance = np.where(usable, image.variance, 1.0).astype(np.float64)
    significance = np.where(usable, image.intensity / np.sqrt(variance), 0.0)
    weight = _linear(np.where(usable, 1.0 / variance, 0.0), at)
    inside = (_linear(usable.astype(np.float64), at) > 1 - 1e-6) & (w > 0)
    weight = np.where(inside, weight, 0.0)
    spline = spline_filter(significance, order=3, output=np.float64, mode="constant")
    value = map_coordinates(spline, at, order=3, mode="constant", cval=0.0, prefilter=False)
    weighted[part] += value * np.sqrt(weight)
    weights[part] += weight
    exposed = _linear(np.where(usable, image.exposure_s, 0.0).astype(np.float64), at)
    exposure[part] += np.where(inside, exposed, 0.0)


def _linear(values: Array, at: Array) -> Array:
    result: Array = map_coordinates(values, at, order=1, mode="constant", cval=0.0)
    return result


def _extent(occupied: NDArray[np.bool_]) -> slice:
    where = np.flatnonzero(occupied)
    return slice(int(where[0]), int(where[-1]) + 1)


def _masked(values: Array, seen: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.where(seen, values, np.nan).astype(np.float32)
