"""ISGRI's geometry and selections against their defining laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import isgri
from instruments.frame import SpacecraftFrame, direction

CRAB_POINTING = SpacecraftFrame.from_axes(83.6331, 22.0145, 173.6331, 0.0)


def test_the_mura_decodes_to_a_single_point():
    """A * G is a delta function: the law that makes a MURA a mask."""
    mask = isgri.mura().astype(float)
    decoding = 2 * mask - 1
    decoding[0, 0] = 1
    correlation = np.fft.ifft2(np.fft.fft2(mask).conj() * np.fft.fft2(decoding)).real
    expected = np.zeros_like(mask)
    expected[0, 0] = mask.sum()
    np.testing.assert_allclose(correlation, expected, atol=1e-9)


def test_half_of_the_mura_is_open():
    assert isgri.mura().sum() == (53**2 - 1) // 2


def test_the_mask_repeats_the_mura_around_its_centre():
    mask = isgri.mask_pattern()
    assert mask.shape == (95, 95)
    np.testing.assert_array_equal(mask[47:, 47:], isgri.mura()[:48, :48])
    np.testing.assert_array_equal(mask[:42, :42], mask[53:, 53:])
    assert not mask[47].any()


def test_a_point_of_the_mask_plane_is_open_as_its_element_is():
    i, j = np.indices((95, 95))
    y, z = ((index - 47) * isgri.MASK_ELEMENT_MM for index in (i, j))
    for step in (-5.59, 0.0, 5.59):
        np.testing.assert_array_equal(isgri.mask_is_open(y + step, z - step), isgri.mask_pattern())


def test_nothing_passes_beside_the_mask():
    beyond = isgri.MASK_HALF_WIDTH_MM + 0.001
    at = np.linspace(-600, 600, 301)
    for edge in (-beyond, beyond):
        assert not isgri.mask_is_open(at, np.full_like(at, edge)).any()
        assert not isgri.mask_is_open(np.full_like(at, edge), at).any()


def test_all_pixels_are_outside_the_gaps():
    pixels = isgri.sensitive_pixels()
    assert pixels.shape == (130, 134)
    assert pixels.sum() == 128 * 128
    assert not pixels[64:66].any()
    for gap in (32, 66, 100):
        assert not pixels[:, gap : gap + 2].any()


def test_cells_lie_symmetrically_at_the_pitch():
    y, z = isgri.pixel_centres_mm()
    assert y[0] == pytest.approx((0 - 64.5) * 4.6)
    assert z[133] == pytest.approx((133 - 66.5) * 4.6)
    np.testing.assert_allclose(np.diff(z), 4.6)


def test_a_pixel_covers_the_step_of_real_images():
    assert pytest.approx(0.0823, abs=5e-5) == isgri.PIXEL_SKY_DEG


def test_the_effective_area_is_half_of_the_sensitive_area():
    assert pytest.approx(1310.72) == isgri.EFFECTIVE_AREA_CM2


@given(st.floats(-290, 290), st.floats(-300, 300), st.floats(-0.26, 0.26), st.floats(-0.26, 0.26))
def test_a_photon_comes_down_against_the_direction_of_its_source(y, z, tangent_y, tangent_z):
    ym, zm = isgri.mask_point(y, z, tangent_y, tangent_z)
    assert ym - isgri.MASK_DISTANCE_MM * tangent_y == pytest.approx(y, abs=1e-9)
    assert zm - isgri.MASK_DISTANCE_MM * tangent_z == pytest.approx(z, abs=1e-9)


def test_a_source_towards_y_throws_its_shadow_the_other_way():
    ra, dec = CRAB_POINTING.sky(1, 0.1, 0)
    shift_y, shift_z = isgri.detector_shift_mm(CRAB_POINTING, float(ra), float(dec))
    assert shift_y == pytest.approx(-320.297)
    assert shift_z == pytest.approx(0, abs=1e-9)


def test_a_source_behind_the_telescope_throws_no_shadow():
    with pytest.raises(ValueError, match="behind"):
        isgri.detector_shift_mm(CRAB_POINTING, 263.6, -22.0)


def test_the_field_is_29_degrees_wide_and_turns_as_the_sky_does():
    corners = direction(*isgri.field_polygon(CRAB_POINTING))
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        middle = (one + other) / np.linalg.norm(one + other)
        from_axis = np.degrees(np.arccos(middle @ direction(83.6331, 22.0145)))
        assert from_axis == pytest.approx(14.6, abs=0.1)
        # north, east, south, west: counter-clockwise as seen from inside the sphere
        assert np.cross(one, other) @ direction(83.6331, 22.0145) < 0


def test_the_field_holds_what_any_pixel_can_see():
    ra, dec = CRAB_POINTING.sky(1, [0, 0.259, 0.26, 0, 0], [0, 0, 0, 0.262, 0.263])
    np.testing.assert_array_equal(
        isgri.in_field(CRAB_POINTING, ra, dec), [True, True, False, True, False]
    )
    assert not isgri.in_field(CRAB_POINTING, 263.6331, -22.0145)


@pytest.mark.parametrize("band", [(15, 800), (20, 40), (20.5, 21)])
def test_a_band_in_steps_of_half_a_kev_is_accepted(band):
    isgri.check_energy_band(*band)


@pytest.mark.parametrize(
    ("band", "reason"),
    [
        ((14.5, 40), "lower energy 14.5 keV is outside"),
        ((20, 801), "upper energy 801 keV is outside"),
        ((20, float("nan")), "outside"),
        ((20, float("inf")), "outside"),
        ((20.25, 40), "multiple of 0.5"),
        ((40, 20), "must be below"),
        ((40, 40), "must be below"),
    ],
)
def test_other_bands_are_refused_with_the_reason(band, reason):
    with pytest.raises(isgri.EnergyBandError, match=reason):
        isgri.check_energy_band(*band)


def test_the_resolution_is_a_fraction_of_the_energy():
    assert float(isgri.energy_sigma_kev(100)) * 2.354820045 == pytest.approx(7)


def test_events_are_selected_by_flag_and_rise_time():
    flags = [0, 0, 0, 0, 1]
    rise_times = [15, 16, 116, 117, 50]
    assert isgri.selected_events(flags, rise_times).tolist() == [False, True, True, False, False]
