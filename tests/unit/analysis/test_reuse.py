"""What the embedded engine's graphs have in common, counted: nothing is made twice.

Planned with files that don't exist: what a run would do is known before it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.canonical import digest
from analysis.engines.coded_mask.modelled_sources import Modelled, modelled_sources
from analysis.engines.coded_mask.mosaic_search import MosaicSearch
from analysis.engines.coded_mask.source_storage import write_mosaic_sources
from analysis.engines.coded_mask_engine import ENGINE
from analysis.engines.protocol import ExtractionPlan, FoundSources, ImagePlan, LightCurvePlan
from analysis.planning import State, plan_of
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import Source
from analysis.steps import RawFile, Step, in_order
from provenance.records import EntityRecord

CRAB = (CatalogueSource("Crab", 83.6331, 22.0145),)
IMAGE = ImagePlan(20, 40, 7, title="IBIS/ISGRI mosaic")
EACH = {"events": 1, "shadowgram": 1, "sky_image": 1}
JOINT = {"mosaic": 2, "mosaic_sources": 1, "source_lists": 1, "preview": 1}


def raw(name: str, content: str = "") -> RawFile:
    return RawFile(name, Path(name), EntityRecord(name, checksum=f"sha256:{name}{content}"))


CATALOGUE = raw("gnrl_refr_cat_0043.fits")
SCWS = [raw(f"0665{number:04}0010.001") for number in range(51)]


ACCRETOR = CatalogueSource("1A 0535+262", 84.7274, 26.3158)
#: Of the list, with the error of its position.
SOURCES = (("Crab", 83.6331, 22.0145, 335.0), (ACCRETOR.name, ACCRETOR.ra, ACCRETOR.dec, 25.0))


def listed(
    folder: Path, scws: Sequence[RawFile], seed: int = 0, new: Sequence[RawFile] = ()
) -> Path:
    """A mosaic's list as it would be: all positions and rates are others in each mosaic.

    new: the Science Windows that see a new source.
    """
    random = np.random.default_rng(seed)
    rows = []
    for name, ra, dec, significance in (*SOURCES, ("NEW_1", 77.7, 18.5, 9.0))[: 3 if new else 2]:
        error = 4.0 / significance / 60
        east, north = random.normal(0, error, 2)
        rows.append(
            Source(
                name=name,
                ra=ra + east / np.cos(np.radians(dec)),
                dec=dec + north,
                position_error=error,
                intensity=significance * 0.5 + random.normal(0, 0.5),
                intensity_error=0.5,
                significance=significance,
                e_min=20.0,
                e_max=40.0,
                new_source=name == "NEW_1",
            )
        )
    known = [CatalogueSource(name, ra, dec) for name, ra, dec, _ in SOURCES]
    fields = {file.label: (0, 1, 2)[: 3 if file in new else 2] for file in scws}
    path = folder / f"{digest([file.label for file in scws])[:8]}_{seed}_{len(new)}.fits"
    search = MosaicSearch(tuple(rows), Modelled(modelled_sources(rows, known), fields))
    write_mosaic_sources(path, search)
    return path


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where lists of sources lie."""
    return tmp_path_factory.mktemp("lists")


def mosaic(
    scws: Sequence[RawFile], plan: ImagePlan = IMAGE, sources: Path | None = None
) -> tuple[Step, ...]:
    images = [ENGINE.image(file, CATALOGUE, plan) for file in scws]
    return ENGINE.mosaic(images, CATALOGUE, plan, sources).all()


def to_run(targets: Iterable[Step], done: Iterable[Step]) -> Counter[str]:
    """Steps that run for ``targets`` when all that ``done`` needed is cached, by kind."""
    cached = {step.identity for step in in_order(tuple(done))}
    return Counter(step.kind.name for step in plan_of(tuple(targets), cached).to_run)


@pytest.fixture(scope="module")
def fifty(lists: Path) -> tuple[Step, ...]:
    return mosaic(SCWS[:50], sources=listed(lists, SCWS[:50]))


def test_the_same_job_twice_runs_nothing(fifty: tuple[Step, ...], lists: Path) -> None:
    assert to_run(mosaic(SCWS[:50], sources=listed(lists, SCWS[:50])), fifty) == {}


@pytest.mark.parametrize("seed", range(1, 6))
def test_forty_nine_and_a_new_one_run_the_new_ones_steps_and_the_mosaics(
    fifty: tuple[Step, ...], lists: Path, seed: int
) -> None:
    """Every number in the new mosaic's list is another, and means the same."""
    again = mosaic(SCWS[1:51], sources=listed(lists, SCWS[1:51], seed))
    assert to_run(again, fifty) == {**EACH, **JOINT, "clean": 1}


def test_a_new_source_is_cleaned_where_it_is_seen(fifty: tuple[Step, ...], lists: Path) -> None:
    """It comes with the new Science Window, and is in the field of three others."""
    path = listed(lists, SCWS[1:51], 1, new=SCWS[47:51])
    assert to_run(mosaic(SCWS[1:51], sources=path), fifty) == {**EACH, **JOINT, "clean": 4}


