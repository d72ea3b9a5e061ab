"""The steps of the engine ``osa``: calls of OSA, Science Window by Science Window.

scw → osa_image ┐
scw → osa_image ┼ osa_mosaic → osa_sources → osa_preview
        …       ┘
scw → osa_spectra … → osa_spectra_sum        scw → osa_light_curves … → osa_light_curves_join

The software of these steps is OSA's too: their digest holds its version, its executables and the
index of its instrument characteristics.
"""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from astropy.io import fits

from analysis.canonical import digest
from analysis.engines.osa import commands, results
from analysis.engines.osa.groups import (
    energy_band,
    pack,
    site_settings,
    unpack,
    working_folder,
    write_catalogue,
)
from analysis.engines.osa.installation import (
    NOTHING,
    OsaInstallation,
    installation,
    software_digest,
)
from analysis.engines.osa.running import run
from analysis.errors import EmptyImageList, MachineFailure
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.preview import write_preview
from analysis.products.source_list import Source, above, read_source_list, write_source_list
from analysis.software import SoftwareOf
from analysis.steps import (
    OF_PICTURES,
    ConfigFiles,
    Parameter,
    Report,
    StepInputs,
    StepKind,
    Tolerance,
)

TAR = "application/x-tar"
CATALOGUE = "specat.fits"
#: What a Science Window's analysis leaves for what joins several.
_KEPT = ("scw/*/*.fits", "*.fits")


class OsaNotInstalled(MachineFailure):
    """The process that runs the step finds no OSA: its environment lacks VO_OSA_…"""

    retry = False


def _installed() -> OsaInstallation:
    found = installation()
    lacks = NOTHING if found is None else found.missing
    if found is None or lacks:
        raise OsaNotInstalled(f"missing: {lacks}")
    return found


