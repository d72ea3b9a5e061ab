"""The steps of a spectral fit: the fit itself, and its picture."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from analysis.fitting.folding import fit_data
from analysis.fitting.minimising import fit
from analysis.fitting.models import MODELS
from analysis.fitting.picture import draw_fit
from analysis.fitting.results import FitResult
from analysis.products.responses import read_ancillary_response, read_redistribution_matrix
from analysis.products.spectrum import read_spectrum
from analysis.software import libraries_of
from analysis.step_vocabulary import BAND, MAYBE, ONE, known_parameters, takes
from analysis.steps import (
    OF_PICTURES,
    Parameter,
    RawFile,
    Report,
    Step,
    StepInputs,
    StepKind,
    Tolerance,
)


def _fit(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    spectrum = read_spectrum(inputs.one("spectrum"))
    ancillary = [read_ancillary_response(path) for path in inputs.all("arf")]
    low, high = _number(parameters["e_min_kev"]), _number(parameters["e_max_kev"])
    data = fit_data(
        spectrum,
        ancillary[0] if ancillary else None,
        read_redistribution_matrix(inputs.one("rmf")),
        low,
        high,
    )
    result = fit(data, MODELS[str(parameters["model"])], low, high)
    for message in result.messages:
        report(message)
    text = result.to_json(source=spectrum.source.name, instrument=spectrum.detector.obscore_name)
    output.write_text(text, encoding="utf-8")


def _picture(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    draw_fit(
        output,
        FitResult.from_json(inputs.one("fit").read_text(encoding="utf-8")),
        title=str(parameters["title"]),
        notice=str(parameters["notice"]),
    )


def _number(value: Parameter) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


FIT = StepKind(
    "spectral_fit",
    "1",
    "A model's parameters that fit a spectrum best by chi-square, with errors and covariance.",
    _fit,
    "spectral_fit.json",
    "application/json",
    tolerance=Tolerance(relative=1e-3),
    work="Analysis",
    takes=(
        takes("spectrum", ONE, "spectrum"),
        takes("rmf", ONE, "rmf"),
        takes("arf", MAYBE, "arf"),
    ),
    parameters=known_parameters("model", *BAND),
)
FIT_PICTURE = StepKind(
    "spectral_fit_picture",
    "1",
    "Picture of a fit with its residuals.",
    _picture,
    "spectral_fit.png",
    "image/png",
    tolerance=OF_PICTURES,
    work="Analysis",
    takes=(takes("fit", ONE, "spectral_fit"),),
    parameters=known_parameters("title", "notice"),
)


class Fitting:
    """Plans fits; told to the graph as the engines are, though no job chooses it."""

    name = "fitting"
    preload = "analysis.fitting.steps"
    kinds = (FIT, FIT_PICTURE)

    @cached_property
    def libraries(self) -> Mapping[str, str]:
        """The numeric libraries and their versions."""
        return libraries_of(__name__)

    def fit(
        self,
        spectrum: RawFile,
        matrix: RawFile,
        ancillary: RawFile | None,
        model: str,
        e_min_kev: float,
        e_max_kev: float,
    ) -> Step:
        """The step that fits ``model`` between two energies (keV)."""
        inputs: dict[str, tuple[RawFile, ...]] = {"spectrum": (spectrum,), "rmf": (matrix,)}
        if ancillary is not None:
            inputs["arf"] = (ancillary,)
        parameters: dict[str, Parameter] = {
            "model": model,
            "e_min_kev": e_min_kev,
            "e_max_kev": e_max_kev,
        }
        return Step(FIT, self.name, parameters, inputs, spectrum.label)

    def picture(self, fitted: Step, title: str, notice: str) -> Step:
        """The step that draws a fit."""
        parameters = {"title": title, "notice": notice}
        return Step(FIT_PICTURE, self.name, parameters, {"fit": (fitted,)}, fitted.label)


FITTING = Fitting()
