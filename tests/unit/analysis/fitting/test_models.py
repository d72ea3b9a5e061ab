"""XSPEC's models: their integrals, their normalisations, and gammapy's opinion of them."""

import math

import astropy.units as u
import numpy as np
import pytest
from gammapy_readers import models as gammapy
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from analysis.fitting.models import MODELS, energy_photons
from analysis.workflows.spectral_fit_parameters import SpectralFitParameters

EDGES = np.geomspace(5.0, 500.0, 40)
LOW, HIGH = EDGES[:-1], EDGES[1:]

#: What XSPEC's manual writes for norm = 1, photon/keV/cm2/s at E keV.
DEFINITIONS = {
    "powerlaw": ((2.1,), lambda e: e**-2.1),
    "bknpower": (
        (1.2, 70.0, 2.8),
        lambda e: e**-1.2 if e <= 70.0 else 70.0 ** (2.8 - 1.2) * e**-2.8,
    ),
    "cutoffpl": ((0.9, 45.0), lambda e: e**-0.9 * math.exp(-e / 45.0)),
    "bbody": ((12.0,), lambda e: 8.0525 * e**2 / (12.0**4 * math.expm1(e / 12.0))),
}


def test_the_job_offers_every_model() -> None:
    offered = SpectralFitParameters.model_fields["xspec_model"].annotation.__args__
    assert set(offered) == set(MODELS) == set(DEFINITIONS)


def test_parameters_have_xspecs_names() -> None:
    assert {name: [p.name for p in model.parameters] for name, model in MODELS.items()} == {
        "powerlaw": ["PhoIndex"],
        "bknpower": ["PhoIndx1", "BreakE", "PhoIndx2"],
        "cutoffpl": ["PhoIndex", "HighECut"],
        "bbody": ["kT"],
    }


@pytest.mark.parametrize("name", MODELS)
def test_the_photons_of_a_bin_are_the_integral_of_xspecs_definition(name) -> None:
    values, density = DEFINITIONS[name]
    photons = MODELS[name].photons(LOW, HIGH, values)
    expected = [
        quad(density, low, high, points=[70.0] if low < 70.0 < high else None, epsrel=1e-11)[0]
        for low, high in zip(LOW, HIGH, strict=True)
    ]
    np.testing.assert_allclose(photons, expected, rtol=1e-8)


@pytest.mark.parametrize("name", ["powerlaw", "bknpower", "cutoffpl"])
def test_gammapys_models_say_the_same(name) -> None:
    norm, at = 1 * u.Unit("keV-1 cm-2 s-1"), 1 * u.keV
    (values, _) = DEFINITIONS[name]
    theirs = {
        "powerlaw": lambda: gammapy.PowerLawSpectralModel(
            index=values[0], amplitude=norm, reference=at
        ),
        "bknpower": lambda: gammapy.BrokenPowerLawSpectralModel(
            index1=values[0],
            index2=values[-1],
            # gammapy's amplitude is at the break
            amplitude=norm * 70.0 ** -values[0],
            ebreak=70.0 * u.keV,
        ),
        "cutoffpl": lambda: gammapy.ExpCutoffPowerLawSpectralModel(
            index=values[0], amplitude=norm, reference=at, lambda_=1 / (values[-1] * u.keV)
        ),
    }[name]()
    fine = np.geomspace(30.0, 300.0, 20)
    expected = theirs.integral(fine[:-1] * u.keV, fine[1:] * u.keV).to_value("cm-2 s-1")
    ours = MODELS[name].photons(fine[:-1], fine[1:], values)
    # gammapy integrates the cutoff by trapezoids
    np.testing.assert_allclose(ours, expected, rtol=1e-3 if name == "cutoffpl" else 2e-4)


@given(index=st.floats(-3, 10), low=st.floats(1, 100), factor=st.floats(1.001, 10))
def test_a_power_law_adds_up_however_its_bins_are_cut(index, low, factor) -> None:
    edges = np.geomspace(low, low * factor, 9)
    parts = MODELS["powerlaw"].photons(edges[:-1], edges[1:], (index,)).sum()
    whole = MODELS["powerlaw"].photons(edges[:1], edges[-1:], (index,))[0]
    assert parts == pytest.approx(whole, rel=1e-9)


def test_an_index_of_one_has_its_limit() -> None:
    photons = MODELS["powerlaw"].photons(np.array([10.0]), np.array([20.0]), (1.0,))
    assert photons[0] == pytest.approx(math.log(2), rel=1e-12)


def test_photons_and_energy_of_a_range() -> None:
    photons, energy = energy_photons(MODELS["powerlaw"], (2.0,), 30.0, 300.0)
    assert photons == pytest.approx(1 / 30 - 1 / 300, rel=1e-9)
    assert energy == pytest.approx(math.log(10), rel=1e-5)


def test_a_black_body_holds_the_luminosity_of_its_normalisation() -> None:
    # norm is L39 / D10**2: 1e39 erg/s spread over a sphere of 10 kpc
    _, energy = energy_photons(MODELS["bbody"], (5.0,), 1e-3, 1e3)
    ten_kpc_cm = 3.0857e22
    expected = 1e39 / (4 * math.pi * ten_kpc_cm**2)
    # XSPEC's 8.0525 is a quarter of a per cent large
    assert energy * 1.602176634e-9 == pytest.approx(expected, rel=3e-3)
