"""What a job gives of one source: its files, what they are called, what the archive is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from analysis.outcomes import StepResult
from analysis.products.fits_files import Card
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_spectrum import SourceSpectrum
from analysis.publishing import Finished, ProductFile
from analysis.workflows.imaging import SIMULATED
from analysis.workflows.job_products import FITS, PNG, Origin, plain_name
from archive.publication import NewProduct
from instruments.time import mjd_utc_from_ijd

Item = TypeVar("Item", SourceSpectrum, SourceLightCurve)


@dataclass(frozen=True, slots=True, eq=False)
class OneSource(Generic[Item]):
    """What was extracted of one source.

    result: of the step that did it. number: among the job's sources. what: it is, in words.
    """

    origin: Origin
    result: StepResult
    number: int
    item: Item
    what: str
    energies_kev: tuple[float, float]

    def file_name(self, word: str, ending: str = "fits") -> str:
        """What a file of the source is called. word: says which of them."""
        prefix, source = self.origin.instrument.name, plain_name(self.item.name)
        return f"{prefix}_{word}_{self.number}_{source}.{ending}"

    def file(
        self,
        name: str,
        file_name: str,
        write: Callable[[Path, Sequence[Card]], None],
        describe: Callable[[Finished], NewProduct],
        media_type: str = FITS,
    ) -> ProductFile:
        """One of the job's results. name: of the result, which gets the source's number."""
        result, made_from = f"{name}_{self.number}", (self.result,)
        return ProductFile(result, file_name, media_type, made_from, write, describe)

    def preview(self, draw: Callable[..., None]) -> ProductFile:
        """Its picture, drawn with a title and a notice."""

        def write(path: Path, made: Sequence[Card]) -> None:
            title = f"{self.item.name}, {self.origin.instrument.title}"
            notice = SIMULATED if self.origin.simulated else ""
            draw(path, self.item, title=title, notice=notice)

        def describe(finished: Finished) -> NewProduct:
            title = f"picture of the {self.what}"
            return replace(self.described(finished, "preview", title, PNG), listed=False)

        return self.file("preview", self.file_name("preview", "png"), write, describe, PNG)

    def described(
        self, finished: Finished, kind: str, title: str, media_type: str = FITS
    ) -> NewProduct:
        """What the archive is told of any file of the source; the rest is put in by `replace`."""
        item = self.item
        title = f"{self.origin.instrument.title} {title} of {item.name}"
        return replace(
            self.origin.product(finished, kind, media_type, title, self.energies_kev),
            target_name=item.name,
            ra=item.ra,
            dec=item.dec,
            t_min=mjd_utc_from_ijd(item.t_start_ijd),
            t_max=mjd_utc_from_ijd(item.t_stop_ijd),
            exposure_s=item.livetime_s,
        )
