"""The engine ``osa``: how its steps are put together."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.engines import osa_extraction_steps as extraction_steps
from analysis.engines import osa_steps as steps
from analysis.engines.osa import results
from analysis.engines.osa.installation import installation
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
from analysis.products.source_list import Source
from analysis.products.source_spectrum import SourceSpectrum, SpectralResponse
from analysis.software import libraries_of
from analysis.steps import Parameter, RawFile, Step, StepKind

_Inputs = Mapping[str, tuple[Step | RawFile, ...]]


class Osa:
    """The mission's software (see `analysis.engines.protocol`)."""

    name = "osa"
    preload = "analysis.engines.osa_extraction_steps"
    kinds = (*steps.KINDS, *extraction_steps.KINDS)

    @property
    def libraries(self) -> Mapping[str, str]:
        """OSA, and the libraries that read what it leaves."""
        found = installation()
        version = found.version if found else "not installed"
        # the name of the software and its version, as in ``OSA 11.2``
        return {"OSA": version.removeprefix("OSA"), **libraries_of(extraction_steps.__name__)}

    def image(self, events: RawFile, catalogue: RawFile | None, plan: ImagePlan) -> Step:
        """OSA's image of one Science Window."""
        return self._step(
            steps.IMAGE,
            {"scw": events.label, **_image(plan)},
            {"events": (events,), **_as_input(catalogue)},
            events.label,
        )

    def mosaic(
        self,
        images: Sequence[Step],
        catalogue: RawFile | None,
        plan: ImagePlan,
        listed: Path | None = None,
    ) -> MosaicSteps:
        """OSA's mosaic of images that `image` planned."""
        label = _label(images)
        mosaic = self._step(
            steps.MOSAIC,
            {"windows": tuple(image.label for image in images), **_image(plan)},
            {"image": tuple(images), **_as_input(catalogue)},
            label,
        )
        sources = self._step(steps.SOURCES, {}, {"mosaic": (mosaic,)}, label)
        lists = self._step(steps.SOURCE_LISTS, {}, {"image": tuple(images)}, label)
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
        return MosaicSteps(mosaic, sources, lists, preview)

    def read_mosaic(self, path: Path) -> SkyMaps:
        """The maps of a mosaic."""
        return results.sky_maps(path)

    def read_sources(self, path: Path) -> tuple[Source, ...]:
        """The sources of a mosaic, or of a Science Window's image."""
        return steps.read_sources(path)

    def spectra(
        self,
        events: Sequence[RawFile],
        sources: FoundSources | None,
        catalogue: RawFile | None,
        plan: ExtractionPlan,
    ) -> tuple[Step, ...]:
        """The spectra of single Science Windows."""
        return tuple(
            self._step(
                extraction_steps.SPECTRA,
                {
                    "scw": file.label,
                    **_wanted(plan),
                },
                _extracted(file, sources, catalogue),
                file.label,
            )
            for file in events
        )

    def summed_spectra(
        self, spectra: Sequence[Step], sources: FoundSources | None, plan: ExtractionPlan
    ) -> Step:
        """The spectra summed by ``spe_pick``."""
        return self._step(
            extraction_steps.SPECTRA_SUM,
            _joined(spectra, ("instrument", "wanted", "wanted_positions")),
            {"spectra": tuple(spectra)},
            _label(spectra),
        )

    def read_spectra(self, path: Path) -> tuple[SourceSpectrum, ...]:
        """The summed spectra."""
        return results.spectra(path)

    def response(self, spectrum: SourceSpectrum, plan: ExtractionPlan) -> SpectralResponse:
        """The response that OSA gave with a spectrum; raises TypeError for another engine's."""
        if not isinstance(spectrum, results.OsaSpectrum):
            raise TypeError("only a spectrum that OSA made has OSA's response")
        return spectrum.response

    def light_curves(
        self,
        events: Sequence[RawFile],
        sources: FoundSources | None,
        catalogue: RawFile | None,
        plan: LightCurvePlan,
    ) -> tuple[Step, ...]:
        """The light curves of single Science Windows."""
        return tuple(
            self._step(
                extraction_steps.LIGHT_CURVES,
                {
                    "scw": file.label,
                    **_wanted(plan),
                    "e_min_kev": plan.e_min_kev,
                    "e_max_kev": plan.e_max_kev,
                    "time_bin_s": plan.time_bin_s,
                },
                _extracted(file, sources, catalogue),
                file.label,
            )
            for file in events
        )

    def joined_light_curves(
        self, curves: Sequence[Step], sources: FoundSources | None, plan: LightCurvePlan
    ) -> Step:
        """The light curves joined by ``lc_pick``."""
        kept = ("instrument", "wanted", "wanted_positions", "e_min_kev", "e_max_kev")
        return self._step(
            extraction_steps.LIGHT_CURVES_JOIN,
            _joined(curves, kept),
            {"light_curves": tuple(curves)},
            _label(curves),
        )

    def read_light_curves(self, path: Path) -> tuple[SourceLightCurve, ...]:
        """The joined light curves."""
        return results.light_curves(path)

    def _step(
        self, kind: StepKind, parameters: Mapping[str, Parameter], inputs: _Inputs, label: str
    ) -> Step:
        return Step(kind, self.name, parameters, inputs, label)


def _image(plan: ImagePlan) -> dict[str, Parameter]:
    asked: dict[str, Parameter] = {
        "instrument": plan.instrument,
        "e_min_kev": plan.e_min_kev,
        "e_max_kev": plan.e_max_kev,
    }
    return asked if plan.selected is None else {**asked, **_named("selected", plan.selected)}


def _wanted(plan: ExtractionPlan) -> dict[str, Parameter]:
    return {"instrument": plan.instrument, **_named("wanted", plan.wanted)}


def _named(name: str, sources: Sequence[CatalogueSource]) -> dict[str, Parameter]:
    """Sources as parameters: their names, and their positions."""
    return {
        name: tuple(source.name for source in sources),
        f"{name}_positions": tuple(angle for s in sources for angle in (s.ra, s.dec)),
    }


def _extracted(events: RawFile, sources: FoundSources | None, catalogue: RawFile | None) -> _Inputs:
    inputs: dict[str, tuple[Step | RawFile, ...]] = {"events": (events,), **_as_input(catalogue)}
    if sources is not None:
        inputs["sources"] = (sources.step,)
    return inputs


def _as_input(catalogue: RawFile | None) -> dict[str, tuple[Step | RawFile, ...]]:
    return {} if catalogue is None else {"catalogue": (catalogue,)}


def _joined(parts: Sequence[Step], kept: Sequence[str]) -> dict[str, Parameter]:
    """Parameters of a step that joins Science Windows: theirs, and which they are."""
    own = {name: parts[0].parameters[name] for name in kept}
    return {**own, "windows": tuple(part.label for part in parts)}


def _label(parts: Sequence[Step]) -> str:
    return f"of {len(parts)} Science Windows"


ENGINE = Osa()
