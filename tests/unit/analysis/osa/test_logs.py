"""OSA's words understood: lines that its users and the ODA's pipelines have recorded."""

import pickle

import pytest

from analysis.engines.osa import logs
from analysis.engines.osa.logs import failure, parse_log
from analysis.errors import (
    EfficiencyNotComputed,
    PossiblyWrongEnergyRange,
    ScWDataCorrupted,
)

BYTES = """
!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!
 Byteswapping is not being done correctly on this system.
!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!
Error_1: Can not create the observation group data structure! og_ibis.fits
Error_2: Task og_create terminating with status -1001
"""


def test_a_status_and_its_cause_are_told() -> None:
    log = parse_log(BYTES)
    assert log.failed
    assert log.statuses == (("og_create", -1001),)
    problem = failure(log, "og_create", 0, "010200210010.001")
    assert isinstance(problem, logs.OsaFailed)
    assert str(problem) == (
        "OsaFailed: Science Window 010200210010.001, step og_create: status -1001 of og_create:"
        " Can not create the observation group data structure! og_ibis.fits"
    )


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (
            "Log_0 ii_shadow_ubc: Verif8Bins           Status :          0 Bands error 2 in TIME"
            " bins",
            EfficiencyNotComputed,
        ),
        (
            "FATAL !! : ReadBkgUnifBin       Status :          0 Uncorrect Bckg        maps",
            PossiblyWrongEnergyRange,
        ),
        ("Error_1: Can not open the new scw", ScWDataCorrupted),
        ("ERR_ISGR_OSM_DATA_INCONSISTENCY", ScWDataCorrupted),
        ("Warning_1 MERGED_ISGRI: GTI_3 is not time coherent!", ScWDataCorrupted),
        ("No shd found of type BIN_I", logs.BinnedMapsNotComputed),
        ("J_SCW_NO_MINIMUM_DATA", logs.NoUsefulData),
        ("Element JMX2-SPEC-* was not found", logs.NoUsefulData),
        ("J_COR_BAD_GAINHISTDOL", logs.NoGainHistory),
        ("Could not solve gain history time-variation problem: -321122", logs.NoGainHistory),
        ("Error -35805 searching for source spectra in SWG", ScWDataCorrupted),
        ("bash: line 1: 4242 Segmentation fault (core dumped)", logs.OsaCrashed),
    ],
)
def test_what_is_known_of_osas_words_becomes_a_typed_failure(said, kind) -> None:
    text = f"{said}\nError_2: Task ibis_science_analysis terminating with status -1\n"
    problem = failure(parse_log(text), "ibis_science_analysis", 1, "010200210010.001")
    assert type(problem) is kind
    assert problem.science_window == "010200210010.001"
    assert type(pickle.loads(pickle.dumps(problem))) is kind  # noqa: S301  our own


def test_a_signal_is_a_failure_of_the_machine() -> None:
    problem = failure(parse_log("working"), "ii_light", -9)
    assert isinstance(problem, logs.OsaCrashed)
    assert problem.of_machine
    assert "signal 9" in str(problem)


def test_an_exit_status_without_words_is_told_as_such() -> None:
    assert "exit status 3" in str(failure(parse_log(""), "spe_pick", 3))


def test_folders_of_the_machine_are_not_told() -> None:
    log = parse_log(
        "Error_1: Can not read /data/ssd/tmp/osa7x/obs/vo/isgri_events.fits\n"
        "Warning_2: /srv/isdc/ic/ibis/mod/x.fits is old\nWarning_2: /srv/isdc/ic/ibis/mod/x.fits"
        " is old\n"
    )
    assert log.errors == ("Can not read isgri_events.fits",)
    assert log.warnings == ("x.fits is old",)


def test_a_good_log_is_no_failure() -> None:
    log = parse_log("Log_1 : Task ibis_science_analysis 5.8 terminating with status 0\n")
    assert not log.failed
    assert log.statuses == (("ibis_science_analysis", 0),)
