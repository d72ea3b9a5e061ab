"""The spacecraft's frame: orthonormal, right-handed, and its own inverse on the sky."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instruments.frame import FrameError, SpacecraftFrame, direction

right_ascensions = st.floats(0, 360, exclude_max=True)
declinations = st.floats(-89.9, 89.9)


@st.composite
def frames(draw):
    x = direction(draw(right_ascensions), draw(declinations))
    near_z = direction(draw(right_ascensions), draw(declinations))
    if np.linalg.norm(np.cross(x, near_z)) < 0.01:
        near_z = np.array([x[1], x[2], x[0]]) + 0.5
    return SpacecraftFrame.from_vectors(x, near_z)


@given(frames())
def test_the_axes_are_orthonormal_and_right_handed(frame):
    matrix = frame.matrix()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1)


@given(frames())
def test_y_is_z_cross_x(frame):
    x, y, z = frame.matrix()
    np.testing.assert_allclose(np.cross(z, x), y, atol=1e-12)
    np.testing.assert_allclose(x, direction(frame.ra_x, frame.dec_x), atol=1e-15)
    np.testing.assert_allclose(z, direction(frame.ra_z, frame.dec_z), atol=1e-6)


@given(frames(), right_ascensions, declinations)
def test_a_direction_taken_into_the_frame_and_back_is_itself(frame, ra, dec):
    back = direction(*frame.sky(*frame.components(ra, dec)))
    np.testing.assert_allclose(back, direction(ra, dec), atol=1e-12)


def test_arrays_of_directions_keep_their_shape():
    frame = SpacecraftFrame.from_axes(83.0, 22.0, 173.0, 0.0)
    ra = np.linspace(0, 359, 6).reshape(2, 3)
    sx, sy, sz = frame.components(ra, 10.0)
    assert sx.shape == sy.shape == sz.shape == (2, 3)
    np.testing.assert_allclose(sx**2 + sy**2 + sz**2, 1)
    back_ra, back_dec = frame.sky(sx, sy, sz)
    np.testing.assert_allclose(back_ra, ra)
    np.testing.assert_allclose(back_dec, 10.0)


def test_the_pointing_lies_on_x():
    frame = SpacecraftFrame.from_axes(83.0, 22.0, 173.0, 0.0)
    np.testing.assert_allclose(frame.components(83.0, 22.0), (1, 0, 0), atol=1e-15)


def test_axes_of_a_real_science_window_are_accepted():
    # single precision in the orbit file of Science Window 078900560010
    SpacecraftFrame.from_axes(
        300.9794921875, -4.378110885620117, 30.46587371826172, 6.678083419799805
    )


def test_axes_that_are_not_perpendicular_are_refused():
    with pytest.raises(FrameError, match=r"80\.0000 deg apart"):
        SpacecraftFrame.from_axes(0, 0, 80, 0)


@pytest.mark.parametrize("axes", [(float("nan"), 0, 90, 0), (0, 91, 90, 0)])
def test_axes_that_are_no_directions_are_refused(axes):
    with pytest.raises(FrameError):
        SpacecraftFrame.from_axes(*axes)


def test_parallel_directions_give_no_frame():
    with pytest.raises(FrameError, match="parallel"):
        SpacecraftFrame.from_vectors([1, 0, 0], [-2, 0, 0])
