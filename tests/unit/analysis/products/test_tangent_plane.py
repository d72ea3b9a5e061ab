"""Tangent planes against astropy's WCS."""

import numpy as np
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given
from hypothesis import strategies as st

from analysis.products.tangent_plane import TangentPlane

planes = st.builds(
    lambda ra, dec, angle, flip: TangentPlane(
        shape=(300, 200),
        ra_deg=ra,
        dec_deg=dec,
        crpix=(90.5, 160.0),
        cd_deg=(
            flip * 0.08 * np.cos(angle),
            -0.08 * np.sin(angle),
            flip * 0.08 * np.sin(angle),
            0.08 * np.cos(angle),
        ),
    ),
    st.floats(0, 359.9),
    st.floats(-89.5, 89.5),
    st.floats(0, 6.3),
    st.sampled_from([-1, 1]),
)


def wcs_of(plane: TangentPlane) -> WCS:
    """astropy's reading of the plane's header cards."""
    header = fits.Header([("NAXIS", 2), ("NAXIS1", plane.shape[1]), ("NAXIS2", plane.shape[0])])
    header.extend(plane.cards())
    assert TangentPlane.from_header(header) == plane
    return WCS(header)


@given(planes, st.floats(0, 199), st.floats(0, 299))
def test_pixels_lie_on_the_sky_where_astropy_has_them(plane, column, row) -> None:
    ra, dec = (float(a) for a in plane.sky(column, row))
    expected_ra, expected_dec = wcs_of(plane).all_pix2world(column, row, 0)
    apart = (ra - float(expected_ra) + 180) % 360 - 180
    assert abs(apart) * np.cos(np.radians(dec)) < 1e-8
    assert abs(dec - float(expected_dec)) < 1e-8
    np.testing.assert_allclose(plane.pixel(ra, dec), (column, row), atol=1e-6)


@given(planes, planes, st.floats(0, 199), st.floats(0, 299))
def test_one_plane_is_taken_onto_another_as_through_the_sky(one, other, column, row) -> None:
    u, v, w = one.onto(other) @ [column, row, 1.0]
    expected = other.pixel(*one.sky(column, row))
    if w <= 1e-2:
        return
    np.testing.assert_allclose((u / w, v / w), expected, rtol=1e-6, atol=1e-6)


def test_directions_behind_the_plane_have_no_pixel() -> None:
    plane = TangentPlane.north_up(10.0, 20.0, 0.1, (50, 50))
    column, row = plane.pixel(190.0, -20.0)
    assert np.isnan(column)
    assert not plane.contains(column, row)


def test_a_cropped_image_keeps_its_place() -> None:
    plane = TangentPlane.north_up(10.0, 20.0, 0.1, (50, 60))
    part = plane.cropped(slice(5, 30), slice(7, 40))
    assert part.shape == (25, 33)
    np.testing.assert_allclose(part.sky(0, 0), plane.sky(7, 5))
    assert part.pixel_deg == plane.pixel_deg
