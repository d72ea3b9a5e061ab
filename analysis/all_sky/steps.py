"""The steps of light curves of SPI-ACS.

spi_acs_bins (each Science Window) ┬ spi_acs_light_curve → spi_acs_picture
                  …                 ┘
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from analysis.all_sky.picture import draw_rates
from analysis.all_sky.rebinning import Grid, joined, read_bins, rebinned, write_bins
from analysis.software import libraries_of
from analysis.step_vocabulary import GRID, MANY, ONE, known_parameters, takes
from analysis.steps import OF_PICTURES, Parameter, RawFile, Report, Step, StepInputs, StepKind

FITS = "application/fits"


def _rates(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    grid = grid_of(parameters)
    write_bins(output, rebinned(inputs.one("rates"), str(parameters["scw"]), grid))


def _light_curve(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_bins(output, joined([read_bins(path) for path in inputs.all("bins")]))


def _picture(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    draw_rates(
        output,
        read_bins(inputs.one("light_curve")),
        grid_of(parameters),
        notice=str(parameters["notice"]),
    )


def grid_of(parameters: Mapping[str, Parameter]) -> Grid:
    """The bins that a step's parameters describe; raises `TypeError`."""
    values = []
    for name in ("start_ijd", "stop_ijd", "time_bin_s"):
        value = parameters[name]
        if not isinstance(value, int | float):
            raise TypeError(f"{value!r} is no number")
        values.append(float(value))
    return Grid(*values)


RATES = StepKind(
    "spi_acs_bins",
    "1",
    "Counts of SPI-ACS in one Science Window, put together in bins of time.",
    _rates,
    "bins.fits",
    FITS,
    work="Reduction",
    takes=(takes("rates", ONE, "spi_acs_rates"),),
    parameters=known_parameters("scw", *GRID),
)
LIGHT_CURVE = StepKind(
    "spi_acs_light_curve",
    "1",
    "Counts of SPI-ACS of all Science Windows by bins of time.",
    _light_curve,
    "light_curve.fits",
    FITS,
    work="Reduction",
    takes=(takes("bins", MANY, "spi_acs_bins"),),
)
PICTURE = StepKind(
    "spi_acs_picture",
    "1",
    "Picture of count rates by time.",
    _picture,
    "light_curve.png",
    "image/png",
    tolerance=OF_PICTURES,
    work="Analysis",
    takes=(takes("light_curve", ONE, "spi_acs_light_curve"),),
    parameters=known_parameters("notice", *GRID),
)


class AllSky:
    """Plans light curves; told to the graph as the engines are, though no job chooses it."""

    name = "all_sky"
    preload = "analysis.all_sky.steps"
    kinds = (RATES, LIGHT_CURVE, PICTURE)

    @cached_property
    def libraries(self) -> Mapping[str, str]:
        """The numeric libraries and their versions."""
        return libraries_of(__name__)

    def rates(self, file: RawFile, grid: Grid) -> Step:
        """The step that bins the rates of one Science Window; its label is the ScW's."""
        parameters = {"scw": file.label, **_parameters(grid)}
        return Step(RATES, self.name, parameters, {"rates": (file,)}, file.label)

    def light_curve(self, rates: Sequence[Step]) -> Step:
        """The step that joins the Science Windows."""
        label = f"of {len(rates)} Science Windows"
        return Step(LIGHT_CURVE, self.name, {}, {"bins": tuple(rates)}, label)

    def picture(self, light_curve: Step, grid: Grid, notice: str) -> Step:
        """The step that draws a light curve."""
        parameters = {"notice": notice, **_parameters(grid)}
        inputs = {"light_curve": (light_curve,)}
        return Step(PICTURE, self.name, parameters, inputs, light_curve.label)


def _parameters(grid: Grid) -> dict[str, Parameter]:
    return {"start_ijd": grid.start_ijd, "stop_ijd": grid.stop_ijd, "time_bin_s": grid.bin_s}


ALL_SKY = AllSky()
