"""Images as decoded: noise, background, rates at pixel centres, place on the sky."""

from dataclasses import replace

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from isgri_engine import sky_image

from analysis.engines.coded_mask.camera import Camera
from analysis.engines.coded_mask.decoding import mask_correlation
from analysis.engines.coded_mask.isgri import isgri_camera


def bent_background() -> np.ndarray:
    """A background with a gradient and higher edges."""
    y, z = np.linspace(-1, 1, 130)[:, None], np.linspace(-1, 1, 134)[None, :]
    return 1 + 0.15 * y - 0.1 * z + 0.1 * y**2 + 0.05 * y * z


def test_sums_over_shifts_are_those_of_each_shift_by_itself() -> None:
    camera = isgri_camera()
    correlation = mask_correlation(camera)
    counts = np.random.default_rng(2).poisson(5.0, (130, 134)) * camera.pixels.astype(float)
    spectrum = correlation.transform(counts)
    lit, squared = correlation.lit(spectrum), correlation.lit_squared(spectrum)
    coded = correlation.coded(counts)
    for shift_y, shift_z in ((0, 0), (17, -60), (-150, 101), (180, -182)):
        tangent = (shift_y * camera.pixel_tangent, shift_z * camera.pixel_tangent)
        at = shift_y + correlation.steps[0], shift_z + correlation.steps[1]
        expected = camera.illumination(*tangent)
        assert lit[at] == pytest.approx((expected * counts).sum(), abs=1e-6)
        assert squared[at] == pytest.approx((expected**2 * counts).sum(), abs=1e-6)
        assert coded[at] == pytest.approx(counts[camera.coded(*tangent)].sum(), abs=1e-6)


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_a_sky_without_sources_gives_gaussian_significances(seed, frame_at, shadowgram_of) -> None:
    random = np.random.default_rng(seed)
    efficiency = isgri_camera().pixels * (random.random((130, 134)) > 0.04)
    shadowgram = shadowgram_of(
        frame_at(), [], random, shape=bent_background(), efficiency=efficiency.astype(float)
    )
    significance = sky_image(shadowgram).significance
    values = significance[np.isfinite(significance)]
    assert values.size > 0.9 * significance.size
    assert abs(values.mean()) < 0.05
    assert 0.9 < values.std() < 1.1
    # a tenth of a per cent of a Gaussian is beyond 3.09, on either side
    for tail in ((values > 3.09).mean(), (values < -3.09).mean()):
        assert 0.0003 < tail < 0.003
    assert values.max() < 5.5


def test_a_flat_background_decodes_to_nothing_whatever_pixels_are_off(
    frame_at, shadowgram_of
) -> None:
    random = np.random.default_rng(6)
    efficiency = isgri_camera().pixels * (random.random((130, 134)) > 0.3)
    # 16384 counts/s over 100 s: exactly 100 counts in each pixel
    shadowgram = shadowgram_of(
        frame_at(), [], background=16384.0, livetime_s=100.0, efficiency=efficiency.astype(float)
    )
    assert np.nanmax(np.abs(sky_image(shadowgram).intensity)) < 1e-3


@pytest.mark.parametrize("pixels", [(0, 0), (-40, 25), (70, -31), (130, 90)])
def test_a_source_at_a_pixel_centre_has_its_rate_there(
    pixels, frame_at, shadowgram_of, towards
) -> None:
    frame = frame_at()
    ra, dec = towards(frame, *pixels)
    # much live time, so that whole counts are exact enough
    shadowgram = shadowgram_of(frame, [(ra, dec, 50.0)], livetime_s=1e6)
    image = sky_image(shadowgram)
    column, row = (float(p) for p in image.plane.pixel(ra, dec))
    assert (column, row) == pytest.approx((180 - pixels[0], 182 + pixels[1]), abs=1e-6)
    highest = np.unravel_index(np.nanargmax(image.significance), image.plane.shape)
    assert highest == (round(row), round(column))
    # the smooth background takes a little of a partially coded source
    assert image.intensity[highest] == pytest.approx(50.0, rel=0.01)


def test_the_image_lies_on_the_sky_as_its_keywords_say(frame_at, shadowgram_of) -> None:
    frame = frame_at(ra=300.0, dec=-65.0, roll_deg=137.0)
    plane = sky_image(shadowgram_of(frame)).plane
    header = fits.Header([("NAXIS", 2), ("NAXIS1", plane.shape[1]), ("NAXIS2", plane.shape[0])])
    header.extend(plane.cards())
    wcs = WCS(header)
    for pixels_y, pixels_z in ((0, 0), (150.3, -17.2), (-99.0, 140.5)):
        step = isgri_camera().pixel_tangent
        ra, dec = (float(a) for a in frame.sky(1.0, pixels_y * step, pixels_z * step))
        column, row = (float(p) for p in wcs.all_world2pix(ra, dec, 0))
        assert (column, row) == pytest.approx((180 - pixels_y, 182 + pixels_z), abs=1e-6)
    # seen from inside: with north up, east is to the left
    assert np.linalg.det(np.array(plane.cd_deg).reshape(2, 2)) < 0


def test_exposure_is_live_time_times_the_coded_part(frame_at, shadowgram_of) -> None:
    image = sky_image(shadowgram_of(frame_at(), livetime_s=600.0))
    assert image.exposure_s[182, 180] == pytest.approx(600.0)
    camera = isgri_camera()
    coded = camera.coded(-100 * camera.pixel_tangent, 50 * camera.pixel_tangent).sum() / 16384
    assert image.exposure_s[182 + 50, 180 + 100] == pytest.approx(600.0 * coded)
    assert np.isnan(image.exposure_s[0, 0])


def test_another_transparency_and_another_pattern_decode_as_well(frame_at, shadowgram_of) -> None:
    random = np.random.default_rng(7)
    reference = isgri_camera()
    camera = Camera(
        mask=(random.random((140, 140)) < 0.25).astype(float),
        mask_cell_mm=8.0,
        mask_element_mm=8.0,
        mask_distance_mm=3000.0,
        pixels=reference.pixels,
        pixel_pitch_mm=reference.pixel_pitch_mm,
        pixel_sensitive_mm=reference.pixel_sensitive_mm,
        full_rate_fraction=0.25,
    )
    step = camera.pixel_tangent
    frame = frame_at()
    empty = shadowgram_of(frame, livetime_s=1000.0)
    lit = camera.illumination(20 * step, -30 * step)
    cosine = 1 / np.sqrt(1 + (20 * step) ** 2 + (30 * step) ** 2)
    expected = empty.counts + 4 * 80.0 / 16384 * 1000.0 * cosine * lit
    shadowgram = replace(empty, counts=random.poisson(expected).astype(np.int32))
    image = sky_image(shadowgram, camera=camera)
    steps_y, steps_z = camera.field_steps
    at = steps_z - 30, steps_y - 20
    assert np.unravel_index(np.nanargmax(image.significance), image.plane.shape) == at
    error = np.sqrt(image.variance[at])
    assert abs(image.intensity[at] - 80.0) < 4 * error
    assert image.significance[at] > 20
