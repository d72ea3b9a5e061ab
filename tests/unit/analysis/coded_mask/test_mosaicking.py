"""Mosaics: noise, peaks, grid; and the sources that only add up in them."""

from dataclasses import replace

import numpy as np
import pytest
from isgri_engine import clean, find_sources, mosaic, mosaic_sources
from scipy.ndimage import map_coordinates

from analysis.engines.coded_mask.matching import separation_deg
from analysis.engines.coded_mask.modelled_sources import AGREEMENT
from analysis.errors import EmptyImageList, PointingsTooFarApart
from analysis.products.catalogue_source import CatalogueSource

CRAB = (83.6331, 22.0145)


@pytest.fixture
def dithered(frame_at, shadowgram_of):
    """Shadowgrams of nine pointings around the Crab, 2 deg apart, and their searches."""

    def make(sources, catalogue=(), seed=1, livetime_s=300.0, **changes):
        random = np.random.default_rng(seed)
        shadowgrams = [
            replace(
                shadowgram_of(
                    frame_at(CRAB[0] + 2.2 * i, CRAB[1] + 2.0 * j, 15.0 + 3 * i),
                    sources,
                    random,
                    livetime_s=livetime_s,
                    science_window=f"0066{5 + 3 * i + j:04d}0010.001",
                    **changes,
                ),
                t_start_ijd=1000.0 + 0.1 * (3 * i + j),
            )
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
        ]
        return shadowgrams, [find_sources(s, catalogue) for s in shadowgrams]

    return make


def test_a_mosaic_without_sources_is_gaussian(dithered) -> None:
    _, searches = dithered([])
    joined = mosaic([search.image for search in searches])
    values = joined.significance[np.isfinite(joined.significance)]
    assert abs(values.mean()) < 0.05
    assert 0.9 < values.std() < 1.1
    assert values.max() < 5.5
    # nine times the live time in the middle
    assert np.nanmax(joined.exposure_s) == pytest.approx(9 * 300.0, rel=1e-3)
    assert joined.livetime_s == pytest.approx(9 * 300.0)


def test_a_source_keeps_its_peak_and_stands_where_it_is(dithered) -> None:
    _, searches = dithered([(*CRAB, 165.0)], [CatalogueSource("Crab", *CRAB)])
    joined = mosaic([search.image for search in searches])
    highest = np.unravel_index(np.nanargmax(joined.significance), joined.plane.shape)
    ra, dec = (float(a) for a in joined.plane.sky(highest[1], highest[0]))
    assert separation_deg(ra, dec, *CRAB) < 3 / 60
    # the loss of a peak between pixels: a quarter at most
    assert 0.74 * 165 < joined.intensity[highest] < 1.03 * 165
    column, row = (float(p) for p in joined.plane.pixel(*CRAB))
    clean_map = np.nan_to_num(joined.intensity.astype(float))
    top = float(map_coordinates(clean_map, [[row], [column]], order=3)[0])
    assert top == pytest.approx(165.0, rel=0.06)
    single = np.nanmax(searches[4].image.significance)
    assert joined.significance[highest] > 2.3 * single


def test_side_lobes_stay_away_from_the_mosaic(dithered) -> None:
    _, searches = dithered([(*CRAB, 165.0)], [CatalogueSource("Crab", *CRAB)])
    joined = mosaic([search.image for search in searches])
    significance = joined.significance.copy()
    column, row = (round(float(p)) for p in joined.plane.pixel(*CRAB))
    significance[row - 5 : row + 6, column - 5 : column + 6] = np.nan
    assert 0.9 < np.nanstd(significance) < 1.1
    assert np.nanmax(significance) < 5.5


def test_the_mosaic_does_not_depend_on_the_order_of_its_images(dithered) -> None:
    _, searches = dithered([(*CRAB, 100.0)])
    images = [search.image for search in searches]
    one, other = mosaic(images), mosaic(images[::-1])
    assert one.plane == other.plane
    assert one.science_windows == other.science_windows
    np.testing.assert_array_equal(one.intensity, other.intensity)


def test_the_mosaic_is_cropped_to_what_was_seen(dithered) -> None:
    _, searches = dithered([])
    joined = mosaic([search.image for search in searches[:2]])
    seen = np.isfinite(joined.intensity)
    for edge in (seen[0], seen[-1], seen[:, 0], seen[:, -1]):
        assert edge.any()
    assert np.array_equal(seen, np.isfinite(joined.variance))
    assert np.array_equal(seen, np.isfinite(joined.exposure_s))
    assert not seen.all()


def test_pointings_across_the_pole_and_across_zero_hours_join(frame_at, shadowgram_of) -> None:
    random = np.random.default_rng(3)
    for axes in (((359.0, 5.0), (1.0, 5.0)), ((10.0, 88.5), (190.0, 88.0))):
        images = []
        for ra, dec in axes:
            source = (axes[0][0] + 1.0, axes[0][1], 300.0)
            search = find_sources(shadowgram_of(frame_at(ra, dec), [source], random))
            images.append(search.image)
        joined = mosaic(images)
        highest = np.unravel_index(np.nanargmax(joined.significance), joined.plane.shape)
        ra, dec = (float(a) for a in joined.plane.sky(highest[1], highest[0]))
        assert separation_deg(ra, dec, source[0], source[1]) < 4 / 60
        assert max(joined.plane.shape) < 500


