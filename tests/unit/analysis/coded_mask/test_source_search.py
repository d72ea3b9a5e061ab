"""The sources of one Science Window: found once each, in place, with nothing left over."""

import numpy as np
import pytest
from isgri_engine import clean, find_sources, sky_image
from strangers_archive import write_science_window

from analysis.engines.coded_mask.camera import tangents
from analysis.engines.coded_mask.ghosts import ghost_shifts
from analysis.engines.coded_mask.isgri import isgri_camera, select_events
from analysis.engines.coded_mask.matching import match_radius_deg, nearest, separation_deg
from analysis.products.catalogue_source import CatalogueSource

H = 3202.97


def finite(image: np.ndarray) -> np.ndarray:
    """The values of a map where it has any."""
    return image[np.isfinite(image)]


def test_nothing_is_found_in_empty_fields(frame_at, shadowgram_of) -> None:
    random = np.random.default_rng(1)
    for _ in range(6):
        search = find_sources(shadowgram_of(frame_at(), [], random, livetime_s=300.0))
        assert search.sources == ()
        assert search.messages == ()


def test_catalogue_names_do_not_make_sources(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(2)
    frame = frame_at()
    catalogue = [
        CatalogueSource(f"K{n}", *towards(frame, *random.uniform(-150, 150, 2))) for n in range(30)
    ]
    for _ in range(8):
        search = find_sources(shadowgram_of(frame, [], random), catalogue)
        assert search.sources == ()


def test_sources_are_found_with_their_rates_and_places(frame_at, shadowgram_of, towards) -> None:
    """Sources of two decades in flux, in and out of the fully coded field, some not known."""
    random = np.random.default_rng(3)
    pulls, distances, extra, all_bright_found = [], [], [], []
    for trial in range(8):
        frame = frame_at(random.uniform(0, 360), random.uniform(-80, 80), random.uniform(0, 360))
        truth = {
            f"S{n}": (
                *towards(frame, *random.uniform(-140, 140, 2)),
                float(10 ** random.uniform(1.0, 2.5)),
            )
            for n in range(5)
        }
        catalogue = [CatalogueSource(name, *truth[name][:2]) for name in list(truth)[:3]]
        shadowgram = shadowgram_of(frame, list(truth.values()), random)
        search = find_sources(shadowgram, catalogue)
        significance = finite(search.residual.significance)
        assert abs(significance.mean()) < 0.05
        assert 0.9 < significance.std() < 1.2
        assert significance.max() < 6.0
        found = set()
        for row in search.sources:
            places = [CatalogueSource(name, *place[:2]) for name, place in truth.items()]
            match = nearest(row.ra, row.dec, places, 0.2)
            if match is None:
                extra.append((trial, row))
                continue
            assert row.new_source == (match.name not in {c.name for c in catalogue})
            if not row.new_source:
                assert row.name == match.name
            found.add(match.name)
            if row.significance > 20:
                pulls.append((row.intensity - truth[match.name][2]) / row.intensity_error)
                distances.append(60 * separation_deg(row.ra, row.dec, *truth[match.name][:2]))
            assert row.significance == pytest.approx(row.intensity / row.intensity_error)
            assert row.scw == shadowgram.science_window
            assert (row.e_min, row.e_max) == (20.0, 40.0)
        # on axis, 100 count/s are 60 sigma in this exposure; 0.4 of the detector code the corners
        all_bright_found.append({n for n, p in truth.items() if p[2] > 100} <= found)
    assert extra == []
    assert all(all_bright_found)
    assert len(pulls) > 12
    assert abs(np.mean(pulls)) < 0.6
    assert 0.6 < np.std(pulls) < 1.5
    assert max(distances) < 1.5


def test_side_lobes_are_gone_and_the_peak_stays(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(4)
    frame = frame_at()
    ra, dec = towards(frame, 31.0, -52.0)
    shadowgram = shadowgram_of(frame, [(ra, dec, 165.0)], random)
    raw = finite(sky_image(shadowgram).significance)
    assert raw.std() > 1.5
    assert raw.min() < -8
    image = find_sources(shadowgram, [CatalogueSource("Crab", ra, dec)]).image
    significance = image.significance
    column, row = (round(float(p)) for p in image.plane.pixel(ra, dec))
    assert np.unravel_index(np.nanargmax(significance), significance.shape) == (row, column)
    assert image.intensity[row, column] == pytest.approx(165.0, abs=8.0)
    around = significance.copy()
    around[row - 4 : row + 5, column - 4 : column + 5] = np.nan
    assert abs(np.nanmean(around)) < 0.05
    assert 0.9 < np.nanstd(around) < 1.2
    assert np.nanmax(around) < 5.5


def test_a_very_bright_source_makes_no_false_ones(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(5)
    frame = frame_at()
    bright = (*towards(frame, -20.4, 33.7), 50 * 165.0)
    faint = (*towards(frame, 60.2, 11.1), 120.0)
    search = find_sources(shadowgram_of(frame, [bright, faint], random))
    assert [row.name for row in search.sources] == ["NEW_1", "NEW_2"]
    assert search.sources[0].intensity == pytest.approx(bright[2], rel=0.005)
    assert separation_deg(search.sources[1].ra, search.sources[1].dec, *faint[:2]) < 2 / 60
    assert finite(search.residual.significance).max() < 6


def test_two_near_sources_are_parted(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(6)
    frame = frame_at()
    # 4 pixels are 20 arcmin
    first, second = (*towards(frame, 10.3, 5.2), 80.0), (*towards(frame, 13.3, 7.8), 40.0)
    search = find_sources(shadowgram_of(frame, [first, second], random))
    assert len(search.sources) == 2
    for row, truth in zip(search.sources, (first, second), strict=True):
        assert separation_deg(row.ra, row.dec, *truth[:2]) < 1 / 60
        assert abs(row.intensity - truth[2]) < 4 * row.intensity_error


def test_a_wrong_catalogue_position_of_a_bright_source_leaves_no_trace(
    frame_at, shadowgram_of, towards
) -> None:
    random = np.random.default_rng(7)
    frame = frame_at()
    ra, dec = towards(frame, 44.4, -3.3)
    shadowgram = shadowgram_of(frame, [(ra, dec, 400.0)], random)
    search = find_sources(shadowgram, [CatalogueSource("off by 1.5 arcmin", ra, dec + 0.025)])
    assert [row.name for row in search.sources] == ["off by 1.5 arcmin"]
    assert separation_deg(search.sources[0].ra, search.sources[0].dec, ra, dec) < 0.2 / 60
    assert finite(search.residual.significance).max() < 6


def test_a_partially_coded_source_is_told_from_its_ghost(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(8)
    frame = frame_at()
    # its ghost, one period of the mask away, is nearer to the axis
    ra, dec = towards(frame, -103.0, -98.0)
    for _ in range(5):
        search = find_sources(shadowgram_of(frame, [(ra, dec, 60.0)], random))
        assert len(search.sources) == 1
        assert separation_deg(search.sources[0].ra, search.sources[0].dec, ra, dec) < 2 / 60


def test_ghosts_lie_one_period_away() -> None:
    camera = isgri_camera()
    shifts = {tuple(round(s / camera.pixel_tangent, 2) for s in g) for g in ghost_shifts(camera)}
    period = round(53 * 11.2 / 4.6, 2)
    assert shifts == {
        (a * period, b * period) for a in (-1, 0, 1) for b in (-1, 0, 1) if (a, b) != (0, 0)
    }


def test_too_many_sources_raise_the_threshold_and_this_is_told(
    frame_at, shadowgram_of, towards
) -> None:
    random = np.random.default_rng(9)
    frame = frame_at()
    sources = [
        (*towards(frame, *place), rate)
        for place, rate in zip(
            [(-50, -50), (-50, 40), (0, 0), (45, -42), (48, 44)],
            [200.0, 15.0, 150.0, 14.0, 13.0],
            strict=True,
        )
    ]
    search = find_sources(shadowgram_of(frame, sources, random), max_sources=3)
    assert len(search.sources) <= 3
    assert {round(row.intensity, -2) for row in search.sources[:2]} == {200.0}
    assert "threshold was raised to" in search.messages[0]
    assert "006600010010.001" in search.messages[0]


def test_cleaning_by_a_list_takes_off_what_is_on_it_only(frame_at, shadowgram_of, towards) -> None:
    random = np.random.default_rng(10)
    frame = frame_at()
    shadowgram = shadowgram_of(frame, [(*towards(frame, 10.0, 20.0), 100.0)], random)
    sources = find_sources(shadowgram).sources
    assert finite(clean(shadowgram, sources).significance).std() < 1.2
    assert finite(clean(shadowgram, []).significance).std() > 1.2


def test_the_same_shadowgram_gives_the_same_answer(frame_at, shadowgram_of, towards) -> None:
    frame = frame_at()
    shadowgram = shadowgram_of(
        frame, [(*towards(frame, 10.0, 20.0), 100.0)], np.random.default_rng(11)
    )
    one, other = find_sources(shadowgram), find_sources(shadowgram)
    assert one.sources == other.sources
    np.testing.assert_array_equal(one.image.intensity, other.image.intensity)


def test_photons_followed_one_by_one_come_back_to_where_they_came_from(tmp_path, frame_at) -> None:
    """The telescope as its rules state it, written anew: file in, sources out."""
    random = np.random.default_rng(12)
    frame = frame_at(ra=266.4, dec=-29.0, roll_deg=-73.0)
    residues = {k * k % 53 for k in range(1, 53)}
    period = np.array(
        [
            [i != 0 and (j == 0 or (i in residues) == (j in residues)) for j in range(53)]
            for i in range(53)
        ]
    )
    truth = {"A": (268.9, -26.3, 150.0), "B": (259.0, -33.0, 90.0)}
    live_s, rows, columns = 250.0, [], []
    all_rows = np.setdiff1d(np.arange(130), [64, 65])
    all_columns = np.setdiff1d(np.arange(134), [32, 33, 66, 67, 100, 101])
    for ra, dec, intensity in truth.values():
        sx, sy, sz = (float(s) for s in frame.components(ra, dec))
        # all that falls on the open detector: twice the INTENSITY, less by the tilt
        count = random.poisson(2 * intensity * live_s * sx)
        row, column = random.choice(all_rows, count), random.choice(all_columns, count)
        y = (row - 64.5) * 4.6 + random.uniform(-2, 2, count)
        z = (column - 66.5) * 4.6 + random.uniform(-2, 2, count)
        # y = ym - H sY/sX
        i = np.floor((y + H * sy / sx) / 11.2 + 47.5).astype(int)
        j = np.floor((z + H * sz / sx) / 11.2 + 47.5).astype(int)
        inside = (i >= 0) & (i < 95) & (j >= 0) & (j < 95)
        through = inside & period[(i - 47) % 53, (j - 47) % 53]
        rows.append(row[through])
        columns.append(column[through])
    count = random.poisson(500 * live_s)
    rows.append(random.choice(all_rows, count))
    columns.append(random.choice(all_columns, count))
    dety, detz = np.concatenate(rows), np.concatenate(columns)
    start = 2000.0 + 33 * 0.02
    axes = {
        "RA_SCX": frame.ra_x,
        "DEC_SCX": frame.dec_x,
        "RA_SCZ": frame.ra_z,
        "DEC_SCZ": frame.dec_z,
    }
    folder = write_science_window(
        tmp_path,
        "066500330010.001",
        changes=axes,
        event_changes={"LIVETIME": live_s},
        columns={
            "TIME": random.uniform(start, start + 1000 / 86400, dety.size),
            "ISGRI_ENERGY": np.full(dety.size, 30.0),
            "DETY": dety,
            "DETZ": detz,
            "RISE_TIME": np.full(dety.size, 60),
            "SELECT_FLAG": np.zeros(dety.size, dtype=int),
        },
    )
    shadowgram = select_events(folder / "isgri_events.fits.gz", "066500330010.001", 20.0, 40.0)
    search = find_sources(shadowgram)
    assert len(search.sources) == 2
    for row, (ra, dec, intensity) in zip(search.sources, truth.values(), strict=True):
        assert separation_deg(row.ra, row.dec, ra, dec) < 1 / 60
        assert separation_deg(row.ra, row.dec, ra, dec) < 5 * row.position_error
        assert abs(row.intensity - intensity) < 3.5 * row.intensity_error
    # the second stands where only a part of the detector sees it through the mask
    tangent = tangents(frame, *truth["B"][:2])[:2]
    assert isgri_camera().coded(*tangent).sum() < 0.9 * 16384


def test_separations_and_the_nearest_place() -> None:
    assert separation_deg(10.0, 0.0, 11.0, 0.0) == pytest.approx(1.0)
    assert separation_deg(0.0, 89.0, 180.0, 89.0) == pytest.approx(2.0)
    assert separation_deg(359.9, 0.0, 0.1, 0.0) == pytest.approx(0.2)
    places = [CatalogueSource("near", 359.95, 0.0), CatalogueSource("far", 0.3, 0.0)]
    match = nearest(0.0, 0.0, places, 0.2)
    assert match is not None
    assert match.name == "near"
    assert nearest(0.0, 1.0, places, 0.2) is None
    assert match_radius_deg(0.0, 0.2) == pytest.approx(6 / 60)
    assert match_radius_deg(1.0, 0.2) == pytest.approx(0.17)
    assert match_radius_deg(1.0, 0.05) == pytest.approx(0.0425)
