"""Where single Science Windows model the sources of a mosaic: the same as long as it means so."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.engines.coded_mask.matching import separation_deg
from analysis.engines.coded_mask.modelled_sources import (
    AGREEMENT,
    GRID,
    Modelled,
    modelled_sources,
    on_grid,
)
from analysis.engines.coded_mask.mosaic_search import MosaicSearch
from analysis.engines.coded_mask.source_storage import read_modelled, write_mosaic_sources
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source, read_source_list

CRAB = CatalogueSource("Crab", 83.6331, 22.0145)
ERROR = 0.01
right_ascensions = st.floats(0, 360, exclude_max=True)
declinations = st.floats(-90, 90)
errors = st.floats(1e-4, 0.3)


def found(errors_off: float, significance: float, *, new: bool = False) -> Source:
    """A source of the list, so many errors to the north of the Crab."""
    return Source(
        "NEW_1" if new else "Crab",
        CRAB.ra,
        CRAB.dec + errors_off * ERROR,
        ERROR,
        significance,
        1.0,
        significance,
        20.0,
        40.0,
        new,
    )


@pytest.mark.parametrize(
    ("errors_off", "significance", "at_home"),
    [
        (0.0, 300.0, True),
        (AGREEMENT - 0.1, 300.0, True),
        (AGREEMENT + 0.1, 300.0, False),
        (10.0, 29.0, True),  # too faint for its own position
    ],
)
def test_a_known_source_is_at_home_unless_it_is_bright_and_elsewhere(
    errors_off: float, significance: float, at_home: bool
) -> None:
    (modelled,) = modelled_sources([found(errors_off, significance)], [CRAB])
    assert ((modelled.ra, modelled.dec) == (CRAB.ra, CRAB.dec)) is at_home
    assert modelled.bright is (significance >= 30)


def test_a_new_source_is_where_it_was_found() -> None:
    new = found(0.0, 8.0, new=True)
    (modelled,) = modelled_sources([new], [CRAB])
    assert modelled.new_source
    assert (modelled.ra, modelled.dec) != (CRAB.ra, CRAB.dec)
    assert separation_deg(modelled.ra, modelled.dec, new.ra, new.dec) < GRID * ERROR


@given(right_ascensions, declinations, errors)
def test_the_grid_is_as_fine_as_the_error_everywhere_on_the_sky(
    ra: float, dec: float, error: float
) -> None:
    near = on_grid(ra, dec, error)
    # half a step along each coordinate, in columns a little wider than that near the poles
    assert separation_deg(ra, dec, *near) <= 0.75 * GRID * error + 2e-6
    assert 0 <= near[0] <= 360
    assert abs(near[1]) <= 90


def test_a_point_of_the_grid_stays_where_it_is() -> None:
    random = np.random.default_rng(1)
    for ra, dec in zip(random.uniform(0, 360, 200), random.uniform(-80, 80, 200), strict=True):
        point = on_grid(ra, dec, ERROR)
        assert on_grid(*point, ERROR) == point
        assert on_grid(*point, ERROR * 1.01) == point, "nearly the same error, the same grid"


def test_one_science_window_of_fifty_more_seldom_moves_a_new_source() -> None:
    """Its fitted position moves by a seventh of its error."""
    random = np.random.default_rng(2)
    moved = 0
    for _ in range(1000):
        ra, dec = random.uniform(0, 360), random.uniform(-80, 80)
        east, north = random.normal(0, ERROR * np.sqrt(1 / 50), 2)
        later = on_grid(ra + east / np.cos(np.radians(dec)), dec + north, ERROR * 0.99)
        moved += later != on_grid(ra, dec, ERROR)
    assert moved < 250


def test_what_each_science_window_sees_is_kept_with_the_list(tmp_path: Path) -> None:
    rows = (found(0.0, 300.0), found(70.0, 9.0, new=True))
    modelled = Modelled(
        modelled_sources(rows, [CRAB]), {"066500290010.001": (0, 1), "066500300010.001": ()}
    )
    path = tmp_path / "sources.fits"
    write_mosaic_sources(path, MosaicSearch(rows, modelled))
    assert read_source_list(path) == rows
    again = read_modelled(path)
    assert again == modelled
    assert {s.name for s in again.seen_in("066500290010.001")} == {"Crab", "NEW_1"}
    assert again.seen_in("066500300010.001") == ()
    write_mosaic_sources(path, MosaicSearch((), Modelled((), {"066500290010.001": ()})))
    assert read_modelled(path).seen_in("066500290010.001") == ()
    with pytest.raises(KeyError):
        again.seen_in("066500310010.001")