def test_what_makes_no_mosaic_is_refused(frame_at, shadowgram_of) -> None:
    with pytest.raises(EmptyImageList):
        mosaic([])
    random = np.random.default_rng(4)
    here, there = (
        find_sources(shadowgram_of(frame_at(ra, 0.0), [], random)).image for ra in (10.0, 150.0)
    )
    with pytest.raises(PointingsTooFarApart):
        mosaic([here, there])
    with pytest.raises(ValueError, match="bands"):
        mosaic([here, replace(here, e_max_kev=60.0)])


def test_rates_of_a_mosaic_are_unbiased_for_faint_and_bright(dithered) -> None:
    truth = {
        "Crab": (*CRAB, 165.0),
        "faint": (86.5, 25.0, 9.0),
        "unknown": (79.0, 20.0, 9.0),
        "off axis": (93.5, 24.0, 14.0),
    }
    catalogue = [CatalogueSource(n, *p[:2]) for n, p in truth.items() if n != "unknown"]
    pulls = []
    for seed in (20,):
        shadowgrams, searches = dithered(list(truth.values()), catalogue, seed=seed)
        joined = mosaic([search.image for search in searches])
        lists = [search.sources for search in searches]
        found = mosaic_sources(joined, shadowgrams, lists, catalogue).sources
        assert found[0].name == "Crab"
        assert separation_deg(found[0].ra, found[0].dec, *CRAB) < 0.2 / 60
        assert {row.name for row in found} == {"Crab", "faint", "off axis", "NEW_1"}
        for row in found:
            ra, dec, intensity = truth["unknown" if row.new_source else row.name]
            assert separation_deg(row.ra, row.dec, ra, dec) < 2.5 / 60
            pulls.append((row.intensity - intensity) / row.intensity_error)
            assert row.scw == ""
            assert row.significance > 6
    # 4 values: three standard errors; `test_source_fit` has the narrow limits
    assert abs(np.mean(pulls)) < 1.5
    assert np.std(pulls) < 2.5


def test_ghosts_that_add_up_are_no_sources_and_cleaning_removes_them(dithered) -> None:
    """3 sigma in each Science Window, so that none finds it; its ghosts add up as well."""
    faint = (84.5, 23.0, 4.0)
    shadowgrams, searches = dithered([faint], seed=8, livetime_s=450.0)
    lists = [search.sources for search in searches]
    assert sum(len(rows) for rows in lists) <= 1
    joined = mosaic([search.image for search in searches])
    found = mosaic_sources(joined, shadowgrams, lists, threshold=5.0).sources
    assert len(found) == 1
    assert separation_deg(found[0].ra, found[0].dec, *faint[:2]) < 2 / 60
    again = mosaic([clean(shadowgram, found) for shadowgram in shadowgrams])
    ghost = again.plane.pixel(*_ghost(shadowgrams[4], faint))
    column, row = (round(float(p)) for p in ghost)
    near = np.s_[row - 2 : row + 3, column - 2 : column + 3]
    assert np.nanmax(again.significance[near]) < np.nanmax(joined.significance[near])


def test_a_catalogue_position_within_the_agreement_cleans_as_well_as_the_fitted_one(
    dithered,
) -> None:
    """The worst case: a bright source, and the catalogue as far off as is let pass."""
    shadowgrams, searches = dithered([(*CRAB, 165.0)], seed=9)
    joined = mosaic([search.image for search in searches])
    lists = [search.sources for search in searches]
    (new,) = mosaic_sources(joined, shadowgrams, lists).sources
    off = CatalogueSource("off", new.ra, new.dec + 0.95 * AGREEMENT * new.position_error)
    found = mosaic_sources(joined, shadowgrams, lists, [off])
    assert found.modelled.sources[0].dec == off.dec, "it is modelled there"
    at_home, fitted = (
        mosaic([clean(shadowgram, places) for shadowgram in shadowgrams]).significance
        for places in (found.modelled.sources, found.sources)
    )
    assert np.nanmax(np.abs(at_home - fitted)) < AGREEMENT
    rows, columns = np.indices(at_home.shape)
    row, column = np.unravel_index(np.nanargmax(fitted), fitted.shape)
    # beside the source itself: nothing that could be taken for a source
    away = np.hypot(rows - row, columns - column) > 10
    assert np.nanmax(np.abs(at_home - fitted)[away]) < 0.6 * AGREEMENT


def _ghost(shadowgram, source):
    """Where a period of the mask brings a source to, one way."""
    sx, sy, sz = (float(s) for s in shadowgram.frame.components(*source[:2]))
    period = 53 * 11.2 / 3202.97
    return shadowgram.frame.sky(1.0, sy / sx + period, sz / sx)


def test_too_many_candidates_raise_the_threshold(dithered) -> None:
    sources = [(*CRAB, 165.0), (86.5, 25.0, 20.0), (79.0, 20.0, 20.0)]
    shadowgrams, searches = dithered(sources)
    joined = mosaic([search.image for search in searches])
    lists = [search.sources for search in searches]
    result = mosaic_sources(joined, shadowgrams, lists, max_sources=2)
    assert "threshold was raised" in result.messages[0]


def test_no_source_is_no_failure(dithered) -> None:
    shadowgrams, searches = dithered([])
    joined = mosaic([search.image for search in searches])
    assert mosaic_sources(joined, shadowgrams, [s.sources for s in searches]).sources == ()
