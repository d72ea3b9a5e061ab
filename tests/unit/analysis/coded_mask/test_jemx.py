"""JEM-X by the same core: a round mask of hexagons, a quarter open, behind a collimator.

Photons come from `fixtures.jemx_simulator`, which knows hexagons and rays, not cells and pixels.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from analysis.engines.coded_mask import find_sources, mosaic, mosaic_sources, shadowgram_of
from analysis.engines.coded_mask.decoding import sky_image
from analysis.engines.coded_mask.events import EventList
from analysis.engines.coded_mask.extraction import Target, light_curves, spectra
from analysis.engines.coded_mask.ghosts import ghost_shifts
from analysis.engines.coded_mask.jemx import JEMX_1, JEMX_2, jemx_camera, jemx_response
from analysis.engines.coded_mask.matching import separation_deg
from analysis.engines.coded_mask.responses import spectral_response
from analysis.engines.coded_mask.source_fit import SourceFit
from analysis.errors import NoJEMXEvents, ScWDataCorrupted
from analysis.products.catalogue_source import CatalogueSource
from fixtures.archive_writer import write_science_window
from fixtures.jemx_simulator import intensity, simulate_jemx
from fixtures.plan import SMALL_PLAN, Pointing
from fixtures.simulator import simulate
from fixtures.source import Source
from fixtures.spectra import Spectrum
from instruments import jemx

BAND = (3.0, 20.0)
BASE = SMALL_PLAN.pointings()[0]


@dataclass(frozen=True)
class Field:
    """A Science Window with the sources in it."""

    pointing: Pointing
    sources: tuple[Source, ...]
    events: EventList
    path: Path

    def rate(self, source: Source, band: tuple[float, float] = BAND) -> float:
        return intensity(source, *band, self.pointing.start_ijd)


@pytest.fixture(scope="module")
def observed(tmp_path_factory):
    """Simulates sources at directions (tangents) with ISGRI rates, and reads the events."""

    def observe(
        placed: list[tuple[float, float, float]],
        seed: int,
        *,
        minutes: float = 5.0,
        gaps: tuple[tuple[float, float], ...] | None = None,
        unit: int = 2,
    ) -> Field:
        pointing = Pointing(
            BASE.identifier,
            BASE.frame,
            BASE.start_ijd,
            BASE.start_ijd + minutes / 1440,
            BASE.observation,
            BASE.exposure_identifier,
            (unit,),
        )
        sources = []
        for number, (ty, tz, rate) in enumerate(placed):
            ra, dec = BASE.frame.sky(1.0, ty, tz)
            sources.append(Source(f"S{number}", "test", float(ra), float(dec), rate, Spectrum(2.1)))
        good = None
        if gaps is not None:
            length = pointing.stop_ijd - pointing.start_ijd
            good = tuple(
                (pointing.start_ijd + a * length, pointing.start_ijd + b * length) for a, b in gaps
            )
        root = tmp_path_factory.mktemp("jemx")
        made = simulate_jemx(pointing, unit, sources, seed, good)
        write_science_window(root, simulate(pointing, [], 1), "test", jemx=[made])
        path = root / pointing.identifier.folder / f"jmx{unit}_events.fits.gz"
        telescope = {1: JEMX_1, 2: JEMX_2}[unit]
        read = telescope.read_events(path, str(pointing.identifier))
        return Field(pointing, tuple(sources), read, path)

    return observe


def random_field(random: np.random.Generator, count: int) -> list[tuple[float, float, float]]:
    """Directions up to 5 deg from the axis, rates over nearly two decades."""
    placed = []
    for _ in range(count):
        away, angle = np.tan(np.radians(5 * np.sqrt(random.random()))), random.uniform(0, 2 * np.pi)
        rate = 15 * 30 ** random.random()
        placed.append((away * np.cos(angle), away * np.sin(angle), rate))
    return placed


def test_the_drawn_mask_is_open_as_the_hexagons_are():
    camera = jemx_camera()
    area = camera.mask.sum() * camera.mask_cell_mm**2
    share = area / (np.pi * jemx.MASK_RADIUS_MM**2)
    assert share == pytest.approx(jemx.MASK_TRANSPARENCY, abs=0.003)
    # within an open hexagon's inner part everything passes
    random = np.random.default_rng(1)
    y, z = random.uniform(-180, 180, (2, 5000))
    around = np.all(
        [jemx.mask_is_open(y + dy, z + dz) for dy in (-1.4, 0, 1.4) for dz in (-1.4, 0, 1.4)],
        axis=0,
    )
    cells = [np.floor(at / camera.mask_cell_mm + len(camera.mask) / 2).astype(int) for at in (y, z)]
    assert camera.mask[cells[0], cells[1]][around].min() > 0.97


def test_the_pattern_makes_no_ghosts_in_the_field():
    assert ghost_shifts(jemx_camera()) == ()


def test_collimator_and_projection_lower_the_rate_off_the_axis():
    camera = jemx_camera()
    assert float(camera.throughput(0.0, 0.0)) == 1.0
    expected = float(jemx.collimator(0.05, -0.03)) / np.sqrt(1 + 0.05**2 + 0.03**2)
    assert float(camera.throughput(0.05, -0.03)) == pytest.approx(expected)
    assert float(camera.throughput(1.2 * jemx.COLLIMATOR_TANGENT, 0.0)) == 0.0


def test_an_empty_field_decodes_to_noise_of_unit_width(observed):
    field = observed([], 3, minutes=8)
    image = sky_image(shadowgram_of(field.events, *BAND), jemx_camera())
    significance = image.intensity / np.sqrt(image.variance)
    seen = significance[np.isfinite(significance)]
    assert abs(seen.mean()) < 0.05
    assert seen.std() == pytest.approx(1, abs=0.05)
    assert np.abs(seen).max() < 6.2


def test_rates_and_positions_scatter_by_their_errors(observed):
    """Sources anywhere in the field, known directions: pulls of rates and of fitted places."""
    random = np.random.default_rng(20030102)
    rates, places = [], []
    for trial in range(8):
        field = observed(random_field(random, 4), 100 + trial)
        fit = SourceFit(shadowgram_of(field.events, *BAND), jemx_camera())
        directions = [fit.direction(s.ra, s.dec) for s in field.sources]
        assert None not in directions
        fitted = fit.intensities(directions)
        truth = np.array([field.rate(s) for s in field.sources])
        rates += list((fitted.intensity - truth) / fitted.intensity_error)
        moved = fit.positions(directions, range(len(directions)))
        for n, source in enumerate(directions):
            if fitted.significance[n] < 8:
                continue
            at = moved.directions[n]
            off = (at.tangent_y - source.tangent_y, at.tangent_z - source.tangent_z)
            places += list(off / np.sqrt(np.diag(moved.position_covariance[n])))
    assert len(places) > 20
    assert abs(np.mean(rates)) < 3 / np.sqrt(len(rates))
    assert 0.7 < np.std(rates) < 1.35
    assert abs(np.mean(places)) < 3 / np.sqrt(len(places))
    assert 0.7 < np.std(places) < 1.35


def test_a_search_finds_what_is_there_and_nothing_else(observed):
    random = np.random.default_rng(5)
    field = observed(random_field(random, 5), 11, minutes=8)
    known = field.sources[0]
    catalogue = [CatalogueSource(known.name, known.ra, known.dec)]
    search = find_sources(
        shadowgram_of(field.events, *BAND), catalogue, threshold=6.5, camera=jemx_camera()
    )
    for row in search.sources:
        near = [s for s in field.sources if separation_deg(row.ra, row.dec, s.ra, s.dec) < 0.05]
        assert len(near) == 1, row
        assert row.new_source is (near[0] is not known)
        expected = field.rate(near[0])
        assert abs(row.intensity - expected) < 4 * row.intensity_error + 0.03 * expected
    assert len(search.sources) >= 4


def test_mosaics_find_sources_too_faint_for_single_science_windows(observed):
    camera = jemx_camera()
    fields = [observed([(0.01, -0.02, 9.0)], 40 + n, minutes=4) for n in range(4)]
    shadowgrams = [shadowgram_of(field.events, *BAND) for field in fields]
    images = [sky_image(shadowgram, camera) for shadowgram in shadowgrams]
    joined = mosaic(images, JEMX_2.image_pixel_deg)
    found = mosaic_sources(joined, shadowgrams, [()] * 4, camera=camera, threshold=6.0)
    (source,) = found.sources
    truth = fields[0].sources[0]
    assert separation_deg(source.ra, source.dec, truth.ra, truth.dec) < 4 * source.position_error
    assert abs(source.intensity - fields[0].rate(truth)) < 4 * source.intensity_error


def test_spectra_are_what_the_response_makes_of_the_photons(observed):
    field = observed([(0.0, 0.01, 150.0), (0.03, -0.03, 80.0)], 21, minutes=10)
    targets = [Target(s.name, s.ra, s.dec) for s in field.sources]
    found = spectra(field.events, targets, JEMX_2)
    assert len(found) == 2
    for source, spectrum in zip(field.sources, found, strict=True):
        assert spectrum.rate.shape == (16,)
        assert (spectrum.quality == 0).all()
        expected = np.array(
            [
                field.rate(source, band)
                for band in zip(
                    jemx.SPECTRUM_LIMITS_KEV[:-1], jemx.SPECTRUM_LIMITS_KEV[1:], strict=True
                )
            ]
        )
        pulls = (spectrum.rate - expected) / spectrum.error
        assert 0.5 < np.sqrt((pulls**2).mean()) < 1.6
        response = spectral_response(spectrum, jemx_response())
        middle = np.sqrt(response.energy_edges_kev[1:] * response.energy_edges_kev[:-1])
        photons = source.spectrum.density(middle) * np.diff(response.energy_edges_kev)
        folded = (photons * response.effective_area_cm2) @ response.redistribution
        # the shape; the level is the source's
        np.testing.assert_allclose(
            folded / folded.sum(), expected / expected.sum(), rtol=0.01, atol=1e-4
        )


def test_light_curves_are_flat_where_sources_are_and_know_gaps(observed):
    field = observed([(0.02, 0.0, 120.0)], 31, minutes=10, gaps=((0.0, 0.43), (0.62, 1.0)), unit=1)
    (source,) = field.sources
    target = Target(source.name, source.ra, source.dec)
    (curve,) = light_curves(
        field.events, [target], JEMX_1, e_min_kev=3.0, e_max_kev=20.0, time_bin_s=30.0
    )
    assert curve.rate.size == 17  # three of twenty bins lie in the gap, and parts of two
    pulls = (curve.rate - field.rate(source)) / curve.error
    assert abs(pulls.mean()) < 4 / np.sqrt(pulls.size)
    assert 0.6 < pulls.std() < 1.5
    assert curve.exposed.min() < 0.99
    assert curve.livetime_s == pytest.approx(field.events.good_time.livetime_s)


def test_bad_events_are_left_out(observed):
    field = observed([(0.0, 0.0, 50.0)], 51, minutes=2)
    with fits.open(field.path) as hdus:
        table = hdus["JMX2-FULL-ALL"].data
        good = (table["STATUS"] == 0) & (jemx.pixel_of(table["DETX"], table["DETY"]) >= 0)
        assert good.sum() < len(table)
        assert field.events.time_ijd.size == good.sum()
    assert (np.diff(field.events.time_ijd) >= 0).all()


def test_files_of_another_instrument_are_refused(observed):
    field = observed([], 61, minutes=1)
    with pytest.raises(ScWDataCorrupted, match="JMX1-FULL-ALL is missing"):
        JEMX_1.read_events(field.path, str(BASE.identifier))
    with pytest.raises(ScWDataCorrupted, match="says that it is of"):
        JEMX_2.read_events(field.path, "066600010010.001")


@pytest.mark.parametrize("keyword", ["LIVETIME", "RA_SCX"])
def test_headers_without_what_is_needed_are_refused(observed, tmp_path, keyword):
    field = observed([], 62, minutes=1)
    with fits.open(field.path) as hdus:
        del hdus["JMX2-FULL-ALL"].header[keyword]
        hdus.writeto(tmp_path / "bad.fits")
    with pytest.raises(ScWDataCorrupted, match=keyword):
        JEMX_2.read_events(tmp_path / "bad.fits", str(BASE.identifier))


def test_a_file_without_good_events_is_told(observed, tmp_path):
    field = observed([], 63, minutes=1)
    with fits.open(field.path) as hdus:
        hdus["JMX2-FULL-ALL"].data["STATUS"] = 64
        hdus.writeto(tmp_path / "bad.fits")
    with pytest.raises(NoJEMXEvents, match="no good event"):
        JEMX_2.read_events(tmp_path / "bad.fits", str(BASE.identifier))
