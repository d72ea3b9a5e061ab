"""The engine ``coded_mask``: how its steps are put together."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from analysis.engines import coded_mask
from analysis.engines import coded_mask_extraction_steps as extraction_steps
from analysis.engines import coded_mask_steps as steps
from analysis.engines.coded_mask import source_storage
from analysis.engines.coded_mask.extraction import Target
from analysis.engines.coded_mask.modelled_sources import Modelled
from analysis.engines.coded_mask.responses import spectral_response
from analysis.engines.coded_mask.source_search import NEW_SOURCE_SIGMA
from analysis.engines.coded_mask.targets import (
    as_parameter,
    nameless,
    targets,
    targets_as_parameter,
)
from analysis.engines.coded_mask.telescope import telescope
from analysis.engines.protocol import (
    ExtractionPlan,
    FoundSources,
    ImagePlan,
    LightCurvePlan,
    MosaicSteps,
)
from analysis.products.catalogue_source import CatalogueSource
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_list import Source, read_source_list
from analysis.products.source_spectrum import SourceSpectrum, SpectralResponse
from analysis.software import libraries_of
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
        return libraries_of(extraction_steps.__name__)

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
        self,
        images: Sequence[Step],
        catalogue: RawFile | None,
        plan: ImagePlan,
        listed: Path | None = None,
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
        modelled = None if listed is None else source_storage.read_modelled(listed)
        cleaned = tuple(
            self._told(
                steps.CLEAN,
                instrument,
                None if modelled is None else as_parameter(_places(modelled, image.label)),
                {"shadowgram": (shadowgram,)},
                image.label,
                sources,
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
        events: Sequence[RawFile],
        sources: FoundSources | None,
        catalogue: RawFile | None,
        plan: ExtractionPlan,
    ) -> tuple[Step, ...]:
        """The spectra of single Science Windows."""
        return self._extracted(extraction_steps.SPECTRA, {}, events, sources, plan)

    def summed_spectra(
        self, spectra: Sequence[Step], sources: FoundSources | None, plan: ExtractionPlan
    ) -> Step:
        """The mean spectra of Science Windows."""
        return self._joined(extraction_steps.SPECTRA_SUM, "spectra", spectra, sources, plan)

    def read_spectra(self, path: Path) -> tuple[SourceSpectrum, ...]:
        """Spectra of one Science Window or of many."""
        return source_storage.read_spectra(path)

    def response(self, spectrum: SourceSpectrum, plan: ExtractionPlan) -> SpectralResponse:
        """The response of a spectrum, from the instrument's stated one."""
        return spectral_response(spectrum, telescope(plan.instrument).response())

    def light_curves(
        self,
        events: Sequence[RawFile],
        sources: FoundSources | None,
        catalogue: RawFile | None,
        plan: LightCurvePlan,
    ) -> tuple[Step, ...]:
        """The light curves of single Science Windows."""
        binned: dict[str, Parameter] = {
            "e_min_kev": plan.e_min_kev,
            "e_max_kev": plan.e_max_kev,
            "time_bin_s": plan.time_bin_s,
        }
        return self._extracted(extraction_steps.LIGHT_CURVES, binned, events, sources, plan)

    def joined_light_curves(
        self, curves: Sequence[Step], sources: FoundSources | None, plan: LightCurvePlan
    ) -> Step:
        """The light curves over all Science Windows."""
        return self._joined(
            extraction_steps.LIGHT_CURVES_JOINED, "light_curves", curves, sources, plan
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
        kind: StepKind,
        parameters: Mapping[str, Parameter],
        events: Sequence[RawFile],
        sources: FoundSources | None,
        plan: ExtractionPlan,
    ) -> tuple[Step, ...]:
        """Spectra or light curves of the sources that each Science Window sees."""
        return tuple(
            self._told(
                kind,
                {"instrument": plan.instrument, **parameters},
                None if fitted is None else targets_as_parameter(fitted),
                {"events": (self._events(file, plan.instrument),)},
                file.label,
                None if sources is None else sources.step,
            )
            for file, fitted in zip(events, _fitted(events, sources, plan), strict=True)
        )

    def _joined(
        self,
        kind: StepKind,
        role: str,
        parts: Sequence[Step],
        sources: FoundSources | None,
        plan: ExtractionPlan,
    ) -> Step:
        """Spectra or light curves of Science Windows joined, with the names of the mosaic."""
        listed = {} if sources is None else {"sources": (sources.step,)}
        return self._step(
            kind,
            {"instrument": plan.instrument, "wanted": as_parameter(plan.wanted)},
            {role: tuple(parts), **listed},
            _label(parts),
        )

    def _told(
        self,
        kind: StepKind,
        parameters: Mapping[str, Parameter],
        places: str | None,
        inputs: _Inputs,
        label: str,
        teller: Step | None,
    ) -> Step:
        """A step that is told where sources are, by ``teller``; provisional before it knows."""
        told = {} if places is None else {"sources": places}
        return Step(
            kind,
            self.name,
            {**parameters, **told},
            inputs,
            label,
            told_by=() if teller is None else (teller,),
            provisional=places is None,
        )

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


def _places(modelled: Modelled, science_window: str) -> list[CatalogueSource]:
    """What a Science Window is cleaned of."""
    return [
        CatalogueSource(at.name, at.ra, at.dec)
        for source in modelled.seen_in(science_window)
        for at in (nameless(Target(source.name, source.ra, source.dec, source.new_source)),)
    ]


def _fitted(
    events: Sequence[RawFile], sources: FoundSources | None, plan: ExtractionPlan
) -> list[list[Target] | None]:
    """The sources that each Science Window fits: those wanted and those of the mosaic that it sees.

    ``None`` for those that aren't known yet.
    """
    if sources is None:
        chosen, _ = targets(plan.wanted, (), telescope(plan.instrument).camera())
        return [list(chosen) for _ in events]
    if sources.path is None:
        return [None for _ in events]
    modelled = source_storage.read_modelled(sources.path)
    chosen, _ = targets(plan.wanted, modelled.sources, telescope(plan.instrument).camera())
    wanted = {source.name for source in plan.wanted}
    first = [target for target in chosen if target.name in wanted]
    others = {target.name: target for target in chosen if target.name not in wanted}
    return [
        [
            *first,
            *(nameless(others[s.name]) for s in modelled.seen_in(file.label) if s.name in others),
        ]
        for file in events
    ]


def _label(joined: Sequence[Step]) -> str:
    return f"of {len(joined)} Science Windows"


ENGINE = CodedMask()
