"""The image job of any coded-mask instrument: a mosaic of Science Windows with its sources."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis.products.fits_files import Card
from analysis.products.image_files import write_image
from analysis.products.sky_maps import SkyMaps
from analysis.products.source_list import Source, above, write_source_list
from analysis.products.source_votable import write_source_votable
from analysis.publishing import Finished, ProductFile
from analysis.steps import Step
from analysis.workflows.choosing import choose, located
from analysis.workflows.imaging import image_graph, imaged, reference_catalogue
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.job_products import FITS, PNG, VOTABLE, Origin, give_all, origin
from analysis.workflows.running import running
from analysis.workflows.selection import ImagingParameters
from archive.publication import NewProduct
from auth.principal import Principal
from dali.tables import Info
from instruments.time import mjd_utc_from_ijd
from uws.types import JobContext


def run(context: JobContext[Any], name: str, instrument: WorkflowInstrument) -> None:
    """Make the image; raises `JobFailure`. name: of the job type."""
    context.parameters = _located(context.parameters)
    parameters: ImagingParameters = context.parameters
    choice = choose(parameters, context.owner)
    graph = image_graph(parameters, instrument, choice.windows, reference_catalogue())
    engine = graph.engine
    with running(context, engine) as work:
        work.tell(choice.told())
        made = imaged(work, graph)
    mosaic, sources, lists, preview = (made.result(step) for step in made.steps.all())
    threshold = parameters.detection_threshold
    found = above(threshold, engine.read_sources(sources.file.path))
    work.tell(f"{len(found)} sources above {threshold:g} sigma")
    image = _Image(
        origin(context, instrument, made.windows, engine.name),
        engine.read_mosaic(mosaic.file.path),
        found,
        engine.read_sources(lists.file.path),
    )
    prefix = instrument.name
    give_all(
        context,
        name,
        [
            ProductFile(
                "mosaic",
                f"{prefix}_mosaic.fits",
                FITS,
                # the list says what the images in it were cleaned of
                (mosaic, sources),
                image.write_mosaic,
                image.describe_mosaic,
            ),
            ProductFile(
                "sources",
                f"{prefix}_sources.vot",
                VOTABLE,
                (sources,),
                image.write_votable,
                image.describe_sources,
            ),
            ProductFile(
                "sources_fits",
                f"{prefix}_sources.fits",
                FITS,
                (sources,),
                image.write_fits_list,
                image.describe_fits_list,
            ),
            ProductFile(
                "sources_scw",
                f"{prefix}_sources_scw.vot",
                VOTABLE,
                (lists,),
                image.write_window_lists,
                image.describe_window_lists,
            ),
            ProductFile(
                "preview",
                f"{prefix}_mosaic.png",
                PNG,
                (preview,),
                partial(_copy, preview.file.path),
                image.describe_preview,
            ),
        ],
        work,
        image.origin,
        choice,
    )


def targets(
    parameters: ImagingParameters, owner: Principal, instrument: WorkflowInstrument
) -> tuple[Step, ...]:
    """The steps that an image job is for; raises what the job would."""
    windows = choose(_located(parameters), owner).windows
    return image_graph(parameters, instrument, windows, reference_catalogue()).at_hand().all()


def _located(parameters: ImagingParameters) -> ImagingParameters:
    """With the position by which Science Windows are chosen; a list of them needs none."""
    return parameters if parameters.scw_list else located(parameters)


@dataclass(frozen=True, slots=True, eq=False)
class _Image:
    """All that a finished image consists of."""

    origin: Origin
    maps: SkyMaps
    sources: tuple[Source, ...]
    window_sources: tuple[Source, ...]

    def write_mosaic(self, path: Path, made: Sequence[Card]) -> None:
        instrument = self.origin.instrument
        write_image(
            path,
            self.maps,
            extension=instrument.mosaic_extension,
            detector=instrument.detector,
            types=instrument.maps,
            science_windows=self.origin.window_names(),
            cards=[*self.origin.cards(), *made],
        )

    def write_votable(self, path: Path, made: Sequence[Card]) -> None:
        write_source_votable(path, self.sources, self._infos(made))

    def write_window_lists(self, path: Path, made: Sequence[Card]) -> None:
        write_source_votable(path, self.window_sources, self._infos(made))

    def write_fits_list(self, path: Path, made: Sequence[Card]) -> None:
        write_source_list(
            path,
            self.sources,
            [*self.origin.cards(), *made],
            detector=self.origin.instrument.detector,
            extension=self.origin.instrument.source_list_extension,
        )

    def describe_mosaic(self, finished: Finished) -> NewProduct:
        plane = self.maps.plane
        return replace(
            self._description(finished, "mosaic", FITS, f"mosaic of {self._windows}"),
            dataproduct_type="image",
            pixels=(plane.shape[1], plane.shape[0]),
            pixel_arcsec=plane.pixel_deg * 3600,
        )

    def describe_sources(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished, "sources", VOTABLE, f"sources in {self._windows}"),
            dataproduct_type="measurements",
            calib_level=4,
        )

    def describe_fits_list(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished, "sources_fits", FITS, f"sources in {self._windows}"),
            calib_level=4,
            # the row of this list names the VOTable
            listed=False,
        )

    def describe_window_lists(self, finished: Finished) -> NewProduct:
        title = f"sources in each of {self._windows}"
        return replace(
            self._description(finished, "sources_scw", VOTABLE, title),
            calib_level=4,
            listed=False,
        )

    def describe_preview(self, finished: Finished) -> NewProduct:
        return replace(
            self._description(finished, "preview", PNG, "significance of a mosaic"), listed=False
        )

    def _infos(self, made: Sequence[Card]) -> list[Info]:
        cards = (*self.origin.cards(), *made)
        return [Info(keyword, str(value), comment) for keyword, value, comment in cards]

    @property
    def _windows(self) -> str:
        return f"{len(self.origin.windows)} Science Windows"

    def _description(
        self, finished: Finished, kind: str, media_type: str, title: str
    ) -> NewProduct:
        """What all products of the image have in common."""
        plane = self.maps.plane
        rows, columns = plane.shape
        ra, dec = plane.sky([0, columns - 1, columns - 1, 0], [0, 0, rows - 1, rows - 1])
        centre_ra, centre_dec = plane.sky((columns - 1) / 2, (rows - 1) / 2)
        return replace(
            self.origin.product(
                finished,
                kind,
                media_type,
                f"{self.origin.instrument.title} {title}",
                (self.maps.e_min_kev, self.maps.e_max_kev),
            ),
            ra=float(centre_ra),
            dec=float(centre_dec),
            fov=math.hypot(rows, columns) * plane.pixel_deg,
            region=tuple(zip(map(float, ra), map(float, dec), strict=True)),
            t_min=mjd_utc_from_ijd(self.maps.t_start_ijd),
            t_max=mjd_utc_from_ijd(self.maps.t_stop_ijd),
            exposure_s=self.maps.livetime_s,
        )


def _copy(source: Path, target: Path, made: Sequence[Card]) -> None:
    shutil.copyfile(source, target)
