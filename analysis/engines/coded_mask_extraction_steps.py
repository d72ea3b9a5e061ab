"""The steps of the engine ``coded_mask`` that give spectra and light curves.

events (mosaic_sources ┄) spectra ──────┐
events (mosaic_sources ┄) spectra ──────┴ spectra_sum

events (mosaic_sources ┄) light_curves ─┐
events (mosaic_sources ┄) light_curves ─┴ light_curves_joined

A Science Window's step is told as a parameter where the sources in its field are; the step that
joins them reads the mosaic's list, whose names it gives to new sources.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from analysis.engines.coded_mask import extraction, source_storage, storage, summing
from analysis.engines.coded_mask.targets import (
    from_parameter,
    nameless,
    targets,
    targets_from_parameter,
)
from analysis.engines.coded_mask_steps import OF_MANY, kind, number_of, telescope_of
from analysis.step_vocabulary import BAND, MANY, MAYBE, ONE, takes
from analysis.steps import Parameter, Report, StepInputs


def _spectra(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    extracted = extraction.spectra(
        storage.read_events(inputs.one("events")),
        targets_from_parameter(str(parameters["sources"])),
        telescope_of(parameters),
    )
    source_storage.write_spectra(output, extracted)


def _spectra_sum(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    names = _names(inputs, parameters, report)
    spectra = [
        replace(spectrum, name=names.get(spectrum.name, spectrum.name))
        for path in inputs.all("spectra")
        for spectrum in source_storage.read_spectra(path)
    ]
    source_storage.write_spectra(output, summing.summed_spectra(spectra))


def _light_curves(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    extracted = extraction.light_curves(
        storage.read_events(inputs.one("events")),
        targets_from_parameter(str(parameters["sources"])),
        telescope_of(parameters),
        e_min_kev=number_of(parameters["e_min_kev"]),
        e_max_kev=number_of(parameters["e_max_kev"]),
        time_bin_s=number_of(parameters["time_bin_s"]),
    )
    source_storage.write_light_curves(output, extracted)


def _light_curves_joined(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    names = _names(inputs, parameters, report)
    curves = [
        replace(curve, name=names.get(curve.name, curve.name))
        for path in inputs.all("light_curves")
        for curve in source_storage.read_light_curves(path)
    ]
    source_storage.write_light_curves(output, summing.joined_light_curves(curves))


def _names(
    inputs: StepInputs, parameters: Mapping[str, Parameter], report: Report
) -> Mapping[str, str]:
    """The names of new sources in the mosaic's list, by those that Science Windows know them by.

    Tells of sources that can't be told apart, once for all Science Windows.
    """
    found = [
        s for path in inputs.all("sources") for s in source_storage.read_modelled(path).sources
    ]
    chosen, messages = targets(
        from_parameter(str(parameters["wanted"])), found, telescope_of(parameters).camera()
    )
    for message in messages:
        report(message)
    return {nameless(target).name: target.name for target in chosen}


SPECTRA = kind(
    "spectra",
    "Spectra of all sources of one Science Window, fitted together in each channel.",
    _spectra,
    "spectra.fits",
    work="Reconstruction",
    takes=(takes("events", ONE, "events"),),
    parameters=("sources",),
)
SPECTRA_SUM = kind(
    "spectra_sum",
    "Mean spectrum of each source, weighted by the inverse variances of its rates.",
    _spectra_sum,
    "spectra_sum.fits",
    memory=OF_MANY,
    work="Reduction",
    takes=(takes("spectra", MANY, "spectra"), takes("sources", MAYBE, "mosaic_sources")),
    parameters=("wanted",),
)
LIGHT_CURVES = kind(
    "light_curves",
    "Light curves of all sources of one Science Window, fitted together in each time bin.",
    _light_curves,
    "light_curves.fits",
    work="Reconstruction",
    takes=(takes("events", ONE, "events"),),
    parameters=("sources", *BAND, "time_bin_s"),
)
LIGHT_CURVES_JOINED = kind(
    "light_curves_joined",
    "Light curve of each source over all Science Windows.",
    _light_curves_joined,
    "light_curves_joined.fits",
    memory=OF_MANY,
    work="Reduction",
    takes=(takes("light_curves", MANY, "light_curves"), takes("sources", MAYBE, "mosaic_sources")),
    parameters=("wanted",),
)
KINDS = (SPECTRA, SPECTRA_SUM, LIGHT_CURVES, LIGHT_CURVES_JOINED)
