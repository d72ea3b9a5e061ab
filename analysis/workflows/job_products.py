"""What the products of a job have in common, and its log."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from analysis.products.fits_files import Card
from analysis.publishing import Finished, ProductFile, give
from analysis.workflows.choosing import Choice
from analysis.workflows.instrument import WorkflowInstrument
from analysis.workflows.running import WorkflowRun
from archive.publication import NewProduct
from archive.selection import ScienceWindowRecord
from auth.principal import Principal
from uws.types import JobContext

FITS = "application/fits"
VOTABLE = "application/x-votable+xml"
PNG = "image/png"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job's products come from."""

    instrument: WorkflowInstrument
    windows: tuple[ScienceWindowRecord, ...]
    engine: str
    owner: Principal
    job_id: str

    @property
    def simulated(self) -> bool:
        """Whether any photon is."""
        return any(window.is_simulated for window in self.windows)

    def window_names(self) -> list[str]:
        """``RRRRPPPPSSSF.VVV`` of each Science Window."""
        return [str(window.id) for window in self.windows]

    def named(self, names: Sequence[str]) -> "Origin":
        """The same with those of its Science Windows alone."""
        wanted = set(names)
        windows = tuple(window for window in self.windows if str(window.id) in wanted)
        return Origin(self.instrument, windows, self.engine, self.owner, self.job_id)

    def cards(self) -> list[Card]:
        """What headers tell of it."""
        cards: list[Card] = [("ENGINE", self.engine, "Engine that made this product")]
        if self.simulated:
            cards.append(("SIMDATA", True, "Made from simulated photons"))
        return cards

    def product(
        self,
        finished: Finished,
        kind: str,
        media_type: str,
        title: str,
        energies_kev: tuple[float, float],
    ) -> NewProduct:
        """What the archive is to know of any product; the rest is put in by `replace`."""
        return NewProduct(
            file=finished.path,
            file_name=finished.path.name,
            identity=finished.identity,
            obs_id=finished.obs_id,
            kind=kind,
            media_type=media_type,
            dataproduct_type=None,
            calib_level=3,
            title=title,
            inputs=self.windows,
            owner=self.owner,
            job_id=self.job_id,
            instrument=self.instrument.detector.obscore_name,
            e_min_kev=energies_kev[0],
            e_max_kev=energies_kev[1],
            resolution_arcsec=self.instrument.resolution_arcsec,
            o_ucd=self.instrument.o_ucd,
            o_unit="count/s",
            software=f"{self.engine} of vo_server {settings.VO_VERSION}",
        )


def origin(
    context: JobContext[Any],
    instrument: WorkflowInstrument,
    windows: Sequence[ScienceWindowRecord],
    engine: str,
) -> Origin:
    """The origin of a job's products."""
    return Origin(instrument, tuple(windows), engine, context.owner, context.job_id)


def log(work: WorkflowRun) -> ProductFile:
    """The job's log as a result."""
    text = "".join(f"{line}\n" for line in work.lines)
    return ProductFile(
        "log", "log.txt", "text/plain; charset=utf-8", (), lambda path, _: _write_text(path, text)
    )


def give_all(
    context: JobContext[Any],
    name: str,
    products: Sequence[ProductFile],
    work: WorkflowRun,
    made_from: Origin,
    choice: Choice,
) -> None:
    """Give a job's products and its log; public where the job asks for it and all its data are.

    name: of the job type. made_from: the Science Windows that are in the products. choice: from
    which they were taken.
    """
    give(
        context,
        name,
        [*products, log(work)],
        list(work.results.values()),
        public=context.parameters.publish and all(window.is_public for window in made_from.windows),
        extra_parameters={} if choice.seed is None else {"selection_seed": choice.seed},
    )


def plain_name(source: str) -> str:
    """A source's name as part of a file's."""
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", source).strip("_.")[:60] or "source"


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
