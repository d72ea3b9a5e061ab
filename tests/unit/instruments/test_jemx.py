"""JEM-X's geometry and energies against their defining laws and published numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments import jemx, jemx_files
from instruments.frame import SpacecraftFrame, direction

POINTING = SpacecraftFrame.from_axes(83.6331, 22.0145, 173.6331, 0.0)


def test_every_two_elements_are_open_together_equally_often():
    """The law of a uniformly redundant array: the autocorrelation has one value but at zero."""
    power = np.abs(np.fft.rfft(jemx.pattern().astype(float))) ** 2
    correlation = np.fft.irfft(power, jemx.PATTERN_ORDER)
    assert correlation[0] == pytest.approx(5625)
    np.testing.assert_allclose(correlation[1:], 1406, atol=1e-6)


def test_a_quarter_of_the_mask_is_open():
    random = np.random.default_rng(1)
    y, z = random.uniform(-jemx.MASK_RADIUS_MM, jemx.MASK_RADIUS_MM, (2, 400_000))
    inside = np.hypot(y, z) < jemx.MASK_RADIUS_MM
    is_open = jemx.mask_is_open(y, z)
    assert not is_open[~inside].any()
    assert is_open[inside].mean() == pytest.approx(jemx.MASK_TRANSPARENCY, abs=0.005)


def test_the_pattern_repeats_after_495_mm_in_six_directions():
    """Numbers that an element shares with one 495 mm away, at least so far as any."""
    i, j = np.meshgrid(np.arange(-170, 171), np.arange(-170, 171), indexing="ij")
    same = (i + jemx.PATTERN_STEP * j) % jemx.PATTERN_ORDER == 0
    length = np.sqrt(i * i + i * j + j * j) * jemx.MASK_ELEMENT_MM
    away = np.sort(length[same & (length > 0)])
    np.testing.assert_allclose(away[:6], 495.0, atol=0.1)


def test_elements_are_hexagons_around_their_centres():
    """Half a millimetre inside each edge and corner of an element, it is one with its centre."""
    random = np.random.default_rng(2)
    i, j = random.integers(-70, 70, (2, 200))
    y = (i + j / 2) * jemx.MASK_ELEMENT_MM
    z = j * np.sqrt(3) / 2 * jemx.MASK_ELEMENT_MM
    state = jemx.pattern()[(i + jemx.PATTERN_STEP * j) % jemx.PATTERN_ORDER]
    state &= np.hypot(y, z) < jemx.MASK_RADIUS_MM - 4
    near = np.hypot(y, z) < jemx.MASK_RADIUS_MM - 4
    for angle in np.radians(np.arange(0, 360, 30)):
        # edges lie at half the distance of neighbours, corners farther out
        corner = round(np.degrees(angle)) % 60 == 30
        reach = jemx.MASK_ELEMENT_MM / 2 / (np.cos(np.pi / 6) if corner else 1) - 0.05
        at = jemx.mask_is_open(y + reach * np.cos(angle), z + reach * np.sin(angle))
        np.testing.assert_array_equal(at[near], state[near])


def test_the_field_is_as_wide_as_published():
    fully_coded = np.degrees(
        np.arctan((jemx.MASK_RADIUS_MM - jemx.DETECTOR_RADIUS_MM) / jemx.MASK_DISTANCE_MM)
    )
    assert 2 * fully_coded == pytest.approx(4.8, abs=0.05)
    edge = 2 * jemx.FIELD_RADIUS_DEG
    assert edge == pytest.approx(13.2, abs=0.05)


def test_the_field_polygon_goes_around_the_field_counter_clockwise():
    ra, dec = jemx.field_polygon(POINTING)
    corners = direction(ra, dec)
    axis = direction(POINTING.ra_x, POINTING.dec_x)
    turns = np.cross(corners, np.roll(corners, -1, axis=0)) @ axis
    # clockwise around the axis as seen from outside the sphere
    assert (turns < 0).all()
    away = np.degrees(np.arccos(corners @ axis))
    np.testing.assert_allclose(away, jemx.FIELD_RADIUS_DEG, rtol=0.05)


def test_the_field_ends_where_nothing_is_coded():
    for inside, angle in ((True, 6.5), (False, 6.7)):
        tangent = np.tan(np.radians(angle))
        ra, dec = POINTING.sky(1.0, tangent / np.sqrt(2), tangent / np.sqrt(2))
        assert bool(jemx.in_field(POINTING, ra, dec)) is inside
    ra, dec = POINTING.sky(-1.0, 0.0, 0.01)
    assert not jemx.in_field(POINTING, ra, dec)


def test_the_collimator_shuts_at_the_edge_of_the_field():
    assert jemx.collimator(0.0, 0.0) == 1.0
    assert jemx.collimator(jemx.COLLIMATOR_TANGENT, 0.0) == 0.0
    assert jemx.collimator(0.0, -2 * jemx.COLLIMATOR_TANGENT) == 0.0
    half = jemx.COLLIMATOR_TANGENT / 2
    assert jemx.collimator(half, -half) == pytest.approx(0.25)


def test_pixels_fill_the_window():
    area = jemx.sensitive_pixels().sum() * jemx.PIXEL_PITCH_MM**2
    assert 0.97 < area / (np.pi * jemx.DETECTOR_RADIUS_MM**2) < 1


@given(st.integers(0, 166), st.integers(0, 166), st.floats(-0.74, 0.74), st.floats(-0.74, 0.74))
def test_a_place_is_in_the_pixel_around_it(row, column, dy, dz):
    centres = jemx.pixel_centres_mm()
    cell = int(jemx.pixel_of(centres[row] + dy, centres[column] + dz))
    if jemx.sensitive_pixels()[row, column]:
        assert divmod(cell, jemx.DETECTOR_SHAPE[1]) == (row, column)
    else:
        assert cell == -1


def test_places_that_are_none_have_no_pixel():
    assert (jemx.pixel_of([np.nan, 1e6, -1e6, 0.0], [0.0, 0.0, 0.0, 200.0]) == -1).all()


def test_channels_begin_and_end_as_the_missions_files_say():
    limits = jemx.pi_limits_kev()
    assert limits.shape == (jemx.PI_CHANNELS + 1,)
    assert (np.diff(limits) > 0).all()
    assert (limits[46], limits[224]) == (3.04, 34.88)
    np.testing.assert_array_equal(limits[jemx.spectrum_channels()], jemx.SPECTRUM_LIMITS_KEV)


@given(st.integers(0, 255))
def test_a_channel_holds_its_own_energy(channel):
    assert jemx.pi_of_energy(jemx.energy_of_pi(channel)) == channel


def test_what_is_no_channel_has_no_energy():
    assert np.isnan(jemx.energy_of_pi([-1, 256])).all()


def test_the_resolution_is_as_published():
    assert float(jemx.energy_fwhm(6.0)) == pytest.approx(0.171, abs=0.001)
    nominal = float(jemx.energy_fwhm(jemx.REFERENCE_ENERGY_KEV))
    assert jemx.energy_sigma_kev(22.0, nominal) == pytest.approx(jemx.energy_sigma_kev(22.0))
    assert jemx.energy_sigma_kev(22.0, 2 * nominal) == pytest.approx(
        2 * float(jemx.energy_sigma_kev(22.0))
    )


def test_no_photon_is_detected_outside_the_sensitive_energies():
    assert (jemx.effective_area_cm2([1.0, 70.0]) == 0).all()
    assert float(jemx.effective_area_cm2(10.0)) == pytest.approx(64.2)


@pytest.mark.parametrize(
    ("band", "word"), [((2.0, 20.0), "outside"), ((3.0, 36.0), "outside"), ((9.0, 9.0), "below")]
)
def test_bands_without_events_are_refused(band, word):
    with pytest.raises(jemx.JemxBandError, match=word):
        jemx.check_energy_band(*band)
    jemx.check_energy_band(3.0, 35.0)


def test_there_are_two_units():
    assert jemx_files.event_file(2) == "jmx2_events.fits.gz"
    with pytest.raises(ValueError, match="no JEM-X 3"):
        jemx_files.events(3)
