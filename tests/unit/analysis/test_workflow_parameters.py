"""What a client may send to ``isgri_image``, and what it is told."""

import pytest

from analysis.workflows.isgri_parameters import IsgriImageParameters
from uws.errors import InvalidParametersError
from uws.parameters import check, check_what_is_there, describe

SCW = "010200210010.001"


def given(**values: str | tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {k: (v,) if isinstance(v, str) else v for k, v in values.items()}


def test_defaults_are_those_of_the_online_data_analysis() -> None:
    parameters = check(IsgriImageParameters, given(scw_list=SCW))
    assert (parameters.e_min_kev, parameters.e_max_kev) == (20, 40)
    assert parameters.detection_threshold == 7
    assert parameters.radius == 15
    assert parameters.max_pointings == 50
    assert parameters.publish


@pytest.mark.parametrize(
    "sent",
    [
        (f"{SCW},010200220010.001",),
        (SCW, "010200220010.001"),
        (f"['{SCW}', '010200220010.001']",),
    ],
)
def test_science_windows_come_repeated_or_in_one_string(sent: tuple[str, ...]) -> None:
    parameters = check(IsgriImageParameters, given(scw_list=sent))
    assert parameters.scw_list == [SCW, "010200220010.001"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"scw_list": "0102"}, "scw_list"),
        ({"E1_keV": "40", "E2_keV": "20"}, "lower energy 40 keV must be below"),
        (
            {"E1_keV": "5"},
            "PossiblyWrongEnergyRange: The lower energy 5 keV is outside ISGRI's range",
        ),
        (
            {"E1_keV": "20.3"},
            "FractionalEnergyBinsNotAllowed: The lower energy 20.3 keV is no multiple of 0.5",
        ),
        ({"E1_keV": "nan"}, "E1_keV"),
        ({"RA": "NaN", "DEC": "22"}, "RA"),
        ({"RA": "83", "DEC": "inf"}, "DEC"),
        ({"RA": "83", "DEC": "122"}, "DEC"),
        ({"T1": "2003-13-01T00:00:00"}, "T1: '2003-13-01T00:00:00' is not a time"),
        ({"T1": "2003-02-01T00:00:00", "T2": "2003-01-01T00:00:00"}, "T1: must be before T2"),
        ({"T_format": "no_such_format"}, "T_format"),
        ({"max_pointings": "2001"}, "max_pointings"),
        ({"engine": "magic"}, "engine"),
        ({"detection_threshold": "-1"}, "detection_threshold"),
    ],
)
def test_a_wrong_value_is_refused_with_its_name(values: dict[str, str], said: str) -> None:
    with pytest.raises(InvalidParametersError):
        check_what_is_there(IsgriImageParameters, given(**values))
    with pytest.raises(InvalidParametersError) as told:
        check(IsgriImageParameters, given(**{"scw_list": SCW, **values}))
    assert said in told.value.message


def test_what_is_missing_is_told_only_when_the_job_is_to_run() -> None:
    check_what_is_there(IsgriImageParameters, {})
    check_what_is_there(IsgriImageParameters, given(RA="83.6"))
    with pytest.raises(InvalidParametersError, match="give scw_list, or a position"):
        check(IsgriImageParameters, {})
    with pytest.raises(InvalidParametersError, match="RA, DEC: give both"):
        check(IsgriImageParameters, given(RA="83.6"))


def test_times_are_read_in_the_format_that_the_client_names() -> None:
    mjd = check(IsgriImageParameters, given(scw_list=SCW, T1="52850", T2="52851.5", T_format="mjd"))
    iso = check(
        IsgriImageParameters,
        given(scw_list=SCW, T1="2003-07-30T00:00:00", T2="2003-07-31T12:00:00"),
    )
    assert mjd.period == pytest.approx(iso.period)


def test_every_parameter_is_described() -> None:
    described = {p.name: p for p in describe(IsgriImageParameters)}
    assert described["E1_keV"].unit == "keV"
    assert described["RA"].ucd == "pos.eq.ra"
    assert all(p.description for p in described.values())
