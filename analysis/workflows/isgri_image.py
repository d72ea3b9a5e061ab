"""``isgri_image``: a mosaic of Science Windows with the sources in it."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from django.conf import settings

from analysis.engines.protocol import ImagePlan, ImagingEngine, MosaicSteps
from analysis.engines.registry import imaging_engine
from analysis.errors import EmptyImageList
from analysis.execution import GraphResult
from analysis.products.fits_files import Card
from analysis.products.image_files import write_image
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_list import Source, above, write_source_list
from analysis.products.source_votable import write_source_votable
from analysis.publishing import Finished, ProductFile, give
from analysis.steps import RawFile, Step
from analysis.workflows.choosing import Choice, choose
from analysis.workflows.isgri_image_parameters import IsgriImageParameters
from analysis.workflows.running import WorkflowRun, running
from archive import catalogue
from archive.publication import NewProduct
from archive.selection import ScienceWindowRecord
from auth.principal import Principal
from dali.tables import Info
from instruments.time import mjd_utc_from_ijd
from provenance.records import EntityRecord
from uws.errors import JobFailure
from uws.types import JobContext

NAME = "isgri_image"
FITS = "application/fits"
VOTABLE = "application/x-votable+xml"
PNG = "image/png"
#: The mask's elements as seen from the detector: 12 arcmin.
RESOLUTION_ARCSEC = 720.0
SIMULATED = "Simulated data: no photon of this image is real"


def run(context: JobContext[IsgriImageParameters]) -> None:
    """Make the image; raises `JobFailure`."""
    parameters = context.parameters
    choice = choose(parameters, context.owner)
    windows = choice.windows
    graph = _graph(parameters, choice)
    engine, images, steps = graph.engine, graph.images, graph.steps
    with running(context, engine) as work:
        work.tell(_told(choice))
        outcome = work.run(steps.all())
        good = _good(work, images, outcome)
        if len(good) < len(images):
            steps = engine.mosaic(good, graph.known, graph.plan)
            outcome = work.run(steps.all())
    mosaic, sources, preview = (outcome.of(step) for step in steps.all())
    if mosaic is None or sources is None or preview is None:
        raise JobFailure(next(iter(outcome.failures.values())).reason)
    used = tuple(w for w in windows if str(w.id) in {image.label for image in good})
    maps = engine.read_mosaic(mosaic.file.path)
    found = above(parameters.detection_threshold, engine.read_sources(sources.file.path))
    work.tell(f"{len(found)} sources above {parameters.detection_threshold:g} sigma")
    image = _Image(used, maps, found, engine.name, context.owner, context.job_id)
    give(
        context,
        NAME,
        [
            ProductFile(
                "mosaic",
                "isgri_mosaic.fits",
                FITS,
                (mosaic,),
                image.write_mosaic,
                image.describe_mosaic,
            ),
            ProductFile(
                "sources",
                "isgri_sources.vot",
                VOTABLE,
                (sources,),
                image.write_votable,
                image.describe_sources,
            ),
            ProductFile(
                "sources_fits", "isgri_sources.fits", FITS, (sources,), image.write_fits_list
            ),
            ProductFile(
                "preview",
                "isgri_mosaic.png",
                PNG,
                (preview,),
                partial(_copy, preview.file.path),
                image.describe_preview,
            ),
            _log(work),
        ],
        [result.file.activity.id for result in work.results.values()],
        public=parameters.publish and all(window.is_public for window in used),
        extra_parameters={} if choice.seed is None else {"selection_seed": choice.seed},
    )


def targets(parameters: IsgriImageParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that a job with these parameters is for, with all that they need behind them.

    Raises `JobFailure` and `AnalysisError` where the job would.
    """
    return _graph(parameters, choose(parameters, owner)).steps.all()


@dataclass(frozen=True, slots=True, eq=False)
class _Graph:
    """What an image of some Science Windows is made by, before any of it has run."""

    engine: ImagingEngine
    plan: ImagePlan
    known: RawFile | None
    images: Sequence[Step]
    steps: MosaicSteps


def _graph(parameters: IsgriImageParameters, choice: Choice) -> _Graph:
    engine = imaging_engine(parameters.engine)
    plan = ImagePlan(
        parameters.e_min_kev,
        parameters.e_max_kev,
        parameters.detection_threshold,
        title="IBIS/ISGRI mosaic",
        notice=SIMULATED if any(window.is_simulated for window in choice.windows) else "",
    )
    known = _catalogue()
    images = [engine.image(_events(window), known, plan) for window in choice.windows]
    return _Graph(engine, plan, known, images, engine.mosaic(images, known, plan))


