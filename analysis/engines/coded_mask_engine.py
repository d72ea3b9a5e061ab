"""The engine ``coded_mask``: how its steps are put together."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from analysis.engines import coded_mask
from analysis.engines import coded_mask_extraction_steps as extraction_steps
from analysis.engines import coded_mask_steps as steps
from analysis.engines.coded_mask import source_storage
from analysis.engines.coded_mask.responses import spectral_response
from analysis.engines.coded_mask.source_search import NEW_SOURCE_SIGMA
from analysis.engines.coded_mask.targets import as_parameter
from analysis.engines.coded_mask.telescope import telescope
from analysis.engines.protocol import ExtractionPlan, ImagePlan, LightCurvePlan, MosaicSteps
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_list import Source, read_source_list
from analysis.products.source_spectrum import SourceSpectrum, SpectralResponse
from analysis.software import software_of
from analysis.steps import Parameter, RawFile, Step, StepKind

_Inputs = Mapping[str, tuple[Step | RawFile, ...]]


class CodedMask:
    """The embedded engine (see `analysis.engines.protocol`)."""

    name = "coded_mask"
    preload = "analysis.engines.coded_mask_extraction_steps"
    kinds = (*steps.KINDS, *extraction_steps.KINDS)

    @cached_property
    def libraries(self) -> Mapping[str, str]:
        """The numeric libraries and their versions."""
        return software_of(extraction_steps.__name__).libraries

    def image(self, events: RawFile, catalogue: RawFile | None, plan: ImagePlan) -> Step:
        """The cleaned image of one Science Window."""
        instrument: dict[str, Parameter] = {"instrument": plan.instrument}
        shadowgram = self._step(
            steps.SHADOWGRAM,
            {**instrument, "e_min_kev": plan.e_min_kev, "e_max_kev": plan.e_max_kev},
            {"events": (self._events(events, plan.instrument),)},
            events.label,
        )
        selected, known = _catalogue(plan, catalogue)
        return self._step(
            steps.SKY_IMAGE,
            {**instrument, **selected},
            {"shadowgram": (shadowgram,), **known},
            events.label,
        )

    def mosaic(
        self, images: Sequence[Step], catalogue: RawFile | None, plan: ImagePlan
    ) -> MosaicSteps:
        """A mosaic of images that `image` planned."""
        instrument: dict[str, Parameter] = {"instrument": plan.instrument}
        shadowgrams = tuple(node for image in images for node in image.inputs["shadowgram"])
        label = _label(images)
        first = self._step(steps.MOSAIC, instrument, {"image": tuple(images)}, label)
        selected, known = _catalogue(plan, catalogue)
        sources = self._step(
            steps.MOSAIC_SOURCES,
            {
                **instrument,
                **selected,
                # side lobes are cleaned of all sources, whatever the user wants to have listed
                "threshold": min(NEW_SOURCE_SIGMA, plan.detection_threshold),
            },
            {
                "mosaic": (first,),
                "sky_image": tuple(images),
                "shadowgram": shadowgrams,
                **known,
            },
            label,
        )
        cleaned = tuple(
            self._step(
                steps.CLEAN,
                instrument,
                {"shadowgram": (shadowgram,), "sources": (sources,)},
                image.label,
            )
            for image, shadowgram in zip(images, shadowgrams, strict=True)
        )
        mosaic = self._step(steps.MOSAIC, instrument, {"image": cleaned}, label)
        preview = self._step(
            steps.PREVIEW,
            {
                "title": plan.title,
                "notice": plan.notice,
                "detection_threshold": plan.detection_threshold,
            },
            {"mosaic": (mosaic,), "sources": (sources,)},
            label,
        )
        lists = self._step(steps.SOURCE_LISTS, {}, {"sky_image": tuple(images)}, label)
        return MosaicSteps(mosaic, sources, lists, preview)

    def read_mosaic(self, path: Path) -> SkyMaps:
        """The maps of a mosaic."""
        return coded_mask.read_mosaic(path)

    def read_sources(self, path: Path) -> tuple[Source, ...]:
        """The sources of a mosaic, or of a Science Window's image."""
        return read_source_list(path)

    def spectra(
        self,
        events: RawFile,
        sources: Step | None,
        catalogue: RawFile | None,
        plan: ExtractionPlan,
    ) -> Step:
        """The spectra of one Science Window."""
        return self._step(
            extraction_steps.SPECTRA,
            _wanted(plan),
            self._extracted(events, sources, catalogue, plan),
            events.label,
        )

    def summed_spectra(self, spectra: Sequence[Step]) -> Step:
        """The mean spectra of Science Windows."""
        return self._step(
            extraction_steps.SPECTRA_SUM, {}, {"spectra": tuple(spectra)}, _label(spectra)
        )

    def read_spectra(self, path: Path) -> tuple[SourceSpectrum, ...]:
        """Spectra of one Science Window or of many."""
        return source_storage.read_spectra(path)

    def response(self, spectrum: SourceSpectrum, plan: ExtractionPlan) -> SpectralResponse:
        """The response of a spectrum, from the instrument's stated one."""
        return spectral_response(spectrum, telescope(plan.instrument).response())

    def light_curves(
        self,
        events: RawFile,
        sources: Step | None,
        catalogue: RawFile | None,
        plan: LightCurvePlan,
    ) -> Step:
        """The light curves of one Science Window."""
        return self._step(
            extraction_steps.LIGHT_CURVES,
            {
                **_wanted(plan),
                "e_min_kev": plan.e_min_kev,
                "e_max_kev": plan.e_max_kev,
                "time_bin_s": plan.time_bin_s,
            },
            self._extracted(events, sources, catalogue, plan),
            events.label,
        )

    def joined_light_curves(self, curves: Sequence[Step]) -> Step:
        """The light curves over all Science Windows."""
        return self._step(
            extraction_steps.LIGHT_CURVES_JOINED,
            {},
            {"light_curves": tuple(curves)},
            _label(curves),
        )

    def read_light_curves(self, path: Path) -> tuple[SourceLightCurve, ...]:
        """Light curves of one Science Window or of many."""
        return source_storage.read_light_curves(path)

    def _events(self, events: RawFile, instrument: str) -> Step:
        return self._step(
            steps.EVENTS,
            {"instrument": instrument, "scw": events.label},
            {"events": (events,)},
            events.label,
        )

    def _extracted(
        self,
        events: RawFile,
        sources: Step | None,
        catalogue: RawFile | None,
        plan: ExtractionPlan,
    ) -> _Inputs:
        """What spectra and light curves are extracted from."""
        inputs: dict[str, tuple[Step | RawFile, ...]] = {
            "events": (self._events(events, plan.instrument),)
        }
        if sources is not None:
            inputs["sources"] = (sources,)
            if catalogue is not None:
                inputs["catalogue"] = (catalogue,)
        return inputs

    def _step(
        self, kind: StepKind, parameters: Mapping[str, Parameter], inputs: _Inputs, label: str
    ) -> Step:
        return Step(kind, self.name, parameters, inputs, label)


def _catalogue(
    plan: ImagePlan, catalogue: RawFile | None
) -> tuple[dict[str, Parameter], dict[str, tuple[RawFile, ...]]]:
    """Which sources are known: as a parameter, or as an input."""
    if plan.selected is not None:
        return {"selected": as_parameter(plan.selected)}, {}
    return {}, {} if catalogue is None else {"catalogue": (catalogue,)}


def _wanted(plan: ExtractionPlan) -> dict[str, Parameter]:
    return {"instrument": plan.instrument, "wanted": as_parameter(plan.wanted)}


def _label(joined: Sequence[Step]) -> str:
    return f"of {len(joined)} Science Windows"


ENGINE = CodedMask()
