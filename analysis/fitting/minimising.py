"""The best parameters of a model and their errors, by chi-square.

Minuit (iminuit) varies the shape parameters and, instead of the normalisation, the photon flux in
the fitted range: normalisations at 1 keV, far below the range, hang on the shape so closely that a
minimiser loses its way. What is told are XSPEC's parameters, errors and covariance carried over.
"""

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
from iminuit import Minuit
from numpy.typing import NDArray
from scipy.stats import chi2 as chi2_distribution

from analysis.fitting.errors import FitNotConverged, TooFewChannels
from analysis.fitting.folding import FitData
from analysis.fitting.models import Model, Parameter, energy_photons
from analysis.fitting.results import FitResult, FittedBins, FittedParameter, Flux

Array = NDArray[np.float64]

_ERG_PER_KEV = 1.602176634e-9
_FLUX = "flux"


def fit(data: FitData, model: Model, e_min_kev: float, e_max_kev: float) -> FitResult:
    """Fit ``model`` to ``data`` and tell its fluxes from e_min_kev to e_max_kev.

    Raises `TooFewChannels` and `FitNotConverged`.
    """
    free = len(model.parameters) + 1
    if len(data.rate) <= free:
        raise TooFewChannels(
            f"{len(data.rate)} good bins lie between {e_min_kev:g} and {e_max_kev:g} keV;"
            f" {model.name} has {free} parameters and needs at least {free + 1}"
        )
    problem = _Problem(data, model, e_min_kev, e_max_kev)
    minuit = problem.minimised()
    shape = tuple(float(minuit.values[parameter.name]) for parameter in model.parameters)
    flux = float(minuit.values[_FLUX])
    if minuit.covariance is None:
        raise FitNotConverged("the errors can't be worked out: the minimum has no curvature")
    covariance = np.asarray(minuit.covariance, dtype=np.float64)
    messages = _limits(problem, model, shape)
    if data.without_events:
        messages.append(f"{data.without_events} bins without a single event are left out")
    if not minuit.accurate:
        messages.append("the covariance is not accurate: the errors are a rough estimate")
    rows: list[FittedParameter] = []
    for number, parameter in enumerate(model.parameters):
        minos = _minos(minuit, parameter.name)
        rows.append(
            FittedParameter(
                parameter.name,
                shape[number],
                math.sqrt(covariance[number, number]),
                parameter.unit,
                parameter.description,
                *minos,
            )
        )
    # (shape…, flux) → (shape…, norm), and → energy flux
    point = np.array([*shape, flux])
    told = _transformed(point, covariance, lambda p: np.array([*p[:-1], problem.norm(p)]))
    norm = problem.norm(point)
    rows.append(
        FittedParameter(
            *("norm", norm, math.sqrt(told[-1, -1]), model.norm_unit, model.norm_description)
        )
    )
    energy = _transformed(point, covariance, lambda p: np.array([problem.energy_flux(p)]))
    statistic, freedom = float(minuit.fval), len(data.rate) - free
    return FitResult(
        model=model.name,
        e_min_kev=e_min_kev,
        e_max_kev=e_max_kev,
        chi2=statistic,
        degrees_of_freedom=freedom,
        probability=float(chi2_distribution.sf(statistic, freedom)),
        parameters=tuple(rows),
        covariance=tuple(tuple(float(value) for value in row) for row in told),
        photon_flux=Flux(flux, math.sqrt(covariance[-1, -1]), "photon/(cm2.s)"),
        energy_flux=Flux(problem.energy_flux(point), math.sqrt(energy[0, 0]), "erg/(cm2.s)"),
        bins=FittedBins(
            *(
                tuple(float(value) for value in values)
                for values in (
                    *(data.e_low_kev, data.e_high_kev, data.rate, data.error),
                    problem.rates(point),
                )
            )
        ),
        calls=int(minuit.nfcn),
        messages=tuple(messages),
    )


