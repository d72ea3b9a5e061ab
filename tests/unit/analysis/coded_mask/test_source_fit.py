"""Rates and positions of sources at known places: unbiased, with honest errors."""

import numpy as np
import pytest

from analysis.engines.coded_mask.isgri import isgri_camera
from analysis.engines.coded_mask.source_fit import Direction, SourceFit

STEP = isgri_camera().pixel_tangent


def bent_background() -> np.ndarray:
    """A background with a gradient and higher edges."""
    y, z = np.linspace(-1, 1, 130)[:, None], np.linspace(-1, 1, 134)[None, :]
    return 1 + 0.15 * y - 0.1 * z + 0.1 * y**2 + 0.05 * y * z


@pytest.mark.parametrize(
    ("seed", "place", "intensity"),
    [
        (21, (0.3, -0.4), 6.0),
        (22, (12.4, 30.7), 160.0),
        (23, (-95.2, 20.5), 25.0),
        (24, (120.6, -110.1), 40.0),
        (25, (160.4, 3.3), 60.0),
    ],
)
def test_rates_are_unbiased_and_their_errors_honest(
    seed, place, intensity, frame_at, shadowgram_of, towards
) -> None:
    random = np.random.default_rng(seed)
    frame = frame_at()
    efficiency = (isgri_camera().pixels * (random.random((130, 134)) > 0.05)).astype(float)
    ra, dec = towards(frame, *place)
    at = Direction(place[0] * STEP, place[1] * STEP)
    pulls = []
    for _ in range(150):
        shadowgram = shadowgram_of(
            frame,
            [(ra, dec, intensity)],
            random,
            efficiency=efficiency,
            shape=bent_background(),
            livetime_s=200.0,
        )
        fitted = SourceFit(shadowgram, isgri_camera()).intensities([at])
        pulls.append((fitted.intensity[0] - intensity) / fitted.intensity_error[0])
    # 2.5 standard errors of 150 trials are 0.2
    assert abs(np.mean(pulls)) < 0.2
    assert 0.85 < np.std(pulls) < 1.15


def test_positions_are_unbiased_and_their_errors_honest(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(11)
    frame = frame_at()
    pulls, distances = [], []
    for _ in range(60):
        place = random.uniform(-110, 110, 2)
        at = Direction(*(place * STEP))
        ra, dec = towards(frame, *place)
        fit = SourceFit(
            shadowgram_of(frame, [(ra, dec, 80.0)], random, livetime_s=200.0), isgri_camera()
        )
        begin = at.moved(*(random.uniform(-0.5, 0.5, 2) * STEP))
        fitted = fit.positions([begin], [0])
        off = np.array(
            [
                fitted.directions[0].tangent_y - at.tangent_y,
                fitted.directions[0].tangent_z - at.tangent_z,
            ]
        )
        pulls.extend(off / np.sqrt(np.diag(fitted.position_covariance[0])))
        distances.append(np.degrees(np.hypot(*off)) * 60)
        assert fitted.significance[0] > 20
    assert abs(np.mean(pulls)) < 0.25
    assert 0.8 < np.std(pulls) < 1.2
    assert max(distances) < 1.5


def test_a_fit_of_two_sources_closer_than_the_resolution_parts_them(
    frame_at, shadowgram_of, towards
) -> None:
    random = np.random.default_rng(12)
    frame = frame_at()
    # 2 pixels are 10 arcmin
    places = [(5.2, 7.1), (7.2, 7.1)]
    sources = [
        (*towards(frame, *place), rate) for place, rate in zip(places, (90.0, 45.0), strict=True)
    ]
    pulls = []
    for _ in range(60):
        fit = SourceFit(shadowgram_of(frame, sources, random, livetime_s=200.0), isgri_camera())
        fitted = fit.intensities([Direction(y * STEP, z * STEP) for y, z in places])
        pulls.append((fitted.intensity - [90.0, 45.0]) / fitted.intensity_error)
    assert np.abs(np.mean(pulls, axis=0)).max() < 0.35
    assert 0.8 < np.std(pulls) < 1.2


def test_a_source_that_few_pixels_see_is_not_fitted(frame_at, shadowgram_of, towards) -> None:
    frame = frame_at()
    fit = SourceFit(shadowgram_of(frame), isgri_camera())
    assert fit.direction(*towards(frame, 178.0, 178.0)) is None
    assert fit.direction(frame.ra_x + 180.0, -frame.dec_x) is None
    assert fit.direction(*towards(frame, 100.0, 100.0)) is not None
