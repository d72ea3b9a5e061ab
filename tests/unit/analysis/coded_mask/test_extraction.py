"""Spectra and light curves of sources whose photons were followed one by one."""

from dataclasses import replace

import numpy as np
import pytest
import simulated_fields as fields

from analysis.engines.coded_mask.events import EventList, GoodTime
from analysis.engines.coded_mask.extraction import Target, light_curves, spectra
from analysis.engines.coded_mask.isgri import ISGRI, isgri_camera, isgri_response
from analysis.engines.coded_mask.matching import separation_deg
from analysis.engines.coded_mask.modelled_sources import modelled_sources
from analysis.engines.coded_mask.responses import spectral_response
from analysis.engines.coded_mask.shadowgram import shadowgram_of
from analysis.engines.coded_mask.source_fit import SourceFit
from analysis.engines.coded_mask.source_storage import (
    read_light_curves,
    read_spectra,
    write_light_curves,
    write_spectra,
)
from analysis.engines.coded_mask.summing import joined_light_curves, summed_spectra
from analysis.engines.coded_mask.targets import nameless, targets
from analysis.errors import NoISGRIEvents
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source
from instruments.time import SECONDS_PER_DAY

BAND = {"e_min_kev": 20.0, "e_max_kev": 40.0}


@pytest.fixture(scope="module")
def events() -> EventList:
    """Two sources of 150 and 60 count/s, 200 s."""
    random = np.random.default_rng(11)
    frame = fields.random_frame(random)
    places = [fields.random_place(frame, random, 0.5) for _ in range(2)]
    sources = [fields.source(n, p, r) for n, p, r in zip("ab", places, (150, 60), strict=True)]
    return fields.observed(fields.pointing(frame, 200.0), sources, 11)


@pytest.fixture(scope="module")
def pair(events: EventList) -> list[Target]:
    random = np.random.default_rng(11)
    frame = fields.random_frame(random)
    places = [fields.random_place(frame, random, 0.5) for _ in range(2)]
    return [Target(name, p.ra, p.dec) for name, p in zip("ab", places, strict=True)]


def test_weights_of_events_add_up_to_the_fit(events: EventList, pair: list[Target]) -> None:
    shadowgram = shadowgram_of(events, 20.0, 40.0)
    fit = SourceFit(shadowgram, isgri_camera())
    directions = [fit.direction(t.ra, t.dec) for t in pair]
    fitted = fit.intensities([d for d in directions if d is not None])
    weights = fit.estimators(fitted)
    sums = (weights * shadowgram.counts).sum(axis=(1, 2))
    assert sums[:2] == pytest.approx(fitted.intensity, rel=1e-3)
    errors = np.sqrt((weights**2 * shadowgram.counts).sum(axis=(1, 2)))[:2]
    assert errors == pytest.approx(fitted.intensity_error, rel=0.05)


def test_channels_together_are_the_band(events: EventList, pair: list[Target]) -> None:
    for spectrum, rate in zip(spectra(events, pair, ISGRI), (150.0, 60.0), strict=True):
        # 20 and 39.5 keV are limits of channels
        got, error = spectrum.band(20.0, 39.5)
        expected = fields.source("x", fields.Place(0, 0, 1), rate).intensity(20.0, 39.5, 0.0)
        assert got == pytest.approx(expected, abs=4 * error)
        assert len(spectrum.rate) == 256
        assert np.all(spectrum.error[spectrum.quality == 0] > 0)
        below = spectrum.channel_edges_kev[:-1] < 15
        assert set(spectrum.quality[below]) == {3}
        assert np.count_nonzero(spectrum.quality == 0) > 200