def _image(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, scw = _installed(), str(parameters["scw"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = _number(parameters["e_min_kev"]), _number(parameters["e_max_kev"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, [scw], output.parent) as work:
        site = _site(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report, scw)
        run(osa, commands.image(instrument, site, band), work, report, scw)
        _tell(work, e_min_kev=low, e_max_kev=high, scw=scw)
        pack(work, (*_KEPT, results.ABOUT), output)


def _mosaic(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, windows = _installed(), _texts(parameters["windows"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = _number(parameters["e_min_kev"]), _number(parameters["e_max_kev"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, windows, output.parent) as work:
        site = _site(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report)
        _lay_out(work, inputs.all("image"))
        run(osa, commands.mosaic(instrument, site, band), work, report)
        _tell(work, e_min_kev=low, e_max_kev=high)
        short = instrument.short
        made = pack(work, (f"{short}_mosa_ima*.fits", f"{short}_*_res.fits", results.ABOUT), output)
    if made < 2:
        raise EmptyImageList("OSA made no mosaic")


def _sources(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_source_list(output, read_sources(inputs.one("mosaic")))


def _source_lists(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_source_list(output, [row for path in inputs.all("image") for row in read_sources(path)])


def _preview(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_preview(
        output,
        results.sky_maps(inputs.one("mosaic")),
        above(_number(parameters["detection_threshold"]), read_source_list(inputs.one("sources"))),
        title=str(parameters["title"]),
        notice=str(parameters["notice"]),
    )


def _spectra(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, scw = _installed(), str(parameters["scw"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    with working_folder(osa, [scw], output.parent) as work:
        site = _site(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report, scw)
        _to_extract(work, instrument, inputs, parameters)
        if instrument.number:
            run(osa, commands.j_rebin_rmf(instrument, site), work, report, scw)
        run(osa, commands.spectra(instrument, site, CATALOGUE), work, report, scw)
        pack(work, _KEPT, output)


def _spectra_sum(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, windows = _installed(), _texts(parameters["windows"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    with working_folder(osa, windows, output.parent) as work:
        run(osa, commands.og_create(instrument), work, report)
        _lay_out(work, inputs.all("spectra"))
        names = _source_names(osa, instrument, work, report, parameters)
        for number, name in enumerate(names, start=1):
            run(osa, commands.spe_pick(instrument, name, number), work, report)
        _give_matrices(work, instrument, len(names))
        _tell(work, windows=list(windows))
        kept = ("source*_pha.fits", "source*_arf.fits", "source*_rmf.fits", results.ABOUT)
        pack(work, kept, output)


def _light_curves(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, scw = _installed(), str(parameters["scw"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = _number(parameters["e_min_kev"]), _number(parameters["e_max_kev"])
    time_bin_s = _number(parameters["time_bin_s"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, [scw], output.parent) as work:
        site = _site(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report, scw)
        _to_extract(work, instrument, inputs, parameters)
        if not instrument.number and time_bin_s < commands.SHORTEST_STANDARD_BIN_S:
            # ii_light needs the pixel illumination that the spectra's level leaves, and the
            # background maps of the images' in the same band
            run(osa, commands.image(instrument, site, band), work, report, scw)
            run(osa, commands.spectra(instrument, site, CATALOGUE), work, report, scw)
            run(osa, commands.ii_light(scw, band, time_bin_s), work, report, scw)
        else:
            command = commands.light_curves(instrument, site, CATALOGUE, band, time_bin_s)
            run(osa, command, work, report, scw)
        pack(work, _KEPT, output)


def _light_curves_join(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, windows = _installed(), _texts(parameters["windows"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = _number(parameters["e_min_kev"]), _number(parameters["e_max_kev"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, windows, output.parent) as work:
        run(osa, commands.og_create(instrument), work, report)
        _lay_out(work, inputs.all("light_curves"))
        names = _source_names(osa, instrument, work, report, parameters)
        for number, name in enumerate(names, start=1):
            run(osa, commands.lc_pick(instrument, name, number, band), work, report)
        _tell(work, windows=list(windows))
        pack(work, ("source*_lc.fits", results.ABOUT), output)


def read_sources(path: Path) -> tuple[Source, ...]:
    """Sources of a Science Window's image or of a mosaic (tar), or of the step ``osa_sources``."""
    if path.name.endswith(".fits"):
        return read_source_list(path)
    about = results.about(path)
    return results.sources(path, about["e_min_kev"], about["e_max_kev"], about.get("scw", ""))


def _lay_out(work: Path, packed: Sequence[Path]) -> None:
    """Put the results of Science Windows into the group that joins them.

    A Science Window's folder replaces that which og_create made; of the group's own files (maps,
    responses) the first Science Window's stand for all.
    """
    group = work / commands.GROUP_FOLDER
    own = {path.name for path in group.iterdir()}
    for path in packed:
        unpack(path, group, "scw/")
    for path in unpack(packed[0], work / "first"):
        if path.parent == work / "first" and path.name not in own:
            path.rename(group / path.name)


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
    path = work / commands.GROUP_FOLDER / CATALOGUE
    write_catalogue(path, instrument, list(chosen.values()))


def _wanted(parameters: Mapping[str, Parameter]) -> list[CatalogueSource]:
    return _catalogue_sources(parameters, "wanted")


def _catalogue_sources(parameters: Mapping[str, Parameter], name: str) -> list[CatalogueSource]:
    """Sources that a parameter names, with their positions in the parameter beside it."""
    names, positions = _texts(parameters.get(name)), parameters.get(f"{name}_positions")
    numbers = [_number(value) for value in positions] if isinstance(positions, tuple) else []
    return [
        CatalogueSource(name, ra, dec)
        for name, ra, dec in zip(names, numbers[::2], numbers[1::2], strict=True)
    ]


def _site(
    osa: OsaInstallation,
    inputs: StepInputs,
    parameters: Mapping[str, Parameter],
    instrument: commands.OsaInstrument,
    work: Path,
) -> commands.OsaSettings:
    """The site's settings, with the catalogue of this step.

    That is the user's own, or the archive's where the step is given one, or OSA's.
    """
    site = site_settings(osa)
    catalogue = site.catalogue
    for path in inputs.all("catalogue"):
        catalogue = f"{path}[1]"
    if "selected" in parameters:
        own = work / "selected.fits"
        write_catalogue(own, instrument, _catalogue_sources(parameters, "selected"))
        catalogue = f"{own}[1]"
    return commands.OsaSettings(site.ic_group, site.ic_alias, catalogue)


def _tell(work: Path, **told: object) -> None:
    """Write what the results are, to lie beside them."""
    path = work / commands.GROUP_FOLDER / results.ABOUT
    path.write_text(json.dumps(told, sort_keys=True), encoding="utf-8")


def _texts(value: Parameter) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def _number(value: Parameter | str | int | float) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


_OWN_SOFTWARE = SoftwareOf(__name__)


def software() -> str:
    """The digest of these steps' code and of the OSA installation."""
    return digest({"steps": _OWN_SOFTWARE(), "osa": software_digest()})


def _parameter_files(
    names: tuple[str, ...], parameters: Mapping[str, Parameter]
) -> tuple[str, ...]:
    """The parameter files of the executables that a step calls, below the installation's root.

    ``analysis`` stands for the instrument's science analysis; those of one instrument alone are
    called for it only.
    """
    is_jemx = commands.INSTRUMENTS[str(parameters["instrument"])].number > 0
    analysis = "jemx_science_analysis" if is_jemx else "ibis_science_analysis"
    left_out = {"ii_light"} if is_jemx else {"j_rebin_rmf"}
    bins = parameters.get("time_bin_s")
    if isinstance(bins, int | float) and bins >= commands.SHORTEST_STANDARD_BIN_S:
        left_out.add("ii_light")
    called = (analysis if name == "analysis" else name for name in names if name not in left_out)
    return tuple(f"pfiles/{name}.par" for name in called)


def _settings_of(*names: str) -> ConfigFiles:
    """`_parameter_files` of these executables."""
    return partial(_parameter_files, names)


_BAND = {"e_min_kev": "keV", "e_max_kev": "keV"}
#: OSA computes with single precision, and its fits end where they change less.
_TOLERANCE = Tolerance(relative=1e-4, absolute=1e-6)
#: OSA's own programs take up to this much.
_MEMORY = 4 << 30

IMAGE = StepKind(
    "osa_image",
    "1",
    "OSA's image of one Science Window: og_create and the instrument's science analysis to IMA.",
    _image,
    "osa_image.tar",
    TAR,
    software,
    tolerance=_TOLERANCE,
    memory=_MEMORY,
    expected_seconds=600,
    units=_BAND,
    config_files=_settings_of("og_create", "analysis"),
)
MOSAIC = StepKind(
    "osa_mosaic",
    "1",
    "OSA's mosaic of Science Windows' images: level IMA2.",
    _mosaic,
    "osa_mosaic.tar",
    TAR,
    software,
    tolerance=_TOLERANCE,
    memory=_MEMORY,
    expected_seconds=300,
    units=_BAND,
    config_files=_settings_of("og_create", "analysis"),
)
SOURCES = StepKind(
    "osa_sources",
    "1",
    "The list of sources of OSA's mosaic.",
    _sources,
    "sources.fits",
    "application/fits",
    software,
    tolerance=_TOLERANCE,
)
SOURCE_LISTS = StepKind(
    "osa_source_lists",
    "1",
    "The sources that OSA finds in each Science Window by itself, one list after the other.",
    _source_lists,
    "source_lists.fits",
    "application/fits",
    software,
    tolerance=_TOLERANCE,
)
PREVIEW = StepKind(
    "osa_preview",
    "1",
    "Picture of the mosaic's significance with the sources marked.",
    _preview,
    "preview.png",
    "image/png",
    software,
    tolerance=OF_PICTURES,
)
SPECTRA = StepKind(
    "osa_spectra",
    "1",
    "OSA's spectra of sources in one Science Window: levels COR to SPE.",
    _spectra,
    "osa_spectra.tar",
    TAR,
    software,
    tolerance=_TOLERANCE,
    memory=_MEMORY,
    expected_seconds=900,
    config_files=_settings_of("og_create", "j_rebin_rmf", "analysis"),
)
SPECTRA_SUM = StepKind(
    "osa_spectra_sum",
    "1",
    "Spectra summed over Science Windows by spe_pick.",
    _spectra_sum,
    "spectra.tar",
    TAR,
    software,
    tolerance=_TOLERANCE,
    memory=_MEMORY,
    expected_seconds=60,
    config_files=_settings_of("og_create", "src_collect", "spe_pick"),
)
LIGHT_CURVES = StepKind(
    "osa_light_curves",
    "1",
    "OSA's light curves of sources in one Science Window: level LCR, or ii_light for short bins.",
    _light_curves,
    "osa_light_curves.tar",
    TAR,
    software,
    tolerance=_TOLERANCE,
    memory=_MEMORY,
    expected_seconds=1800,
    units={**_BAND, "time_bin_s": "s"},
    config_files=_settings_of("og_create", "analysis", "ii_light"),
)
LIGHT_CURVES_JOIN = StepKind(
    "osa_light_curves_join",
    "1",
    "Light curves joined over Science Windows by lc_pick.",
    _light_curves_join,
    "light_curves.tar",
    TAR,
    software,
    tolerance=_TOLERANCE,
    memory=_MEMORY,
    expected_seconds=60,
    units=_BAND,
    config_files=_settings_of("og_create", "src_collect", "lc_pick"),
)
KINDS = (
    IMAGE,
    MOSAIC,
    SOURCES,
    SOURCE_LISTS,
    PREVIEW,
    SPECTRA,
    SPECTRA_SUM,
    LIGHT_CURVES,
    LIGHT_CURVES_JOIN,
)