def _good(work: WorkflowRun, images: Sequence[Step], outcome: GraphResult) -> list[Step]:
    """The images that didn't fail; raises `EmptyImageList` where too many did."""
    failures = [outcome.failures[i.identity] for i in images if i.identity in outcome.failures]
    if len(failures) > settings.VO_ANALYSIS_MOST_FAILED * len(images):
        reasons = "; ".join(failure.reason for failure in failures[:5])
        raise EmptyImageList(f"{len(failures)} of {len(images)} Science Windows failed: {reasons}")
    for failure in failures:
        work.tell(f"left out: {failure.reason}")
    return [image for image in images if image.identity not in outcome.failures]


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """All that a finished image consists of."""

    windows: tuple[ScienceWindowRecord, ...]
    maps: SkyMaps
    sources: tuple[Source, ...]
    engine: str
    owner: Principal
    job_id: str

    @property
    def simulated(self) -> bool:
        return any(window.is_simulated for window in self.windows)

    def write_mosaic(self, path: Path, made: Sequence[Card]) -> None:
        names = [str(window.id) for window in self.windows]
        write_image(path, self.maps, science_windows=names, cards=[*self._cards(), *made])

    def write_votable(self, path: Path, made: Sequence[Card]) -> None:
        infos = [
            Info(keyword, str(value), comment)
            for keyword, value, comment in (*self._cards(), *made)
        ]
        write_source_votable(path, self.sources, infos)

    def write_fits_list(self, path: Path, made: Sequence[Card]) -> None:
        write_source_list(path, self.sources, [*self._cards(), *made])

    def describe_mosaic(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished),
            kind="mosaic",
            media_type=FITS,
            dataproduct_type="image",
            calib_level=3,
            title=f"IBIS/ISGRI mosaic of {len(self.windows)} Science Windows",
            pixels=(self.maps.plane.shape[1], self.maps.plane.shape[0]),
            pixel_arcsec=self.maps.plane.pixel_deg * 3600,
        )

    def describe_sources(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished),
            kind="sources",
            media_type=VOTABLE,
            dataproduct_type="measurements",
            calib_level=4,
            title=f"Sources in an IBIS/ISGRI mosaic of {len(self.windows)} Science Windows",
        )

    def describe_preview(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished),
            kind="preview",
            media_type=PNG,
            title="Significance of an IBIS/ISGRI mosaic",
            listed=False,
        )

    def _cards(self) -> list[Card]:
        cards: list[Card] = [("ENGINE", self.engine, "Engine that made the image")]
        if self.simulated:
            cards.append(("SIMDATA", True, "Made from simulated photons"))
        return cards

    def _description(self, finished: Finished) -> NewProduct:
        """What all products of the image have in common."""
        plane = self.maps.plane
        rows, columns = plane.shape
        ra, dec = plane.sky([0, columns - 1, columns - 1, 0], [0, 0, rows - 1, rows - 1])
        centre_ra, centre_dec = plane.sky((columns - 1) / 2, (rows - 1) / 2)
        return NewProduct(
            file=finished.path,
            file_name=finished.path.name,
            identity=finished.identity,
            obs_id=finished.obs_id,
            kind="",
            media_type="",
            dataproduct_type=None,
            calib_level=3,
            title="",
            inputs=self.windows,
            owner=self.owner,
            job_id=self.job_id,
            e_min_kev=self.maps.e_min_kev,
            e_max_kev=self.maps.e_max_kev,
            ra=float(centre_ra),
            dec=float(centre_dec),
            fov=math.hypot(rows, columns) * plane.pixel_deg,
            region=tuple(zip(map(float, ra), map(float, dec), strict=True)),
            t_min=mjd_utc_from_ijd(self.maps.t_start_ijd),
            t_max=mjd_utc_from_ijd(self.maps.t_stop_ijd),
            exposure_s=self.maps.livetime_s,
            resolution_arcsec=RESOLUTION_ARCSEC,
            o_ucd="phot.count;em.X-ray.hard",
            o_unit="count/s",
            software=f"{self.engine} of vo_server {settings.VO_VERSION}",
        )


def _log(work: WorkflowRun) -> ProductFile:
    text = "".join(f"{line}\n" for line in work.lines)
    return ProductFile(
        "log", "log.txt", "text/plain; charset=utf-8", (), lambda path, _: _write_text(path, text)
    )


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _copy(source: Path, target: Path, made: Sequence[Card]) -> None:
    shutil.copyfile(source, target)


def _events(window: ScienceWindowRecord) -> RawFile:
    file = window.event_file
    return RawFile(
        str(window.id),
        file.path,
        EntityRecord(
            window.entity_id,
            name=f"{file.path.name} {window.id}",
            location=str(file.location),
            checksum=f"sha256:{file.sha256}",
        ),
    )


def _catalogue() -> RawFile | None:
    edition = catalogue.edition()
    if edition is None:
        return None
    return RawFile(
        PurePosixPath(edition.location).name,
        Path(settings.VO_ARCHIVE_ROOT) / edition.location,
        EntityRecord(
            edition.entity_id,
            name=PurePosixPath(edition.location).name,
            location=edition.location,
            checksum=f"sha256:{edition.sha256}",
        ),
    )


def _told(choice: Choice) -> str:
    taken = len(choice.windows)
    if choice.seed is None:
        return f"{taken} Science Windows"
    return f"{taken} of {choice.found} Science Windows, chosen at random with seed {choice.seed}"
