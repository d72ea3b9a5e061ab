"""The steps of the engine ``coded_mask``: its pure functions, from file to file.

events → shadowgram → sky_image ┐
events → shadowgram → sky_image ┼ mosaic → mosaic_sources → preview
                  …             ┘
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from astropy.io import fits

from analysis.engines import coded_mask
from analysis.engines.coded_mask.source_search import NEW_SOURCE_SIGMA
from analysis.engines.protocol import ImagePlan, MosaicSteps
from analysis.products.preview import write_preview
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_list import (
    CatalogueSource,
    Source,
    above,
    read_source_list,
    write_source_list,
)
from analysis.software import software_of
from analysis.steps import Parameter, RawFile, Report, Step, StepInputs, StepKind
from instruments.reference_catalogue import ISGRI_FLAG_SEEN, REFERENCE_CATALOGUE

FITS = "application/fits"


def _shadowgram(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    coded_mask.write_shadowgram(
        output,
        coded_mask.select_events(
            inputs.one("events"),
            str(parameters["scw"]),
            _number(parameters["e_min_kev"]),
            _number(parameters["e_max_kev"]),
        ),
    )


def _sky_image(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    shadowgram = coded_mask.read_shadowgram(inputs.one("shadowgram"))
    search = coded_mask.find_sources(shadowgram, _catalogue(inputs))
    for message in search.messages:
        report(message)
    coded_mask.write_source_search(output, search)


def _mosaic(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    images = [coded_mask.read_sky_image(path) for path in inputs.all("image")]
    coded_mask.write_mosaic(output, coded_mask.mosaic(images))


def _mosaic_sources(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    found = coded_mask.mosaic_sources(
        coded_mask.read_mosaic(inputs.one("mosaic")),
        [coded_mask.read_shadowgram(path) for path in inputs.all("shadowgram")],
        [read_source_list(path) for path in inputs.all("sky_image")],
        _catalogue(inputs),
        threshold=_number(parameters["threshold"]),
    )
    for message in found.messages:
        report(message)
    write_source_list(output, found.sources)


def _clean(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    shadowgram = coded_mask.read_shadowgram(inputs.one("shadowgram"))
    sources = read_source_list(inputs.one("sources"))
    coded_mask.write_sky_image(output, coded_mask.clean(shadowgram, sources))


def _preview(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    write_preview(
        output,
        coded_mask.read_mosaic(inputs.one("mosaic")),
        above(_number(parameters["detection_threshold"]), read_source_list(inputs.one("sources"))),
        title=str(parameters["title"]),
        notice=str(parameters["notice"]),
    )


def _catalogue(inputs: StepInputs) -> list[CatalogueSource]:
    """The sources that ISGRI may see, of the reference catalogue, where there is one."""
    known: list[CatalogueSource] = []
    for path in inputs.all("catalogue"):
        with fits.open(path, memmap=False) as hdus:
            table = hdus[REFERENCE_CATALOGUE.extension].data
            seen = table[np.asarray(table["ISGRI_FLAG"]) >= ISGRI_FLAG_SEEN]
            known += [
                CatalogueSource(
                    str(row["NAME"]).strip(), float(row["RA_OBJ"]), float(row["DEC_OBJ"])
                )
                for row in seen
            ]
    return known


def _number(value: Parameter) -> float:
    if not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


SHADOWGRAM = StepKind(
    "shadowgram",
    "1",
    "Good events of the band, counted pixel by pixel, with the pixels' efficiency and live time.",
    _shadowgram,
    "shadowgram.fits",
    FITS,
)
SKY_IMAGE = StepKind(
    "sky_image",
    "1",
    "Sources found, fitted and cleaned of their side lobes; the decoded image of one Science"
    " Window.",
    _sky_image,
    "sky_image.fits",
    FITS,
)
MOSAIC = StepKind(
    "mosaic",
    "1",
    "Images joined by inverse-variance weights.",
    _mosaic,
    "mosaic.fits",
    FITS,
)
MOSAIC_SOURCES = StepKind(
    "mosaic_sources",
    "1",
    "Sources of the mosaic, fitted to all its shadowgrams at once.",
    _mosaic_sources,
    "sources.fits",
    FITS,
)
CLEAN = StepKind(
    "clean",
    "1",
    "Image of one Science Window, cleaned of the side lobes of all the mosaic's sources.",
    _clean,
    "cleaned_image.fits",
    FITS,
)
PREVIEW = StepKind(
    "preview",
    "1",
    "Picture of the mosaic's significance with the sources marked.",
    _preview,
    "preview.png",
    "image/png",
)


class CodedMask:
    """The embedded engine (see `analysis.engines.protocol`)."""

    name = "coded_mask"
    preload = "analysis.engines.coded_mask_steps"
    kinds = (SHADOWGRAM, SKY_IMAGE, MOSAIC, MOSAIC_SOURCES, CLEAN, PREVIEW)

    @cached_property
    def libraries(self) -> Mapping[str, str]:
        """The numeric libraries and their versions."""
        return software_of(__name__).libraries

    def image(self, events: RawFile, catalogue: RawFile | None, plan: ImagePlan) -> Step:
        """The cleaned image of one Science Window."""
        shadowgram = self._step(
            SHADOWGRAM,
            {"scw": events.label, "e_min_kev": plan.e_min_kev, "e_max_kev": plan.e_max_kev},
            {"events": (events,)},
            events.label,
        )
        return self._step(
            SKY_IMAGE,
            {},
            {"shadowgram": (shadowgram,), **_as_input(catalogue)},
            events.label,
        )

    def mosaic(
        self, images: Sequence[Step], catalogue: RawFile | None, plan: ImagePlan
    ) -> MosaicSteps:
        """A mosaic of images that `image` planned."""
        shadowgrams = tuple(node for image in images for node in image.inputs["shadowgram"])
        label = f"of {len(images)} Science Windows"
        first = self._step(MOSAIC, {}, {"image": tuple(images)}, label)
        sources = self._step(
            MOSAIC_SOURCES,
            # side lobes are cleaned of all sources, whatever the user wants to have listed
            {"threshold": min(NEW_SOURCE_SIGMA, plan.detection_threshold)},
            {
                "mosaic": (first,),
                "sky_image": tuple(images),
                "shadowgram": shadowgrams,
                **_as_input(catalogue),
            },
            label,
        )
        cleaned = tuple(
            self._step(CLEAN, {}, {"shadowgram": (shadowgram,), "sources": (sources,)}, image.label)
            for image, shadowgram in zip(images, shadowgrams, strict=True)
        )
        mosaic = self._step(MOSAIC, {}, {"image": cleaned}, label)
        preview = self._step(
            PREVIEW,
            {
                "title": plan.title,
                "notice": plan.notice,
                "detection_threshold": plan.detection_threshold,
            },
            {"mosaic": (mosaic,), "sources": (sources,)},
            label,
        )
        return MosaicSteps(mosaic, sources, preview)

    def read_mosaic(self, path: Path) -> SkyMaps:
        """The maps of a mosaic."""
        return coded_mask.read_mosaic(path)

    def read_sources(self, path: Path) -> tuple[Source, ...]:
        """The list of a mosaic's sources."""
        return read_source_list(path)

    def _step(
        self,
        kind: StepKind,
        parameters: Mapping[str, Parameter],
        inputs: Mapping[str, tuple[Step | RawFile, ...]],
        label: str,
    ) -> Step:
        return Step(kind, self.name, parameters, inputs, label)


def _as_input(catalogue: RawFile | None) -> dict[str, tuple[RawFile, ...]]:
    return {} if catalogue is None else {"catalogue": (catalogue,)}


ENGINE = CodedMask()