def test_good_time_and_dead_time_are_corrected_for(events: EventList, pair: list[Target]) -> None:
    start, stop = events.good_time.start_ijd, events.good_time.stop_ijd
    middle = (start + stop) / 2
    gap = GoodTime(
        np.array([start, middle]),
        np.array([middle - 40 / SECONDS_PER_DAY, stop]),
        events.good_time.live_fraction,
    )
    kept = gap.holds(events.time_ijd)
    cut = replace(
        events,
        good_time=gap,
        time_ijd=events.time_ijd[kept],
        energy_kev=events.energy_kev[kept],
        cell=events.cell[kept],
    )
    curve = light_curves(cut, pair, ISGRI, **BAND, time_bin_s=50.0)[0]
    assert curve.exposed == pytest.approx([1.0, 0.2, 1.0, 1.0], abs=1e-6)
    assert np.all(np.abs(curve.rate - 150) < 4 * curve.error)
    assert curve.error[1] > 1.8 * curve.error[0]
    # 60 s gone with nothing in them leave no bin
    dark = light_curves(cut, pair, ISGRI, **BAND, time_bin_s=10.0)[0]
    assert len(dark.rate) == 16
    assert dark.ontime_s == pytest.approx(160)


def test_pixels_that_are_off_change_nothing_but_errors(
    events: EventList, pair: list[Target]
) -> None:
    random = np.random.default_rng(3)
    alive = random.random(events.efficiency.shape) > 0.4
    kept = alive.ravel()[events.cell]
    fewer = replace(
        events,
        efficiency=events.efficiency * alive,
        time_ijd=events.time_ijd[kept],
        energy_kev=events.energy_kev[kept],
        cell=events.cell[kept],
    )
    whole, part = (light_curves(e, pair, ISGRI, **BAND, time_bin_s=1e4)[0] for e in (events, fewer))
    assert part.rate[0] == pytest.approx(150, abs=4 * part.error[0])
    assert part.error[0] == pytest.approx(whole.error[0] / np.sqrt(0.6), rel=0.1)


def test_a_source_that_is_left_out_spoils_the_others_and_one_that_is_not_there_does_not(
    events: EventList, pair: list[Target]
) -> None:
    frame = events.frame
    empty = fields.random_place(frame, np.random.default_rng(5), 0.5)
    third = light_curves(
        events, [*pair, Target("nothing", empty.ra, empty.dec)], ISGRI, **BAND, time_bin_s=1e4
    )
    assert abs(third[2].rate[0]) < 4 * third[2].error[0]
    assert third[1].rate[0] == pytest.approx(60, abs=4 * third[1].error[0])


def test_a_target_outside_the_field_is_left_out(events: EventList, pair: list[Target]) -> None:
    behind = Target("behind", (pair[0].ra + 180) % 360, -pair[0].dec)
    assert [s.name for s in spectra(events, [behind, *pair], ISGRI)] == ["a", "b"]


def test_a_band_without_events_is_an_error(events: EventList, pair: list[Target]) -> None:
    with pytest.raises(NoISGRIEvents, match="no good event from 2000 to 3000 keV"):
        light_curves(events, pair, ISGRI, e_min_kev=2000.0, e_max_kev=3000.0, time_bin_s=10.0)


def test_joined_science_windows_have_the_weighted_mean(
    events: EventList, pair: list[Target]
) -> None:
    one = spectra(events, pair, ISGRI)
    other = tuple(
        replace(
            s,
            rate=s.rate + 2.0,
            error=s.error * 2,
            science_windows=("070000020010.001",),
            t_start_ijd=s.t_stop_ijd,
            resolutions=((0.09, 1.0),),
        )
        for s in one
    )
    for single, mean in zip(one, summed_spectra([*other, *one]), strict=True):
        assert mean.rate == pytest.approx(single.rate + 0.4)
        assert mean.error == pytest.approx(single.error * np.sqrt(0.8))
        assert mean.livetime_s == pytest.approx(2 * single.livetime_s)
        assert mean.science_windows == ("070000010010.001", "070000020010.001")
        assert mean.resolutions == ((0.07, pytest.approx(0.8)), (0.09, pytest.approx(0.2)))
    curves = light_curves(events, pair, ISGRI, **BAND, time_bin_s=50.0)
    later = [
        replace(
            c,
            time_ijd=c.time_ijd + 1,
            t_start_ijd=c.t_start_ijd + 1,
            t_stop_ijd=c.t_stop_ijd + 1,
            science_windows=("070000020010.001",),
        )
        for c in curves
    ]
    joined = joined_light_curves([*later, *curves])
    assert [c.name for c in joined] == ["a", "b"]
    assert list(joined[0].science_window) == [0] * 4 + [1] * 4
    assert np.all(np.diff(joined[0].time_ijd) > 0)


