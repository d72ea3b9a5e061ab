"""The steps of the engine ``osa`` that give spectra and light curves.

scw → osa_spectra … → osa_spectra_sum        scw → osa_light_curves … → osa_light_curves_join
"""

from collections.abc import Mapping
from pathlib import Path

from astropy.io import fits

from analysis.engines.osa import commands, results
from analysis.engines.osa.groups import energy_band, pack, working_folder, write_catalogue
from analysis.engines.osa.installation import OsaInstallation
from analysis.engines.osa.running import run
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
    catalogue_sources,
    installed,
    is_ibis,
    is_jemx,
    lay_out,
    number_of,
    settings_of,
    site_of,
    tell,
    texts,
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
    osa, scw = installed(), str(parameters["scw"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    with working_folder(osa, [scw], output.parent) as work:
        site = site_of(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report, scw)
        _to_extract(work, instrument, inputs, parameters)
        if instrument.number:
            run(osa, commands.j_rebin_rmf(instrument, site), work, report, scw)
        run(osa, commands.spectra(instrument, site, _TO_EXTRACT), work, report, scw)
        pack(work, KEPT, output)


def _spectra_sum(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, windows = installed(), texts(parameters["windows"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    with working_folder(osa, windows, output.parent) as work:
        run(osa, commands.og_create(instrument), work, report)
        lay_out(work, inputs.all("spectra"))
        names = _source_names(osa, instrument, work, report, parameters)
        for number, name in enumerate(names, start=1):
            run(osa, commands.spe_pick(instrument, name, number), work, report)
        _give_matrices(work, instrument, len(names))
        tell(work, windows=list(windows))
        kept = ("source*_pha.fits", "source*_arf.fits", "source*_rmf.fits", results.ABOUT)
        pack(work, kept, output)


def _light_curves(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, scw = installed(), str(parameters["scw"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = number_of(parameters["e_min_kev"]), number_of(parameters["e_max_kev"])
    time_bin_s = number_of(parameters["time_bin_s"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, [scw], output.parent) as work:
        site = site_of(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report, scw)
        _to_extract(work, instrument, inputs, parameters)
        if not instrument.number and time_bin_s < commands.SHORTEST_STANDARD_BIN_S:
            # ii_light needs the pixel illumination that the spectra's level leaves, and the
            # background maps of the images' in the same band
            run(osa, commands.image(instrument, site, band), work, report, scw)
            run(osa, commands.spectra(instrument, site, _TO_EXTRACT), work, report, scw)
            run(osa, commands.ii_light(scw, band, time_bin_s), work, report, scw)
        else:
            command = commands.light_curves(instrument, site, _TO_EXTRACT, band, time_bin_s)
            run(osa, command, work, report, scw)
        pack(work, KEPT, output)


def _light_curves_join(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, windows = installed(), texts(parameters["windows"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = number_of(parameters["e_min_kev"]), number_of(parameters["e_max_kev"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, windows, output.parent) as work:
        run(osa, commands.og_create(instrument), work, report)
        lay_out(work, inputs.all("light_curves"))
        names = _source_names(osa, instrument, work, report, parameters)
        for number, name in enumerate(names, start=1):
            run(osa, commands.lc_pick(instrument, name, number, band), work, report)
        tell(work, windows=list(windows))
        pack(work, ("source*_lc.fits", results.ABOUT), output)


def _source_names(
    osa: OsaInstallation,
    instrument: commands.OsaInstrument,
    work: Path,
    report: Report,
    parameters: Mapping[str, Parameter],
) -> list[str]:
    """Names of the sources that the group has results of, those wanted first."""
    run(osa, commands.src_collect(instrument), work, report)
    with fits.open(work / commands.GROUP_FOLDER / "sources.fits", memmap=False) as hdus:
        found = list(dict.fromkeys(str(name).strip() for name in hdus[1].data["NAME"]))
    wanted = [source.name for source in _wanted(parameters)]
    return [name for name in wanted if name in found] + [n for n in found if n not in wanted]


def _give_matrices(work: Path, instrument: commands.OsaInstrument, count: int) -> None:
    """Lay the group's redistribution matrix beside each spectrum that has none of its own."""
    group = work / commands.GROUP_FOLDER
    name = (
        f"{instrument.short}_rebinned_rmf.fits" if instrument.number else "isgr_rmf_ebds_*_rbn.fits"
    )
    matrices = sorted(group.glob(name))
    for number in range(1, count + 1):
        own = group / f"source{number}_rmf.fits"
        if not own.exists() and matrices:
            own.write_bytes(matrices[0].read_bytes())


def _to_extract(
    work: Path,
    instrument: commands.OsaInstrument,
    inputs: StepInputs,
    parameters: Mapping[str, Parameter],
) -> None:
    """Write the catalogue of the sources to extract: those wanted, then those found."""
    chosen = {source.name: source for source in _wanted(parameters)}
    for path in inputs.all("sources"):
        for found in read_source_list(path):
            chosen.setdefault(found.name, CatalogueSource(found.name, found.ra, found.dec))
    path = work / commands.GROUP_FOLDER / _TO_EXTRACT
    write_catalogue(path, instrument, list(chosen.values()))


def _wanted(parameters: Mapping[str, Parameter]) -> list[CatalogueSource]:
    return catalogue_sources(parameters, "wanted")


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
