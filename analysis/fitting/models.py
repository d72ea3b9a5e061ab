"""Spectral models with XSPEC's names, parameters and normalisations.

A model gives the photons (photon/cm2/s) between two energies (keV), for a normalisation of 1. The
definitions are those of XSPEC's manual (additive models ``powerlaw``, ``bknpower``, ``cutoffpl``,
``bbody``); `norm` multiplies them: photon/keV/cm2/s at 1 keV for the first three.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(6)
#: Exponents beyond this are no photons any more.
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that shapes a model.

    name: XSPEC's. unit: VOUnits, empty for a number. lowest, highest: hard limits; a parameter
    that means something within the fitted energies alone (``in_range``) stays between these.
    starts: values to begin a search at; where they scale with the energies fitted, factors of the
    geometric mean of the range (``scaled``).
    """

    name: str
    unit: str
    description: str
    lowest: float
    highest: float
    starts: tuple[float, ...]
    scaled: bool = False
    in_range: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """A model: its name and shape parameters, and its photons for norm = 1.

    photons: of energies ``low``, ``high`` (keV, ascending arrays of one length) and the values of
    the parameters, the integral between the energies. norm_unit, norm_description: of what
    multiplies it.
    """

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    photons: Callable[[Array, Array, Sequence[float]], Array]
    norm_unit: str
    norm_description: str


def _power(low: Array, high: Array, index: float) -> Array:
    """The integral of E**-index."""
    slope = 1.0 - index
    ratio = np.log(high / low)
    # (high**slope - low**slope) / slope, with its limit where slope is 0
    return np.asarray(low**slope * ratio * _expm1_over(slope * ratio))


def _expm1_over(x: Array) -> Array:
    small = np.abs(x) < 1e-8
    return np.where(small, 1.0 + x / 2, np.expm1(x) / np.where(small, 1.0, x))


def _numerically(low: Array, high: Array, density: Callable[[Array], Array]) -> Array:
    """The integral of a smooth density, by Gauss's rule of 6 points in the energy's logarithm."""
    middle, half = np.log(high * low) / 2, np.log(high / low) / 2
    energies = np.exp(middle[:, None] + half[:, None] * _NODES[None, :])
    return np.asarray((density(energies) * energies) @ _WEIGHTS * half)


def _powerlaw(low: Array, high: Array, values: Sequence[float]) -> Array:
    (index,) = values
    return _power(low, high, index)


def _bknpower(low: Array, high: Array, values: Sequence[float]) -> Array:
    index_1, break_kev, index_2 = values
    below = _power(np.minimum(low, break_kev), np.minimum(high, break_kev), index_1)
    above = _power(np.maximum(low, break_kev), np.maximum(high, break_kev), index_2)
    return np.asarray(below + np.exp((index_2 - index_1) * np.log(break_kev)) * above)


def _cutoffpl(low: Array, high: Array, values: Sequence[float]) -> Array:
    index, fold_kev = values
    return _numerically(low, high, lambda e: e**-index * np.exp(-e / fold_kev))


def _bbody(low: Array, high: Array, values: Sequence[float]) -> Array:
    (kt,) = values

    def density(energy: Array) -> Array:
        x = np.minimum(energy / kt, _LARGEST_EXPONENT)
        return np.asarray(8.0525 * energy**2 / kt**4 / np.expm1(x))

    return _numerically(low, high, density)


_AT_1_KEV = "photon/(keV.cm2.s)", "Photons per keV, cm2 and second at 1 keV"
_INDICES = (-0.5, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.5)


def _index(name: str, description: str, starts: tuple[float, ...] = _INDICES) -> Parameter:
    # XSPEC's hard limits
    return Parameter(name, "", description, -3.0, 10.0, starts)


MODELS = {
    model.name: model
    for model in (
        Model(
            "powerlaw",
            "Power law: norm E**-PhoIndex",
            (_index("PhoIndex", "Photon index"),),
            _powerlaw,
            *_AT_1_KEV,
        ),
        Model(
            "bknpower",
            "Broken power law: norm E**-PhoIndx1 below BreakE, steady there, E**-PhoIndx2 above",
            (
                _index("PhoIndx1", "Photon index below the break", (0.5, 1.5, 2.0, 3.0)),
                Parameter(
                    *("BreakE", "keV", "Energy of the break", 1e-3, 1e6),
                    (0.5, 0.8, 1.2, 2.0),
                    scaled=True,
                    in_range=True,
                ),
                _index("PhoIndx2", "Photon index above the break", (1.0, 2.0, 2.5, 3.5, 5.0)),
            ),
            _bknpower,
            *_AT_1_KEV,
        ),
        Model(
            "cutoffpl",
            "Power law with an exponential cutoff: norm E**-PhoIndex exp(-E/HighECut)",
            (
                _index("PhoIndex", "Photon index", (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.5)),
                Parameter(
                    *("HighECut", "keV", "e-folding energy", 0.1, 1e4),
                    (0.1, 0.2, 0.4, 0.8, 1.6, 4.0, 16.0),
                    scaled=True,
                ),
            ),
            _cutoffpl,
            *_AT_1_KEV,
        ),
        Model(
            "bbody",
            "Black body: norm 8.0525 E**2 / (kT**4 (exp(E/kT) - 1))",
            (
                Parameter(
                    *("kT", "keV", "Temperature", 1e-2, 200.0),
                    (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0),
                    scaled=True,
                ),
            ),
            _bbody,
            "",
            "Luminosity in 1e39 erg/s over the square of the distance in 10 kpc",
        ),
    )
}


def energy_photons(
    model: Model, values: Sequence[float], e_min_kev: float, e_max_kev: float
) -> tuple[float, float]:
    """Photons (photon/cm2/s) and energy (keV/cm2/s) between two energies, for norm = 1.

    In 1000 steps of the energy's logarithm, each with its photons at their mean energy; the error
    of that is below 1e-5 of the energy.
    """
    edges = np.geomspace(e_min_kev, e_max_kev, 1001)
    with np.errstate(all="ignore"):
        photons = model.photons(edges[:-1], edges[1:], values)
    middle = np.sqrt(edges[:-1] * edges[1:])
    return float(photons.sum()), float((photons * middle).sum())
