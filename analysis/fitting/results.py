"""What a fit found, and its forms: JSON, FITS, VOTable."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from analysis.products.fits_files import Card, write_fits

PARAMETERS_EXTENSION = "FIT-PARAMETERS"
COVARIANCE_EXTENSION = "FIT-COVARIANCE"
BINS_EXTENSION = "FIT-BINS"


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """A parameter's best value and errors of one standard deviation.

    error: from the curvature of chi-square (HESSE). error_low, error_high: how far below and above
    the value chi-square is larger by 1 (MINOS), positive; ``None`` where that can't be told.
    """

    name: str
    value: float
    error: float
    unit: str
    description: str
    error_low: float | None = None
    error_high: float | None = None


@dataclass(frozen=True, slots=True)
class Flux:
    """A flux of the best model in the fitted range, with its standard deviation."""

    value: float
    error: float
    unit: str


@dataclass(frozen=True, slots=True)
class FittedBins:
    """What was fitted: energies (keV), rates, errors and the folded model (count/s), bin by bin."""

    e_low_kev: tuple[float, ...]
    e_high_kev: tuple[float, ...]
    rate: tuple[float, ...]
    error: tuple[float, ...]
    model: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FitResult:
    """A finished fit.

    model: XSPEC's name. e_min_kev, e_max_kev: the range. chi2, degrees_of_freedom; probability: of
    a chi-square at least as large, if the model is true. covariance: of the parameters, in their
    order. calls: evaluations of chi-square. messages: what its reader has to know.
    """

    model: str
    e_min_kev: float
    e_max_kev: float
    chi2: float
    degrees_of_freedom: int
    probability: float
    parameters: tuple[FittedParameter, ...]
    covariance: tuple[tuple[float, ...], ...]
    photon_flux: Flux
    energy_flux: Flux
    bins: FittedBins
    calls: int
    messages: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> FittedParameter:
        """The parameter of that name; raises `KeyError`."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    @property
    def summary(self) -> str:
        """A line for people."""
        values = ", ".join(
            f"{p.name} = {p.value:.4g} ± {p.error:.2g}{' ' + p.unit if p.unit == 'keV' else ''}"
            for p in self.parameters
        )
        return f"{self.model}: {values}; chi-square {self.chi2:.1f} / {self.degrees_of_freedom}"

    def to_json(self, **more: Any) -> str:
        """As JSON; more: further members, which come first."""
        return json.dumps({**more, **asdict(self)}, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "FitResult":
        """What `to_json` wrote, without the further members."""
        read = json.loads(text)
        return cls(
            **{
                name: read[name]
                for name in ("model", "e_min_kev", "e_max_kev", "chi2", "degrees_of_freedom")
            },
            probability=read["probability"],
            parameters=tuple(FittedParameter(**item) for item in read["parameters"]),
            covariance=tuple(tuple(row) for row in read["covariance"]),
            photon_flux=Flux(**read["photon_flux"]),
            energy_flux=Flux(**read["energy_flux"]),
            bins=FittedBins(**{name: tuple(values) for name, values in read["bins"].items()}),
            calls=read["calls"],
            messages=tuple(read["messages"]),
        )


def write_fit(path: Path, result: FitResult, cards: Sequence[Card] = ()) -> None:
    """Write a fit as FITS: parameters, covariance, bins; the same arguments give the same bytes.

    cards: further keywords for every header.
    """
    names = [parameter.name for parameter in result.parameters]
    parameters = fits.BinTableHDU.from_columns(
        [
            fits.Column("PARAMETER", "16A", array=np.array(names)),
            *(
                fits.Column(
                    name.upper(),
                    "1D",
                    array=np.array(
                        [
                            np.nan if (value := getattr(p, name)) is None else value
                            for p in result.parameters
                        ]
                    ),
                )
                for name in ("value", "error", "error_low", "error_high")
            ),
            fits.Column("UNIT", "32A", array=np.array([p.unit for p in result.parameters])),
        ],
        name=PARAMETERS_EXTENSION,
    )
    covariance = fits.BinTableHDU.from_columns(
        [
            fits.Column("PARAMETER", "16A", array=np.array(names)),
            *(
                fits.Column(name, "1D", array=np.array([row[number] for row in result.covariance]))
                for number, name in enumerate(names)
            ),
        ],
        name=COVARIANCE_EXTENSION,
    )
    bins = fits.BinTableHDU.from_columns(
        [
            fits.Column(name, "1D", unit=unit, array=np.array(values))
            for name, unit, values in (
                ("E_MIN", "keV", result.bins.e_low_kev),
                ("E_MAX", "keV", result.bins.e_high_kev),
                ("RATE", "count/s", result.bins.rate),
                ("ERROR", "count/s", result.bins.error),
                ("MODEL", "count/s", result.bins.model),
            )
        ],
        name=BINS_EXTENSION,
    )
    hdus = [fits.PrimaryHDU(), parameters, covariance, bins]
    for hdu in hdus:
        for keyword, value, comment in (*fit_cards(result), *cards):
            hdu.header[keyword] = (value, comment)
    write_fits(path, hdus)


def fit_cards(result: FitResult) -> list[Card]:
    """Keywords that tell of a fit: instrument, model, goodness."""
    return [
        ("TELESCOP", "INTEGRAL", "Telescope or mission name"),
        ("MODEL", result.model, "Spectral model, as XSPEC names it"),
        ("STATISTI", "chi2", "Statistic that was minimised"),
        ("CHI2", result.chi2, "Chi-square of the best fit"),
        ("DOF", result.degrees_of_freedom, "Degrees of freedom"),
        ("PROB", result.probability, "Probability of a chi-square so large"),
        ("E_MIN", result.e_min_kev, "[keV] Lower limit of the fitted range"),
        ("E_MAX", result.e_max_kev, "[keV] Upper limit of the fitted range"),
        ("PFLUX", result.photon_flux.value, "[photon/(cm2.s)] Photon flux in the range"),
        ("PFLUXERR", result.photon_flux.error, "[photon/(cm2.s)] Its standard deviation"),
        ("EFLUX", result.energy_flux.value, "[erg/(cm2.s)] Energy flux in the range"),
        ("EFLUXERR", result.energy_flux.error, "[erg/(cm2.s)] Its standard deviation"),
    ]