def test_before_the_list_is_made_all_that_it_tells_is_expected_to_run(
    fifty: tuple[Step, ...],
) -> None:
    unknown = mosaic(SCWS[1:51])
    assert to_run(unknown, fifty) == {**EACH, **JOINT, "clean": 50}
    plan = plan_of(unknown, {step.identity for step in in_order(fifty)})
    assert Counter(step.kind.name for step in plan.provisional) == {
        "clean": 50,
        "mosaic": 1,
        "preview": 1,
    }
    assert not plan_of(fifty, set()).provisional


def test_another_band_uses_the_events_again(fifty: tuple[Step, ...], lists: Path) -> None:
    band = replace(IMAGE, e_min_kev=40, e_max_kev=80)
    other = to_run(mosaic(SCWS[:50], band, listed(lists, SCWS[:50], 7)), fifty)
    assert other == {"shadowgram": 50, "sky_image": 50, "clean": 50, **JOINT}


def test_another_threshold_changes_only_what_is_told(fifty: tuple[Step, ...], lists: Path) -> None:
    path = listed(lists, SCWS[:50])
    higher = mosaic(SCWS[:50], replace(IMAGE, detection_threshold=12), path)
    assert to_run(higher, fifty) == {"preview": 1}
    titled = mosaic(SCWS[:50], replace(IMAGE, title="Crab"), path)
    assert to_run(titled, fifty) == {"preview": 1}


def extracted(scws: Sequence[RawFile], path: Path, plan: ImagePlan = IMAGE) -> tuple[Step, Step]:
    """Spectra and light curves of the sources of these Science Windows' mosaic."""
    _, step, *_ = mosaic(scws, plan, path)
    found = FoundSources(step, path)
    spectral = ExtractionPlan("isgri", CRAB)
    timing = LightCurvePlan("isgri", CRAB, 20, 40, 100)
    return (
        ENGINE.summed_spectra(ENGINE.spectra(scws, found, CATALOGUE, spectral), found, spectral),
        ENGINE.joined_light_curves(
            ENGINE.light_curves(scws, found, CATALOGUE, timing), found, timing
        ),
    )


def test_spectra_and_light_curves_use_the_images_and_the_events(
    fifty: tuple[Step, ...], lists: Path
) -> None:
    spectra, curves = extracted(SCWS[:50], listed(lists, SCWS[:50]))
    assert to_run([spectra], fifty) == {"spectra": 50, "spectra_sum": 1}
    assert to_run([curves], fifty) == {"light_curves": 50, "light_curves_joined": 1}


def test_forty_nine_and_a_new_one_extract_the_new_ones_sources(
    fifty: tuple[Step, ...], lists: Path
) -> None:
    before = extracted(SCWS[:50], listed(lists, SCWS[:50]))
    after = extracted(SCWS[1:51], listed(lists, SCWS[1:51], 1))
    image = {**EACH, "mosaic": 1, "mosaic_sources": 1}
    for kind, joint, one in (
        ("spectra", "spectra_sum", 0),
        ("light_curves", "light_curves_joined", 1),
    ):
        counts = to_run([after[one]], (*fifty, before[one]))
        assert counts == {**image, kind: 1, joint: 1}
    new = extracted(SCWS[1:51], listed(lists, SCWS[1:51], 1, new=SCWS[49:51]))
    assert to_run(new, (*fifty, *before))["spectra"] == 2, "those that see the new source"


def test_an_image_in_another_band_with_the_same_sources_leaves_the_spectra(
    fifty: tuple[Step, ...], lists: Path
) -> None:
    before = extracted(SCWS[:50], listed(lists, SCWS[:50]))
    band = replace(IMAGE, e_min_kev=40, e_max_kev=80)
    after, _ = extracted(SCWS[:50], listed(lists, SCWS[:50], 7), band)
    counts = to_run([after], (*fifty, *before))
    assert counts["spectra"] == counts["events"] == 0
    assert counts["spectra_sum"] == 1


def test_other_data_under_the_same_name_run_all_that_comes_of_them(
    fifty: tuple[Step, ...], lists: Path
) -> None:
    changed = [raw(SCWS[0].label, "changed"), *SCWS[1:50]]
    counts = to_run(mosaic(changed, sources=listed(lists, changed)), fifty)
    assert counts == {**EACH, **JOINT, "clean": 1}


def test_another_catalogue_uses_what_does_not_read_it(fifty: tuple[Step, ...], lists: Path) -> None:
    other = raw("gnrl_refr_cat_0044.fits")
    images = [ENGINE.image(file, other, IMAGE) for file in SCWS[:50]]
    sources = listed(lists, SCWS[:50])
    counts = to_run(ENGINE.mosaic(images, other, IMAGE, sources).all(), fifty)
    # in which the sources are the same: so are the cleaned images, and their mosaic
    assert counts == {"sky_image": 50, **JOINT, "mosaic": 1}


def test_other_software_runs_all_again_and_leaves_the_old_results(
    fifty: tuple[Step, ...],
) -> None:
    def later(step: Step) -> Step:
        """The same graph as another version of the engine would plan it."""
        return Step(
            replace(step.kind, software=lambda: "another"),
            step.engine,
            step.parameters,
            {
                role: tuple(node if isinstance(node, RawFile) else later(node) for node in nodes)
                for role, nodes in step.inputs.items()
            },
            step.label,
        )

    three = mosaic(SCWS[:2])
    again = tuple(map(later, three))
    plan = plan_of(again, {step.identity for step in in_order(three)})
    assert plan.count(State.TO_RUN) == len(plan.states) == len(in_order(three))
