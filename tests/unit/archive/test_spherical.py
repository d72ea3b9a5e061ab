"""Polygons as pgSphere reads and prints them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.spherical import parse_polygon, polygon_literal

corners = st.lists(st.tuples(st.floats(0, 360), st.floats(-90, 90)), min_size=3, max_size=12)


@given(corners)
def test_a_polygon_in_radians_reads_back(polygon):
    printed = ",".join(f"({math.radians(ra)!r} , {math.radians(dec)!r})" for ra, dec in polygon)

    found = parse_polygon("{" + printed + "}")

    assert len(found) == len(polygon)
    for (ra, dec), (ra_found, dec_found) in zip(polygon, found, strict=True):
        assert ra_found == pytest.approx(ra, abs=1e-12)
        assert dec_found == pytest.approx(dec, abs=1e-12)


def test_a_literal_is_in_degrees():
    assert polygon_literal([(0.0, 0.0), (10.0, 0.0), (10.0, 1e-7)]) == (
        "{(0.0d,0.0d),(10.0d,0.0d),(10.0d,1e-07d)}"
    )


@pytest.mark.parametrize("polygon", [[], [(0.0, 0.0)] * 2, [(0.0, math.nan)] * 3])
def test_what_is_no_polygon_is_refused(polygon):
    with pytest.raises(ValueError, match="three finite corners"):
        polygon_literal(polygon)
