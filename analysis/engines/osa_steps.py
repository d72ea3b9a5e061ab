"""The steps of the engine ``osa``: calls of OSA, Science Window by Science Window.

scw → osa_image ┐
scw → osa_image ┼ osa_mosaic → osa_sources → osa_preview
        …       ┘

The software of these steps is OSA's too: their digest holds its version, its executables and the
index of its instrument characteristics.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.canonical import digest
from analysis.engines.osa import commands, results
from analysis.engines.osa.installation import software_digest
from analysis.engines.osa.observation_group import band_of, number_of, observation_group
from analysis.errors import EmptyImageList
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


def _image(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    band = band_of(parameters)
    with observation_group(inputs, parameters, output.parent, report) as group:
        group.call(commands.image(group.instrument, group.site, band))
        (scw,) = group.windows
        group.keep(KEPT, output, e_min_kev=band.e_min_kev, e_max_kev=band.e_max_kev, scw=scw)


def _mosaic(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    band = band_of(parameters)
    with observation_group(inputs, parameters, output.parent, report) as group:
        group.lay_out(inputs.all("image"))
        group.call(commands.mosaic(group.instrument, group.site, band))
        short = group.instrument.short
        patterns = (f"{short}_mosa_ima*.fits", f"{short}_*_res.fits")
        made = group.keep(patterns, output, e_min_kev=band.e_min_kev, e_max_kev=band.e_max_kev)
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
