"""The imaging steps of the engine ``coded_mask``: its pure functions, from file to file.

events → shadowgram → sky_image ┐                          ┌ clean ┐
events → shadowgram → sky_image ┼ mosaic → mosaic_sources ┄┼ clean ┼ mosaic → preview
                  …             ┘                          └   …   ┘
``events`` knows no energies: every analysis of a Science Window begins with the same. ``clean``
reads the shadowgram and is told by ``mosaic_sources`` where sources are: a parameter, so that
mosaics of which it is told the same share it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from astropy.io import fits

from analysis.engines import coded_mask
from analysis.engines.coded_mask import storage
from analysis.engines.coded_mask.source_storage import write_mosaic_sources
from analysis.engines.coded_mask.targets import from_parameter
from analysis.engines.coded_mask.telescope import Telescope, telescope
from analysis.engines.energy_bands import band_failure
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.preview import write_preview
from analysis.products.source_list import above, read_source_list, write_source_list
from analysis.step_vocabulary import (
    BAND,
    EVENT_FILES,
    MANY,
    MAYBE,
    ONE,
    Role,
    known_parameters,
    takes,
)
from analysis.steps import (
    OF_PICTURES,
    Parameter,
    Report,
    StepFunction,
    StepInputs,
    StepKind,
    Tolerance,
)
from instruments.reference_catalogue import REFERENCE_CATALOGUE

FITS = "application/fits"


def _events(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    read = telescope_of(parameters).read_events
    storage.write_events(output, read(inputs.one("events"), str(parameters["scw"])))


def _shadowgram(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    seen_by = telescope_of(parameters)
    band = (number_of(parameters["e_min_kev"]), number_of(parameters["e_max_kev"]))
    try:
        seen_by.check_energy_band(*band)
    except ValueError as error:
        raise band_failure(error) from error
    shadowgram = coded_mask.shadowgram_of(storage.read_events(inputs.one("events")), *band)
    if not shadowgram.counts.any():
        raise seen_by.no_events(
            f"no good event from {band[0]:g} to {band[1]:g} keV.",
            science_window=shadowgram.science_window,
            step="shadowgram",
        )
    coded_mask.write_shadowgram(output, shadowgram)


def _sky_image(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    shadowgram = coded_mask.read_shadowgram(inputs.one("shadowgram"))
    search = coded_mask.find_sources(
        shadowgram, catalogue_of(inputs, parameters), camera=telescope_of(parameters).camera()
    )
    for message in search.messages:
        report(message)
    coded_mask.write_source_search(output, search)


def _mosaic(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    images = [coded_mask.read_sky_image(path) for path in inputs.all("image")]
    joined = coded_mask.mosaic(images, telescope_of(parameters).image_pixel_deg)
    coded_mask.write_mosaic(output, joined)


def _mosaic_sources(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    found = coded_mask.mosaic_sources(
        coded_mask.read_mosaic(inputs.one("mosaic")),
        [coded_mask.read_shadowgram(path) for path in inputs.all("shadowgram")],
        [read_source_list(path) for path in inputs.all("sky_image")],
        catalogue_of(inputs, parameters),
        camera=telescope_of(parameters).camera(),
        threshold=number_of(parameters["threshold"]),
    )
    for message in found.messages:
        report(message)
    write_mosaic_sources(output, found)


def _source_lists(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_source_list(
        output, [source for path in inputs.all("sky_image") for source in read_source_list(path)]
    )


def _clean(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    shadowgram = coded_mask.read_shadowgram(inputs.one("shadowgram"))
    sources = from_parameter(str(parameters["sources"]))
    cleaned = coded_mask.clean(shadowgram, sources, telescope_of(parameters).camera())
    coded_mask.write_sky_image(output, cleaned)


def _preview(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_preview(
        output,
        coded_mask.read_mosaic(inputs.one("mosaic")),
        above(
            number_of(parameters["detection_threshold"]), read_source_list(inputs.one("sources"))
        ),
        title=str(parameters["title"]),
        notice=str(parameters["notice"]),
    )


def telescope_of(parameters: Mapping[str, Parameter]) -> Telescope:
    """The telescope that a step works for."""
    return telescope(str(parameters["instrument"]))


def catalogue_of(inputs: StepInputs, parameters: Mapping[str, Parameter]) -> list[CatalogueSource]:
    """The user's own sources, or those of the reference catalogue that the telescope may see."""
    selected = parameters.get("selected")
    if selected is not None:
        return list(from_parameter(str(selected)))
    known: list[CatalogueSource] = []
    for path in inputs.all("catalogue"):
        with fits.open(path, memmap=False) as hdus:
            table = hdus[REFERENCE_CATALOGUE.extension].data
            seen = table[np.asarray(table[telescope_of(parameters).catalogue_flag]) > 0]
            known += [
                CatalogueSource(
                    str(row["NAME"]).strip(), float(row["RA_OBJ"]), float(row["DEC_OBJ"])
                )
                for row in seen
            ]
    return known


