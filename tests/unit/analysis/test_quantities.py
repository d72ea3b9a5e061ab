"""Quantities as parameters: the unit that they are given in changes nothing."""

import math
from dataclasses import replace

import numpy as np
import pytest
from astropy import units as u
from hypothesis import given
from hypothesis import strategies as st
from tiny_engine import ADD

from analysis.steps import Parameter, Step, StepKind
from provenance.descriptions import KindOfParameter


def _with_units(**units: str) -> StepKind:
    return replace(
        ADD, parameters=tuple(KindOfParameter(n, "double", unit) for n, unit in units.items())
    )


BAND = _with_units(e_min="keV", edges="keV", time_bin="s", ra="deg", rate="count/s")


def _step(**parameters: object) -> Step:
    return Step(BAND, "tiny", parameters, {})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("plain", "quantity"),
    [
        ({"e_min": 20}, {"e_min": 20 * u.keV}),
        ({"e_min": 20}, {"e_min": 20000 * u.eV}),
        ({"e_min": 30.3}, {"e_min": 30300 * u.eV}),
        ({"e_min": 30.3}, {"e_min": np.float64(0.0303) * u.MeV}),
        ({"time_bin": 100}, {"time_bin": 100000 * u.ms}),
        ({"time_bin": 100.5}, {"time_bin": 100.5 / 3600 * u.hour}),
        ({"ra": 83.633}, {"ra": 83.633 * 60 * u.arcmin}),
        ({"edges": (20, 40.5)}, {"edges": [20000, 40500] * u.eV}),
        ({"edges": (20, 40.5)}, {"edges": [20.0, 40.5] * u.keV}),
        ({"rate": 1.5}, {"rate": 90 * u.count / u.min}),
    ],
)
def test_the_unit_that_a_value_is_given_in_does_not_matter(plain: dict, quantity: dict) -> None:
    assert _step(**plain).identity == _step(**quantity).identity
    assert _step(**plain).parameters == _step(**quantity).parameters


@given(st.integers(min_value=1, max_value=10**9), st.integers(min_value=0, max_value=6))
def test_no_decimal_fraction_is_lost_by_converting(digits: int, places: int) -> None:
    kev = float(f"{digits}e-{places}")
    for unit in (u.eV, u.MeV, u.GeV):
        converted = (kev * u.keV).to(unit)
        assert _step(e_min=converted).identity == _step(e_min=kev).identity


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_a_value_in_the_declared_unit_is_kept_to_the_last_digit(value: float) -> None:
    assert _step(e_min=value * u.keV).identity == _step(e_min=value).identity
    following = math.nextafter(value, math.inf)
    assert _step(e_min=following * u.keV) != _step(e_min=value * u.keV)


@given(st.floats(min_value=1e-3, max_value=1e6), st.floats(min_value=1e-3, max_value=1e6))
def test_values_that_differ_visibly_stay_apart_in_any_unit(one: float, other: float) -> None:
    if abs(one - other) > 1e-12 * max(one, other):
        assert _step(e_min=one * 1000 * u.eV) != _step(e_min=other * 1000 * u.eV)


def test_another_declared_unit_is_another_identity() -> None:
    in_ev = _with_units(e_min="eV")
    assert _step(e_min=20) != Step(in_ev, "tiny", {"e_min": 20}, {})


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"e_min": 20 * u.s}, "e_min: .* can't be converted to keV"),
        ({"plus": 20 * u.keV}, "plus: .* declares none"),
        ({"e_min": math.nan * u.eV}, "finite"),
        ({"edges": [[1, 2], [3, 4]] * u.keV}, "edges: "),
    ],
)
def test_a_unit_that_makes_no_sense_is_refused(parameters: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        _step(**parameters)


def test_the_steps_function_sees_plain_numbers() -> None:
    seen: dict[str, Parameter] = dict(_step(e_min=30300 * u.eV).parameters)
    assert seen == {"e_min": 30.3}
    assert type(seen["e_min"]) is float