def test_what_is_stored_comes_back(events: EventList, pair: list[Target], tmp_path) -> None:
    found = spectra(events, pair, ISGRI)
    write_spectra(tmp_path / "s.fits", found)
    for before, after in zip(found, read_spectra(tmp_path / "s.fits"), strict=True):
        assert np.array_equal(before.rate, after.rate)
        assert before.science_windows == after.science_windows
        assert before.resolutions == after.resolutions
    curves = light_curves(events, pair, ISGRI, **BAND, time_bin_s=50.0)
    write_light_curves(tmp_path / "c.fits", curves)
    for before, after in zip(curves, read_light_curves(tmp_path / "c.fits"), strict=True):
        assert np.array_equal(before.rate, after.rate)
        assert before.e_max_kev == after.e_max_kev


def test_the_response_keeps_every_photon_and_its_energy(
    events: EventList, pair: list[Target]
) -> None:
    response = spectral_response(spectra(events, pair, ISGRI)[0], isgri_response())
    energy = np.sqrt(response.energy_edges_kev[:-1] * response.energy_edges_kev[1:])
    inside = (energy > 30) & (energy < 700)
    matrix = response.redistribution[inside]
    assert matrix.sum(axis=1) == pytest.approx(1, abs=1e-4)
    middle = (response.channel_edges_kev[:-1] + response.channel_edges_kev[1:]) / 2
    assert matrix @ middle == pytest.approx(energy[inside], rel=2e-3)
    width = np.sqrt((matrix * (middle - energy[inside][:, None]) ** 2).sum(axis=1))
    assert width / energy[inside] == pytest.approx(0.07 / 2.3548, rel=0.15)


def _row(name: str, ra: float, dec: float, significance: float, new: bool = False) -> Source:
    return Source(name, ra, dec, 0.01, 10.0, 1.0, significance, 20.0, 40.0, new)


def test_sources_wanted_and_found_are_fitted_once() -> None:
    known = [CatalogueSource("Crab", 83.633, 22.0145), CatalogueSource("faint", 84.0, 25.0)]
    found = [
        _row("Crab", 83.64, 22.01, 500.0),
        _row("faint", 84.02, 25.01, 8.0),
        _row("NEW_1", 80.0, 20.0, 12.0, new=True),
    ]
    modelled = modelled_sources(found, known)
    wanted = [CatalogueSource("my pulsar", 83.632, 22.015)]
    chosen, messages = targets(wanted, modelled, isgri_camera())
    assert not messages
    assert [t.name for t in chosen] == ["my pulsar", "faint", "NEW_1"]
    # very bright: where the image has it; faint: where the catalogue has it
    assert (chosen[0].ra, chosen[0].dec) == (83.633, 22.0145)
    assert (chosen[1].ra, chosen[1].dec) == (84.0, 25.0)
    assert chosen[2].new_source
    far = modelled_sources([_row("Crab", 83.70, 22.01, 500.0)], known)
    (moved,), _ = targets(wanted, far, isgri_camera())
    assert separation_deg(moved.ra, moved.dec, 83.70, 22.01) < 0.02, "not where it is said to be"


def test_a_new_source_is_known_by_its_place_until_a_mosaic_gives_it_a_number() -> None:
    one, other = (Target(name, 80.0, -20.0, new_source=True) for name in ("NEW_1", "NEW_7"))
    assert nameless(one) == nameless(other)
    assert nameless(Target("NEW_1", 80.1, -20.0, new_source=True)) != nameless(one)
    assert nameless(Target("Crab", 83.6, 22.0)).name == "Crab"


def test_sources_too_near_to_be_told_apart_are_one() -> None:
    both = [CatalogueSource("one", 83.63, 22.01), CatalogueSource("other", 83.64, 22.02)]
    assert separation_deg(83.63, 22.01, 83.64, 22.02) < 0.05
    chosen, messages = targets(both, [], isgri_camera())
    assert [t.name for t in chosen] == ["one"]
    assert messages == ("other can't be told apart from one: left out",)