class _Problem:
    """One model against one set of rates."""

    def __init__(self, data: FitData, model: Model, e_min_kev: float, e_max_kev: float) -> None:
        self._data = data
        self._model = model
        self._range = (e_min_kev, e_max_kev)
        self._scale = math.sqrt(e_min_kev * e_max_kev)

    def photons(self, shape: Sequence[float]) -> Array:
        """Photons per bin of the response for a flux of 1 in the range."""
        data = self._data
        with np.errstate(all="ignore"):
            photons = self._model.photons(data.photon_low_kev, data.photon_high_kev, shape)
            return np.asarray(photons / self._in_range(shape)[0])

    def rates(self, point: Sequence[float] | Array) -> Array:
        """count/s per bin for shape parameters and flux."""
        return self._data.fold(point[-1] * self.photons(tuple(point[:-1])))

    def chi2(self, *point: float) -> float:
        """Chi-square; large where the model has no numbers."""
        with np.errstate(all="ignore"):
            residuals = (self._data.rate - self.rates(point)) / self._data.error
            value = float(residuals @ residuals)
        return value if math.isfinite(value) else 1e30

    def limits(self, parameter: Parameter) -> tuple[float, float]:
        """Between which values a parameter is looked for."""
        return self._range if parameter.in_range else (parameter.lowest, parameter.highest)

    def norm(self, point: Sequence[float] | Array) -> float:
        """XSPEC's normalisation."""
        return float(point[-1]) / self._in_range(tuple(point[:-1]))[0]

    def energy_flux(self, point: Sequence[float] | Array) -> float:
        """erg/(cm2 s) in the range."""
        photons, energy = self._in_range(tuple(point[:-1]))
        return float(point[-1]) * energy / photons * _ERG_PER_KEV

    def minimised(self) -> Minuit:
        """Minuit at the minimum, its covariance known; raises `FitNotConverged`."""
        start = self._start()
        names = [parameter.name for parameter in self._model.parameters]
        minuit = Minuit(self.chi2, *start, name=[*names, _FLUX])
        minuit.errordef = Minuit.LEAST_SQUARES
        for parameter in self._model.parameters:
            minuit.limits[parameter.name] = self.limits(parameter)
            minuit.errors[parameter.name] = (
                0.05 * abs(minuit.values[parameter.name]) if parameter.unit else 0.1
            )
        minuit.errors[_FLUX] = 0.05 * abs(start[-1]) or 1e-6
        for strategy in (1, 2):
            minuit.strategy = strategy
            minuit.migrad(ncall=5000)
            if minuit.valid:
                break
        minuit.hesse()
        if not minuit.valid:
            raise FitNotConverged(f"{self._model.name}: {_reason(minuit)}; {_told(minuit)}")
        return minuit

    def _start(self) -> tuple[float, ...]:
        """The best of the model's starting shapes, each with the flux that suits it best."""
        best: tuple[float, tuple[float, ...]] | None = None
        weights = 1 / self._data.error**2
        for factors in product(*(parameter.starts for parameter in self._model.parameters)):
            shape = tuple(
                factor * self._scale if parameter.scaled else factor
                for factor, parameter in zip(factors, self._model.parameters, strict=True)
            )
            per_flux = self._data.fold(self.photons(shape))
            if not np.isfinite(per_flux).all() or not (per_flux > 0).any():
                continue
            flux = float((weights * per_flux) @ self._data.rate / ((weights * per_flux) @ per_flux))
            point = (*shape, flux)
            if best is None or self.chi2(*point) < best[0]:
                best = self.chi2(*point), point
        if best is None:
            raise FitNotConverged(f"{self._model.name}: the response counts no photon in the range")
        return best[1]

    def _in_range(self, shape: Sequence[float]) -> tuple[float, float]:
        return energy_photons(self._model, shape, *self._range)


def _minos(minuit: Minuit, name: str) -> tuple[float | None, float | None]:
    """How far down and up chi-square rises by one, positive; ``None`` where it doesn't."""
    try:
        minuit.minos(name)
    except RuntimeError:
        return None, None
    error = minuit.merrors[name]
    low = error.lower_valid and not error.at_lower_limit
    high = error.upper_valid and not error.at_upper_limit
    return -float(error.lower) if low else None, float(error.upper) if high else None


def _limits(problem: "_Problem", model: Model, shape: Sequence[float]) -> list[str]:
    """What to say of parameters that ran into their limits."""
    told = []
    for parameter, value in zip(model.parameters, shape, strict=True):
        lowest, highest = problem.limits(parameter)
        if min(value - lowest, highest - value) < 1e-3 * min(highest - lowest, abs(value) + 1e-3):
            told.append(
                f"{parameter.name} = {value:g} is at its limit: the data do not constrain it"
            )
    return told


def _transformed(point: Array, covariance: Array, change: Callable[[Array], Array]) -> Array:
    """The covariance of ``change(point)``, by its derivatives at the point."""
    columns = []
    for number, value in enumerate(point):
        # small against what the parameter varies by, and against itself where that is anything
        sigma = math.sqrt(covariance[number, number])
        step = min(1e-3 * sigma, 1e-3 * max(abs(value), 1.0)) or 1e-9
        forward, backward = point.copy(), point.copy()
        forward[number] += step
        backward[number] -= step
        columns.append((change(forward) - change(backward)) / (2 * step))
    jacobian = np.stack(columns, axis=1)
    return np.asarray(jacobian @ covariance @ jacobian.T)


def _reason(minuit: Minuit) -> str:
    minimum = minuit.fmin
    if minimum is None:
        return "no minimum was looked for"
    if minimum.has_reached_call_limit:
        return f"no minimum after {minuit.nfcn} evaluations"
    if minimum.is_above_max_edm:
        return "the minimum is not flat enough to be one"
    return "the minimiser found no valid minimum"


def _told(minuit: Minuit) -> str:
    """Where it stopped."""
    values = ", ".join(f"{name} = {minuit.values[name]:.4g}" for name in minuit.parameters)
    return f"it stopped at {values} with chi-square {minuit.fval:.4g}"
