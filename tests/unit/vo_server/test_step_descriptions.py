"""What is told of steps agrees with the steps."""

import pytest
from astropy.io.votable.ucd import check_ucd

from analysis.all_sky.steps import ALL_SKY
from analysis.engines.coded_mask_engine import ENGINE
from analysis.engines.osa_engine import ENGINE as OSA
from analysis.fitting.steps import FITTING
from analysis.steps import StepKind
from vo_server.activity_kinds import kinds_of_entities
from vo_server.step_descriptions import (
    config_files_of,
    parameters_of,
    usages_of,
    usages_of_job,
    work_of,
)

KINDS = tuple(kind for engine in (ENGINE, OSA, FITTING, ALL_SKY) for kind in engine.kinds)
#: ProvenanceDM 1.0, tables 12 and 16.
WORK = {"Observation", "Simulation", "Reduction", "Calibration", "Reconstruction", "Selection",
        "Analysis"}  # fmt: skip
USES = {"Main", "Calibration", "Preview", "Setup", "Quality", "Log", "Context"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_step_has_its_kind_of_work_its_roles_and_its_parameters(kind: StepKind) -> None:
    assert work_of(kind) in WORK
    usages = usages_of(kind)
    assert usages
    for role in usages:
        assert role.type in USES
        assert role.description
        assert role.multiplicity in ("1", "0..1", "1..*")
    parameters = {parameter.name: parameter for parameter in parameters_of(kind)}
    assert {"engine", "software_digest"} <= set(parameters)
    for name, unit in kind.units.items():
        if name in parameters:
            assert parameters[name].unit == unit
    assert all(parameter.description for parameter in parameters.values())
    for parameter in parameters.values():
        if parameter.ucd:
            assert check_ucd(parameter.ucd, check_controlled_vocabulary=True), parameter.ucd


def test_roles_are_of_kinds_of_entities_that_there_are() -> None:
    from analysis.jobs import job_types

    known = {entity.name for entity in kinds_of_entities(job_types)} | {k.name for k in KINDS}
    named = {entity for kind in KINDS for role in usages_of(kind) for entity in role.entities}
    assert named <= known
    for job_type in job_types:
        if job_type.name != "reproduce":
            assert usages_of_job(job_type.name, KINDS), job_type.name


def test_a_sites_own_step_has_the_units_that_it_declares() -> None:
    own = StepKind("own", "1", "Own", lambda *_: None, "own.fits", "application/fits",
                   software=lambda: "", units={"width": "arcmin"})  # fmt: skip
    assert work_of(own) is None
    assert usages_of(own) == ()
    assert {p.name: p.unit for p in parameters_of(own)}["width"] == "arcmin"


@pytest.mark.parametrize("instrument", ["isgri", "jemx1"])
@pytest.mark.parametrize("time_bin_s", [1.0, 1000.0])
def test_files_of_settings_that_steps_read_are_described(
    instrument: str, time_bin_s: float
) -> None:
    for kind in KINDS:
        read = kind.config_files({"instrument": instrument, "time_bin_s": time_bin_s})
        described = {file.name for file in config_files_of(kind)}
        assert {path.rpartition("/")[2] for path in read} <= described
        assert bool(described) == bool(read)


def test_osas_light_curves_name_the_settings_of_the_executables_that_they_call() -> None:
    (kind,) = (kind for kind in KINDS if kind.name == "osa_light_curves")
    long = kind.config_files({"instrument": "isgri", "time_bin_s": 1000.0})
    assert long == ("pfiles/og_create.par", "pfiles/ibis_science_analysis.par")
    short = kind.config_files({"instrument": "isgri", "time_bin_s": 1.0})
    assert short == (*long, "pfiles/ii_light.par")
    jemx = kind.config_files({"instrument": "jemx1", "time_bin_s": 1.0})
    assert jemx == ("pfiles/og_create.par", "pfiles/jemx_science_analysis.par")
