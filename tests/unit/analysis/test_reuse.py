"""What the embedded engine's graphs have in common, counted: nothing is made twice.

Planned with files that don't exist: what a run would do is known before it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.engines.coded_mask_engine import ENGINE
from analysis.engines.protocol import ExtractionPlan, ImagePlan, LightCurvePlan
from analysis.planning import State, plan_of
from analysis.products.catalogue_source import CatalogueSource
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


def mosaic(scws: Sequence[RawFile], plan: ImagePlan = IMAGE) -> tuple[Step, ...]:
    images = [ENGINE.image(file, CATALOGUE, plan) for file in scws]
    return ENGINE.mosaic(images, CATALOGUE, plan).all()


def to_run(targets: Iterable[Step], done: Iterable[Step]) -> Counter[str]:
    """Steps that run for ``targets`` when all that ``done`` needed is cached, by kind."""
    cached = {step.identity for step in in_order(tuple(done))}
    return Counter(step.kind.name for step in plan_of(tuple(targets), cached).to_run)


@pytest.fixture(scope="module")
def fifty() -> tuple[Step, ...]:
    return mosaic(SCWS[:50])


def test_the_same_job_twice_runs_nothing(fifty: tuple[Step, ...]) -> None:
    assert to_run(mosaic(SCWS[:50]), fifty) == {}


def test_forty_nine_and_a_new_one_run_the_new_ones_steps_and_the_mosaics(
    fifty: tuple[Step, ...],
) -> None:
    """All are cleaned of the new mosaic's sources: that is part of making a mosaic."""
    assert to_run(mosaic(SCWS[1:51]), fifty) == {**EACH, **JOINT, "clean": 50}


def test_another_band_uses_the_events_again(fifty: tuple[Step, ...]) -> None:
    other = to_run(mosaic(SCWS[:50], replace(IMAGE, e_min_kev=40, e_max_kev=80)), fifty)
    assert other == {"shadowgram": 50, "sky_image": 50, "clean": 50, **JOINT}


def test_another_threshold_changes_only_what_is_told(fifty: tuple[Step, ...]) -> None:
    higher = mosaic(SCWS[:50], replace(IMAGE, detection_threshold=12))
    assert to_run(higher, fifty) == {"preview": 1}


def test_another_title_changes_only_the_picture(fifty: tuple[Step, ...]) -> None:
    assert to_run(mosaic(SCWS[:50], replace(IMAGE, title="Crab")), fifty) == {"preview": 1}


def test_spectra_and_light_curves_use_the_images_and_the_events(fifty: tuple[Step, ...]) -> None:
    _, sources, *_ = fifty
    plan = ExtractionPlan("isgri", CRAB)
    spectra = ENGINE.summed_spectra(
        [ENGINE.spectra(file, sources, CATALOGUE, plan) for file in SCWS[:50]]
    )
    assert to_run([spectra], fifty) == {"spectra": 50, "spectra_sum": 1}
    timing = LightCurvePlan("isgri", CRAB, 20, 40, 100)
    curves = ENGINE.joined_light_curves(
        [ENGINE.light_curves(file, sources, CATALOGUE, timing) for file in SCWS[:50]]
    )
    assert to_run([curves], fifty) == {"light_curves": 50, "light_curves_joined": 1}


def test_other_data_under_the_same_name_run_all_that_comes_of_them(
    fifty: tuple[Step, ...],
) -> None:
    changed = [raw(SCWS[0].label, "changed"), *SCWS[1:50]]
    assert to_run(mosaic(changed), fifty) == {**EACH, **JOINT, "clean": 50}


def test_another_catalogue_uses_what_does_not_read_it(fifty: tuple[Step, ...]) -> None:
    other = raw("gnrl_refr_cat_0044.fits")
    images = [ENGINE.image(file, other, IMAGE) for file in SCWS[:50]]
    counts = to_run(ENGINE.mosaic(images, other, IMAGE).all(), fifty)
    assert counts == {"sky_image": 50, "clean": 50, **JOINT}


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
