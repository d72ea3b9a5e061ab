"""The engine on Science Windows of the demonstration's simulator: files in, sources out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from isgri_engine import clean, find_sources, mosaic, mosaic_sources

from analysis.engines.coded_mask import (
    Mosaic,
    Shadowgram,
    SourceSearch,
)
from analysis.engines.coded_mask.isgri import isgri_camera, select_events
from analysis.engines.coded_mask.matching import separation_deg
from analysis.engines.coded_mask.source_fit import SourceFit
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source
from fixtures.plan import SMALL_PLAN
from fixtures.sky import SKY
from instruments.isgri_files import EVENT_FILE

CATALOGUE = [CatalogueSource(source.name, source.ra, source.dec) for source in SKY]
BAND = (20.0, 40.0)


@dataclass(frozen=True)
class Analysed:
    """The Crab pointings of the small plan."""

    starts_ijd: list[float]
    shadowgrams: list[Shadowgram]
    searches: list[SourceSearch]
    joined: Mosaic
    sources: tuple[Source, ...]


@pytest.fixture(scope="module")
def analysed(small_archive: Path) -> Analysed:
    """Select, search, join."""
    pointings = [p for p in SMALL_PLAN.pointings() if p.observation.target == "Crab"]
    shadowgrams = [
        select_events(small_archive / p.identifier.folder / EVENT_FILE, str(p.identifier), *BAND)
        for p in pointings
    ]
    searches = [find_sources(shadowgram, CATALOGUE) for shadowgram in shadowgrams]
    first = mosaic([search.image for search in searches])
    lists = [search.sources for search in searches]
    search = mosaic_sources(first, shadowgrams, lists, CATALOGUE)
    found, modelled = search.sources, search.modelled.sources
    joined = mosaic([clean(shadowgram, modelled) for shadowgram in shadowgrams])
    return Analysed([p.start_ijd for p in pointings], shadowgrams, searches, joined, found)


def test_the_crab_is_the_highest_peak_of_the_mosaic(analysed: Analysed) -> None:
    crab = analysed.sources[0]
    assert crab.name == "Crab"
    truth = SKY[0]
    assert separation_deg(crab.ra, crab.dec, truth.ra, truth.dec) < 0.5 / 60
    joined = analysed.joined
    highest = np.unravel_index(np.nanargmax(joined.significance), joined.plane.shape)
    ra, dec = (float(a) for a in joined.plane.sky(highest[1], highest[0]))
    assert separation_deg(ra, dec, truth.ra, truth.dec) < 3 / 60


def test_no_false_source_is_listed(analysed: Analysed) -> None:
    assert not [row for row in analysed.sources if row.new_source]
    assert not [row for search in analysed.searches for row in search.sources if row.new_source]


def test_without_its_sources_the_sky_is_gaussian(analysed: Analysed) -> None:
    for search in analysed.searches:
        values = search.residual.significance[np.isfinite(search.residual.significance)]
        assert abs(values.mean()) < 0.05
        assert 0.9 < values.std() < 1.2


def test_rates_of_all_sources_in_the_field_are_unbiased(analysed: Analysed) -> None:
    """Fitted whether found or not, so that no choice of the bright ones bends the mean."""
    pulls = []
    for start_ijd, shadowgram in zip(analysed.starts_ijd, analysed.shadowgrams, strict=True):
        fit = SourceFit(shadowgram, isgri_camera())
        seen = [
            (source, at)
            for source in SKY
            if (at := fit.direction(source.ra, source.dec)) is not None
        ]
        fitted = fit.intensities([at for _, at in seen])
        truth = np.array([source.intensity(*BAND, start_ijd) for source, _ in seen])
        pulls.extend((fitted.intensity - truth) / fitted.intensity_error)
    assert len(pulls) >= 12
    # the narrow limit needs more Science Windows than these: three standard errors
    assert abs(np.mean(pulls)) < 3 / np.sqrt(len(pulls))
    crab = analysed.sources[0]
    truth = SKY[0].intensity(*BAND, analysed.starts_ijd[0])
    assert abs(crab.intensity - truth) < 3.5 * crab.intensity_error
    assert crab.intensity_error < 0.01 * truth


def test_bright_sources_are_in_place_in_each_science_window(analysed: Analysed) -> None:
    places = {source.name: source for source in SKY}
    bright = [
        row for search in analysed.searches for row in search.sources if row.significance > 20
    ]
    assert len(bright) >= 6
    for row in bright:
        truth = places[row.name]
        assert separation_deg(row.ra, row.dec, truth.ra, truth.dec) < 1.5 / 60
