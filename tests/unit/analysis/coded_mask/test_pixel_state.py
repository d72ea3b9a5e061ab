"""Off and noisy pixels by their counts."""

import numpy as np
import pytest

from analysis.engines.coded_mask.isgri import isgri_camera
from analysis.engines.coded_mask.pixel_state import efficiency_from_counts, noisy_pixels


@pytest.mark.parametrize("mean", [0.5, 3.0, 6.0, 12.0, 40.0])
def test_the_sum_of_efficiencies_is_right_at_all_exposures(mean: float) -> None:
    random = np.random.default_rng(1)
    pixels = isgri_camera().pixels
    alive = pixels & (random.random(pixels.shape) > 0.02)
    counts = random.poisson(mean, pixels.shape) * alive
    efficiency = efficiency_from_counts(counts, pixels)
    # what can't be told from chance at few counts is bounded by chance's own spread
    tolerance = 2 + 4 * np.sqrt(16384 * np.exp(-mean) * (1 + mean))
    assert abs(efficiency.sum() - alive.sum()) < tolerance
    assert not efficiency[~pixels].any()


def test_the_shadow_of_a_very_bright_source_is_no_fault() -> None:
    random = np.random.default_rng(2)
    camera = isgri_camera()
    for tangent in ((0.0, 0.0), (0.013, -0.021), (0.22, 0.2)):
        expected = 5.0 + 400.0 * camera.illumination(*tangent)
        counts = random.poisson(expected) * camera.pixels
        assert noisy_pixels(counts, camera.pixels).sum() == 0
        assert efficiency_from_counts(counts, camera.pixels).sum() > 16384 - 400


@pytest.mark.parametrize("rate", [0.6, 3.0, 40.0])
def test_shadows_without_background_are_no_fault(rate: float) -> None:
    random = np.random.default_rng(4)
    camera = isgri_camera()
    expected = rate * camera.illumination(0.03, -0.02)
    for one in (expected, expected + rate * camera.illumination(-0.05, 0.08)):
        counts = random.poisson(one) * camera.pixels
        assert efficiency_from_counts(counts, camera.pixels).sum() == 16384


def test_blocks_that_are_off_are_found_even_where_shadows_are_dark() -> None:
    random = np.random.default_rng(5)
    camera = isgri_camera()
    for background in (0.0, 2.0):
        counts = random.poisson(background + 20 * camera.illumination(0.03, -0.02)) * camera.pixels
        counts[0:64, 34:66] = 0
        counts[100:112] = 0
        efficiency = efficiency_from_counts(counts, camera.pixels)
        assert not efficiency[0:64, 34:66].any()
        assert not efficiency[100:112].any()
        assert efficiency.sum() == pytest.approx(16384 - 64 * 32 - 12 * 128, rel=0.02)


@pytest.mark.parametrize("share", [0.05, 0.15, 0.3])
def test_scattered_pixels_that_are_off_are_found_however_many(share: float) -> None:
    random = np.random.default_rng(6)
    camera = isgri_camera()
    alive = camera.pixels & (random.random(camera.pixels.shape) > share)
    counts = random.poisson(15 + 20 * camera.illumination(0.03, -0.02)) * alive
    efficiency = efficiency_from_counts(counts, camera.pixels)
    assert efficiency.sum() == pytest.approx(alive.sum(), abs=5)
    assert efficiency[camera.pixels & ~alive].max() < 0.05


def test_noisy_pixels_are_found_even_side_by_side_and_in_a_shadow() -> None:
    random = np.random.default_rng(3)
    camera = isgri_camera()
    counts = random.poisson(10 + 50 * camera.illumination(0.01, 0.02)) * camera.pixels
    for place in ((10, 10), (10, 11), (100, 120), (129, 133), (63, 31)):
        counts[place] = 3000
    noisy = noisy_pixels(counts, camera.pixels)
    assert {(int(i), int(j)) for i, j in np.argwhere(noisy)} == {
        (10, 10),
        (10, 11),
        (100, 120),
        (129, 133),
        (63, 31),
    }
