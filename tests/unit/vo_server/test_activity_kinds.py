"""What steps tell of themselves, in the words of the provenance model."""

import pytest
from astropy.io.votable.ucd import check_ucd

from analysis.all_sky.steps import ALL_SKY
from analysis.engines.coded_mask_engine import ENGINE
from analysis.engines.osa_engine import ENGINE as OSA
from analysis.fitting.steps import FITTING
from analysis.steps import StepKind
from vo_server.activity_kinds import kinds_of_entities, kinds_of_jobs

KINDS = tuple(kind for engine in (ENGINE, OSA, FITTING, ALL_SKY) for kind in engine.kinds)
#: ProvenanceDM 1.0, tables 12 and 16.
WORK = {"Observation", "Simulation", "Reduction", "Calibration", "Reconstruction", "Selection",
        "Analysis"}  # fmt: skip
USES = {"Main", "Calibration", "Preview", "Setup", "Quality", "Log", "Context"}


def _read(kind: StepKind, **parameters: str | float) -> tuple[str, ...]:
    return tuple(file.path for file in kind.config_files if file.is_read(parameters))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_step_has_its_kind_of_work_its_roles_and_its_parameters(kind: StepKind) -> None:
    assert kind.work in WORK
    assert kind.takes
    for role in kind.takes:
        assert role.type in USES
        assert role.description
        assert role.multiplicity in ("1", "0..1", "1..*")
    for parameter in kind.parameters:
        assert parameter.description
        if parameter.ucd:
            assert check_ucd(parameter.ucd, check_controlled_vocabulary=True), parameter.ucd


def test_roles_are_of_kinds_of_entities_that_there_are() -> None:
    from analysis.jobs import job_types

    known = {entity.name for entity in kinds_of_entities(job_types)} | {k.name for k in KINDS}
    named = {entity for kind in KINDS for role in kind.takes for entity in role.entities}
    assert named <= known
    for kind in kinds_of_jobs(job_types, "1"):
        taken = {role.role for role in kind.usages}
        assert taken & {k.name for k in KINDS} or kind.name == "reproduce", kind.name


@pytest.mark.parametrize("instrument", ["isgri", "jemx1"])
@pytest.mark.parametrize("time_bin_s", [1.0, 1000.0])
def test_files_of_settings_that_steps_read_are_described(
    instrument: str, time_bin_s: float
) -> None:
    parameters = {"instrument": instrument, "time_bin_s": time_bin_s}
    for kind in KINDS:
        assert all(file.description for file in kind.config_files)
        assert bool(_read(kind, **parameters)) == bool(kind.config_files)


def test_osas_light_curves_name_the_settings_of_the_executables_that_they_call() -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "osa_light_curves")
    long = _read(kind, instrument="isgri", time_bin_s=1000.0)
    assert long == ("pfiles/og_create.par", "pfiles/ibis_science_analysis.par")
    short = _read(kind, instrument="isgri", time_bin_s=1.0)
    assert short == (*long, "pfiles/ii_light.par")
    jemx = _read(kind, instrument="jemx1", time_bin_s=1.0)
    assert jemx == ("pfiles/og_create.par", "pfiles/jemx_science_analysis.par")
