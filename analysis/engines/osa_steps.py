"""The steps of the engine ``osa``: calls of OSA, Science Window by Science Window.

scw → osa_image ┐
scw → osa_image ┼ osa_mosaic → osa_sources → osa_preview
        …       ┘

The software of these steps is OSA's too: their digest holds its version, its executables and the
index of its instrument characteristics.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

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
from analysis.step_vocabulary import (
    BAND,
    EVENT_FILES,
    MANY,
    MAYBE,
    ONE,
    known_parameters,
    takes,
)
from analysis.steps import (
    OF_PICTURES,
    ConfigFile,
    Parameter,
    Report,
    StepInputs,
    StepKind,
    Tolerance,
)

TAR = "application/x-tar"
#: What a Science Window's analysis leaves for what joins several.
KEPT = ("scw/*/*.fits", "*.fits")


class OsaNotInstalled(MachineFailure):
    """The process that runs the step finds no OSA: its environment lacks VO_OSA_…"""

    retry = False


def installed() -> OsaInstallation:
    """The installation of this site; raises `OsaNotInstalled`."""
    found = installation()
    lacks = NOTHING if found is None else found.missing
    if found is None or lacks:
        raise OsaNotInstalled(f"missing: {lacks}")
    return found


def _image(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, scw = installed(), str(parameters["scw"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = number_of(parameters["e_min_kev"]), number_of(parameters["e_max_kev"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, [scw], output.parent) as work:
        site = site_of(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report, scw)
        run(osa, commands.image(instrument, site, band), work, report, scw)
        tell(work, e_min_kev=low, e_max_kev=high, scw=scw)
        pack(work, (*KEPT, results.ABOUT), output)


def _mosaic(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    osa, windows = installed(), texts(parameters["windows"])
    instrument = commands.INSTRUMENTS[str(parameters["instrument"])]
    low, high = number_of(parameters["e_min_kev"]), number_of(parameters["e_max_kev"])
    band = energy_band(osa, instrument, low, high)
    with working_folder(osa, windows, output.parent) as work:
        site = site_of(osa, inputs, parameters, instrument, work)
        run(osa, commands.og_create(instrument), work, report)
        lay_out(work, inputs.all("image"))
        run(osa, commands.mosaic(instrument, site, band), work, report)
        tell(work, e_min_kev=low, e_max_kev=high)
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
        above(
            number_of(parameters["detection_threshold"]), read_source_list(inputs.one("sources"))
        ),
        title=str(parameters["title"]),
        notice=str(parameters["notice"]),
    )


def read_sources(path: Path) -> tuple[Source, ...]:
    """Sources of a Science Window's image or of a mosaic (tar), or of the step ``osa_sources``."""
    if path.name.endswith(".fits"):
        return read_source_list(path)
    about = results.about(path)
    return results.sources(path, about["e_min_kev"], about["e_max_kev"], about.get("scw", ""))


def lay_out(work: Path, packed: Sequence[Path]) -> None:
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


def catalogue_sources(parameters: Mapping[str, Parameter], name: str) -> list[CatalogueSource]:
    """Sources that a parameter names, with their positions in the parameter beside it."""
    names, positions = texts(parameters.get(name)), parameters.get(f"{name}_positions")
    numbers = [number_of(value) for value in positions] if isinstance(positions, tuple) else []
    return [
        CatalogueSource(name, ra, dec)
        for name, ra, dec in zip(names, numbers[::2], numbers[1::2], strict=True)
    ]