def number_of(value: Parameter) -> float:
    """A parameter that is a number; raises `TypeError`."""
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


#: Bytes for a step of one Science Window, measured as 130 MB at most, and of fifty: 470 MB.
_OF_ONE = 500_000_000
OF_MANY = 1_500_000_000
#: Fits end where they change less; other processors round otherwise in the last digits.
_TOLERANCE = Tolerance(relative=1e-4, absolute=1e-6)


def kind(
    name: str,
    description: str,
    run: StepFunction,
    file_name: str,
    content_type: str = FITS,
    *,
    work: str,
    takes: tuple[Role, ...],
    parameters: tuple[str, ...] = (),
    seconds: float = 0.3,
    memory: int = _OF_ONE,
) -> StepKind:
    """A step of this engine; parameters: words of the vocabulary, the instrument apart."""
    return StepKind(
        name,
        "2",
        description,
        run,
        file_name,
        content_type,
        memory=memory,
        tolerance=_TOLERANCE if content_type == FITS else OF_PICTURES,
        expected_seconds=seconds,
        work=work,
        takes=takes,
        parameters=known_parameters("instrument", *parameters),
    )


_CATALOGUE = takes("catalogue", MAYBE, "reference_catalogue")


EVENTS = kind(
    "events",
    "Good events of all energies, with good time, live time and the pixels' efficiency.",
    _events,
    "events.fits",
    work="Selection",
    takes=(takes("events", ONE, *EVENT_FILES),),
    parameters=("scw",),
)
SHADOWGRAM = kind(
    "shadowgram",
    "Good events of the band, counted pixel by pixel, with the pixels' efficiency and live time.",
    _shadowgram,
    "shadowgram.fits",
    work="Reduction",
    takes=(takes("events", ONE, "events"),),
    parameters=BAND,
)
SKY_IMAGE = kind(
    "sky_image",
    "Sources found, fitted and cleaned of their side lobes; the decoded image of one Science"
    " Window.",
    _sky_image,
    "sky_image.fits",
    seconds=2.0,
    work="Reconstruction",
    takes=(takes("shadowgram", ONE, "shadowgram"), _CATALOGUE),
    parameters=("selected",),
)
MOSAIC = kind(
    "mosaic",
    "Images joined by inverse-variance weights.",
    _mosaic,
    "mosaic.fits",
    seconds=2.0,
    memory=OF_MANY,
    work="Reduction",
    takes=(takes("image", MANY, "sky_image", "clean"),),
)
MOSAIC_SOURCES = kind(
    "mosaic_sources",
    "Sources of the mosaic, fitted to all its shadowgrams at once.",
    _mosaic_sources,
    "sources.fits",
    seconds=5.0,
    memory=OF_MANY,
    work="Analysis",
    takes=(
        takes("mosaic", ONE, "mosaic"),
        takes("sky_image", MANY, "sky_image"),
        takes("shadowgram", MANY, "shadowgram"),
        _CATALOGUE,
    ),
    parameters=("selected", "threshold"),
)
SOURCE_LISTS = kind(
    "source_lists",
    "What was found in each Science Window by itself, in one list.",
    _source_lists,
    "source_lists.fits",
    work="Selection",
    takes=(takes("sky_image", MANY, "sky_image"),),
)
CLEAN = kind(
    "clean",
    "Image of one Science Window, cleaned of the side lobes of the mosaic's sources in its field,"
    " whose names and positions are the parameter sources.",
    _clean,
    "cleaned_image.fits",
    work="Reconstruction",
    takes=(takes("shadowgram", ONE, "shadowgram"),),
    parameters=("sources",),
)
PREVIEW = kind(
    "preview",
    "Picture of the mosaic's significance with the sources marked.",
    _preview,
    "preview.png",
    "image/png",
    work="Analysis",
    takes=(takes("mosaic", ONE, "mosaic"), takes("sources", MAYBE, "mosaic_sources")),
    parameters=("title", "notice", "detection_threshold"),
)
KINDS = (
    EVENTS,
    SHADOWGRAM,
    SKY_IMAGE,
    MOSAIC,
    MOSAIC_SOURCES,
    SOURCE_LISTS,
    CLEAN,
    PREVIEW,
)
