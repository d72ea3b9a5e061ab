"""The steps of the engine ``osa`` that give spectra and light curves.

scw → osa_spectra … → osa_spectra_sum        scw → osa_light_curves … → osa_light_curves_join
"""

from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits

from analysis.engines.osa import commands
from analysis.engines.osa.groups import write_catalogue
from analysis.engines.osa.observation_group import (
    ObservationGroup,
    band_of,
    catalogue_sources,
    number_of,
    observation_group,
)
from analysis.engines.osa_steps import (
    ANALYSIS,
    CATALOGUE_ROLE,
    EVENTS,
    FOUND,
    GROUP,
    KEPT,
    MEMORY,
    TAR,
    TOLERANCE,
    OsaSoftware,
    is_ibis,
    is_jemx,
    settings_of,
)
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.source_list import read_source_list
from analysis.step_vocabulary import BAND, MANY, known_parameters, takes
from analysis.steps import Parameter, Report, StepInputs, StepKind

#: The sources to extract, in a Science Window's group.
_TO_EXTRACT = "specat.fits"


def _spectra(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    with observation_group(inputs, parameters, output.parent, report) as group:
        _to_extract(group, inputs, parameters)
        if group.instrument.number:
            group.call(commands.j_rebin_rmf(group.instrument, group.site))
        group.call(commands.spectra(group.instrument, group.site, _TO_EXTRACT))
        group.keep(KEPT, output)


def _spectra_sum(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    with observation_group(inputs, parameters, output.parent, report) as group:
        group.lay_out(inputs.all("spectra"))
        names = _source_names(group, parameters)
        for number, name in enumerate(names, start=1):
            group.call(commands.spe_pick(group.instrument, name, number))
        _give_matrices(group, len(names))
        patterns = ("source*_pha.fits", "source*_arf.fits", "source*_rmf.fits")
        group.keep(patterns, output, windows=group.windows)


def _light_curves(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    time_bin_s = number_of(parameters["time_bin_s"])
    band = band_of(parameters)
    with observation_group(inputs, parameters, output.parent, report) as group:
        instrument, site = group.instrument, group.site
        _to_extract(group, inputs, parameters)
        if _has_short_bins(parameters):
            # ii_light needs the pixel illumination that the spectra's level leaves, and the
            # background maps of the images' in the same band
            group.call(commands.image(instrument, site, band))
            group.call(commands.spectra(instrument, site, _TO_EXTRACT))
            group.call(commands.ii_light(group.windows[0], band, time_bin_s))
        else:
            group.call(commands.light_curves(instrument, site, _TO_EXTRACT, band, time_bin_s))
        group.keep(KEPT, output)


def _light_curves_join(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    band = band_of(parameters)
    with observation_group(inputs, parameters, output.parent, report) as group:
        group.lay_out(inputs.all("light_curves"))
        for number, name in enumerate(_source_names(group, parameters), start=1):
            group.call(commands.lc_pick(group.instrument, name, number, band))
        group.keep(("source*_lc.fits",), output, windows=group.windows)


def _source_names(group: ObservationGroup, parameters: Mapping[str, Parameter]) -> list[str]:
    """Names of the sources that the group has results of, those wanted first."""
    group.call(commands.src_collect(group.instrument))
    with fits.open(group.folder / "sources.fits", memmap=False) as hdus:
        found = list(dict.fromkeys(str(name).strip() for name in hdus[1].data["NAME"]))
    wanted = [source.name for source in catalogue_sources(parameters, "wanted")]
    return [name for name in wanted if name in found] + [n for n in found if n not in wanted]


def _give_matrices(group: ObservationGroup, count: int) -> None:
    """Lay the group's redistribution matrix beside each spectrum that has none of its own."""
    instrument = group.instrument
    name = (
        f"{instrument.short}_rebinned_rmf.fits" if instrument.number else "isgr_rmf_ebds_*_rbn.fits"
    )
    matrices = sorted(group.folder.glob(name))
    for number in range(1, count + 1):
        own = group.folder / f"source{number}_rmf.fits"
        if not own.exists() and matrices:
            own.write_bytes(matrices[0].read_bytes())


def _to_extract(
    group: ObservationGroup, inputs: StepInputs, parameters: Mapping[str, Parameter]
) -> None:
    """Write the catalogue of the sources to extract: those wanted, then those found."""
    chosen = {source.name: source for source in catalogue_sources(parameters, "wanted")}
    for path in inputs.all("sources"):
        for found in read_source_list(path):
            chosen.setdefault(found.name, CatalogueSource(found.name, found.ra, found.dec))
    write_catalogue(group.folder / _TO_EXTRACT, group.instrument, list(chosen.values()))


def _has_short_bins(parameters: Mapping[str, Parameter]) -> bool:
    return (
        is_ibis(parameters)
        and number_of(parameters["time_bin_s"]) < commands.SHORTEST_STANDARD_BIN_S
    )


_WANTED = ("wanted", "wanted_positions")
_SOFTWARE = OsaSoftware(__name__)

SPECTRA = StepKind(
    "osa_spectra",
    "1",
    "OSA's spectra of sources in one Science Window: levels COR to SPE.",
    _spectra,
    "osa_spectra.tar",
    TAR,
    _SOFTWARE,
    tolerance=TOLERANCE,
    memory=MEMORY,
    expected_seconds=900,
    work="Reconstruction",
    takes=(EVENTS, CATALOGUE_ROLE, FOUND),
    parameters=known_parameters("scw", "instrument", *_WANTED),
    config_files=(GROUP, settings_of("j_rebin_rmf", is_jemx), *ANALYSIS),
)
SPECTRA_SUM = StepKind(
    "osa_spectra_sum",
    "1",
    "Spectra summed over Science Windows by spe_pick.",
    _spectra_sum,
    "spectra.tar",
    TAR,
    _SOFTWARE,
    tolerance=TOLERANCE,
    memory=MEMORY,
    expected_seconds=60,
    work="Reduction",
    takes=(takes("spectra", MANY, "osa_spectra"),),
    parameters=known_parameters("windows", "instrument", *_WANTED),
    config_files=(GROUP, settings_of("src_collect"), settings_of("spe_pick")),
)
LIGHT_CURVES = StepKind(
    "osa_light_curves",
    "1",
    "OSA's light curves of sources in one Science Window: level LCR, or ii_light for short bins.",
    _light_curves,
    "osa_light_curves.tar",
    TAR,
    _SOFTWARE,
    tolerance=TOLERANCE,
    memory=MEMORY,
    expected_seconds=1800,
    work="Reconstruction",
    takes=(EVENTS, CATALOGUE_ROLE, FOUND),
    parameters=known_parameters("scw", "instrument", *_WANTED, *BAND, "time_bin_s"),
    config_files=(GROUP, *ANALYSIS, settings_of("ii_light", _has_short_bins)),
)
LIGHT_CURVES_JOIN = StepKind(
    "osa_light_curves_join",
    "1",
    "Light curves joined over Science Windows by lc_pick.",
    _light_curves_join,
    "light_curves.tar",
    TAR,
    _SOFTWARE,
    tolerance=TOLERANCE,
    memory=MEMORY,
    expected_seconds=60,
    work="Reduction",
    takes=(takes("light_curves", MANY, "osa_light_curves"),),
    parameters=known_parameters("windows", "instrument", *_WANTED, *BAND),
    config_files=(GROUP, settings_of("src_collect"), settings_of("lc_pick")),
)
KINDS = (SPECTRA, SPECTRA_SUM, LIGHT_CURVES, LIGHT_CURVES_JOIN)