def site_of(
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
        write_catalogue(own, instrument, catalogue_sources(parameters, "selected"))
        catalogue = f"{own}[1]"
    return commands.OsaSettings(site.ic_group, site.ic_alias, catalogue)


def tell(work: Path, **told: object) -> None:
    """Write what the results are, to lie beside them."""
    path = work / commands.GROUP_FOLDER / results.ABOUT
    path.write_text(json.dumps(told, sort_keys=True), encoding="utf-8")


def texts(value: Parameter) -> tuple[str, ...]:
    """The texts of a parameter that lists them; none where it isn't there."""
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()


def number_of(value: Parameter | str | int | float) -> float:
    """A parameter that is a number; raises `TypeError`."""
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


@dataclass(frozen=True, slots=True)
class OsaSoftware:
    """Called, it gives the digest of a module's software and of the OSA installation."""

    module: str

    def __call__(self) -> str:
        """64 hexadecimal digits."""
        return digest({"steps": SoftwareOf(self.module)(), "osa": software_digest()})


_SOFTWARE = OsaSoftware(__name__)


def is_jemx(parameters: Mapping[str, Parameter]) -> bool:
    """Whether a step works for JEM-X."""
    return commands.INSTRUMENTS[str(parameters["instrument"])].number > 0


def is_ibis(parameters: Mapping[str, Parameter]) -> bool:
    """Whether a step works for IBIS."""
    return not is_jemx(parameters)


def settings_of(
    executable: str, is_read: Callable[[Mapping[str, Parameter]], bool] | None = None
) -> ConfigFile:
    """The parameter file of an executable that a step calls; is_read: ``None``, always."""
    file = ConfigFile(f"pfiles/{executable}.par", f"Values of the parameters of {executable}")
    return file if is_read is None else replace(file, is_read=is_read)


GROUP = settings_of("og_create")
ANALYSIS = (
    settings_of("ibis_science_analysis", is_ibis),
    settings_of("jemx_science_analysis", is_jemx),
)
EVENTS = takes("events", ONE, *EVENT_FILES)
CATALOGUE_ROLE = takes("catalogue", MAYBE, "reference_catalogue")
FOUND = takes("sources", MAYBE, "osa_sources")
_SELECTED = ("selected", "selected_positions")

#: OSA computes with single precision, and its fits end where they change less.
TOLERANCE = Tolerance(relative=1e-4, absolute=1e-6)
#: OSA's own programs take up to this much.
MEMORY = 4 << 30

IMAGE = StepKind(
    "osa_image",
    "1",
    "OSA's image of one Science Window: og_create and the instrument's science analysis to IMA.",
    _image,
    "osa_image.tar",
    TAR,
    _SOFTWARE,
    tolerance=TOLERANCE,
    memory=MEMORY,
    expected_seconds=600,
    work="Reconstruction",
    takes=(EVENTS, CATALOGUE_ROLE),
    parameters=known_parameters("scw", "instrument", *BAND, *_SELECTED),
    config_files=(GROUP, *ANALYSIS),
)
MOSAIC = StepKind(
    "osa_mosaic",
    "1",
    "OSA's mosaic of Science Windows' images: level IMA2.",
    _mosaic,
    "osa_mosaic.tar",
    TAR,
    _SOFTWARE,
    tolerance=TOLERANCE,
    memory=MEMORY,
    expected_seconds=300,
    work="Reduction",
    takes=(takes("image", MANY, "osa_image"), CATALOGUE_ROLE),
    parameters=known_parameters("windows", "instrument", *BAND, *_SELECTED),
    config_files=(GROUP, *ANALYSIS),
)
SOURCES = StepKind(
    "osa_sources",
    "1",
    "The list of sources of OSA's mosaic.",
    _sources,
    "sources.fits",
    "application/fits",
    _SOFTWARE,
    tolerance=TOLERANCE,
    work="Analysis",
    takes=(takes("mosaic", ONE, "osa_mosaic"),),
)
SOURCE_LISTS = StepKind(
    "osa_source_lists",
    "1",
    "The sources that OSA finds in each Science Window by itself, one list after the other.",
    _source_lists,
    "source_lists.fits",
    "application/fits",
    _SOFTWARE,
    tolerance=TOLERANCE,
    work="Selection",
    takes=(takes("image", MANY, "osa_image"),),
)
PREVIEW = StepKind(
    "osa_preview",
    "1",
    "Picture of the mosaic's significance with the sources marked.",
    _preview,
    "preview.png",
    "image/png",
    _SOFTWARE,
    tolerance=OF_PICTURES,
    work="Analysis",
    takes=(takes("mosaic", ONE, "osa_mosaic"), FOUND),
    parameters=known_parameters("title", "notice", "detection_threshold"),
)
KINDS = (IMAGE, MOSAIC, SOURCES, SOURCE_LISTS, PREVIEW)
