"""``spectral_fit``: a model fitted to a published spectrum, folded with its responses."""

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from django.conf import settings

from analysis.fitting.errors import NoResponseFound
from analysis.fitting.result_votable import write_fit_votable
from analysis.fitting.results import FitResult, write_fit
from analysis.fitting.steps import FITTING
from analysis.products.detectors import Detector
from analysis.products.fits_files import Card
from analysis.products.ogip import NO_FILE, science_windows_in
from analysis.products.spectrum import Spectrum, read_spectrum
from analysis.publishing import Finished, ProductFile, give
from analysis.steps import RawFile, Step
from analysis.workflows.job_products import FITS, PNG, VOTABLE, log
from analysis.workflows.running import running
from analysis.workflows.spectral_fit_parameters import SpectralFitParameters
from archive import stored_products
from archive.publication import NewProduct
from archive.selection import ScienceWindowRecord, SelectionError, select
from archive.stored_products import StoredProduct
from auth.principal import Principal
from dali.errors import DaliError
from dali.tables import Info
from instruments.time import mjd_utc_from_ijd
from provenance.records import EntityRecord
from uws.errors import JobFailure
from uws.types import JobContext

NAME = "spectral_fit"
JSON = "application/json"
SIMULATED = "Simulated data: no photon of this spectrum is real"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a job fits, and the steps that do it."""

    product: StoredProduct
    spectrum: Spectrum
    matrix: StoredProduct
    ancillary: StoredProduct | None
    windows: tuple[ScienceWindowRecord, ...]
    e_min_kev: float
    e_max_kev: float
    fit: Step
    picture: Step


def _plan(parameters: SpectralFitParameters, owner: Principal) -> _Plan:
    """The plan of a job; raises what `run` does."""
    product = _product(parameters.identifier, owner)
    spectrum = read_spectrum(product.path)
    e_min, e_max = _range(parameters, spectrum.detector)
    matrix, ancillary = _responses(product, spectrum, owner)
    windows = _science_windows(product, owner)
    fit = FITTING.fit(
        _raw(product),
        _raw(matrix),
        _raw(ancillary) if ancillary else None,
        parameters.xspec_model,
        e_min,
        e_max,
    )
    picture = FITTING.picture(
        fit,
        f"{spectrum.source.name}, {spectrum.detector.obscore_name}",
        SIMULATED if any(window.is_simulated for window in windows) else "",
    )
    return _Plan(product, spectrum, matrix, ancillary, windows, e_min, e_max, fit, picture)


def targets(parameters: SpectralFitParameters, owner: Principal) -> tuple[Step, ...]:
    """The steps that such a job is for; raises what `run` does."""
    plan = _plan(parameters, owner)
    return plan.picture, plan.fit


def run(context: JobContext[SpectralFitParameters]) -> None:
    """Fit; raises `JobFailure`, or the `AnalysisError` of what can't be fitted."""
    parameters = context.parameters
    plan = _plan(parameters, context.owner)
    product, spectrum, windows = plan.product, plan.spectrum, plan.windows
    with running(context, FITTING) as work:
        work.tell(f"{spectrum.source.name}, {spectrum.detector.obscore_name}: {product.file_name}")
        work.tell(
            f"response: {plan.matrix.file_name}"
            + (f", {plan.ancillary.file_name}" if plan.ancillary else "; it holds the area")
        )
        outcome = work.run((plan.picture, plan.fit))
        fit, preview = outcome.of(plan.fit), outcome.of(plan.picture)
        if fit is None or preview is None:
            raise JobFailure(next(iter(outcome.failures.values())).reason)
        result = FitResult.from_json(fit.file.path.read_text(encoding="utf-8"))
        work.tell(result.summary)
        public = parameters.publish and product.is_public and bool(windows)
        if parameters.publish and product.is_public and not windows:
            work.tell("not published: the spectrum does not name its Science Windows")
    told = _Fit(result, spectrum, windows, context.owner, context.job_id)
    give(
        context,
        NAME,
        [
            ProductFile(
                "fit",
                "spectral_fit.json",
                JSON,
                (fit,),
                lambda path, _: _copy(fit.file.path, path),
                told.describe_json,
            ),
            ProductFile(
                "fit_table",
                "spectral_fit.vot",
                VOTABLE,
                (fit,),
                told.write_votable,
                told.describe_table,
            ),
            ProductFile(
                "fit_fits", "spectral_fit.fits", FITS, (fit,), told.write_fits, told.describe
            ),
            ProductFile(
                "preview",
                "spectral_fit.png",
                PNG,
                (preview,),
                lambda path, _: _copy(preview.file.path, path),
                told.describe_preview,
            ),
            log(work),
        ],
        list(work.results.values()),
        public=public,
        # what was chosen for the user is as good as given
        extra_parameters={
            name: value
            for name, given, value in (
                ("E_min_keV", parameters.e_min_kev, plan.e_min_kev),
                ("E_max_keV", parameters.e_max_kev, plan.e_max_kev),
            )
            if given is None
        },
    )


def _product(identifier: str, owner: Principal) -> StoredProduct:
    """The product of that name or address; raises `JobFailure`."""
    wanted = identifier.removeprefix(f"{settings.SITE_URL}/products/")
    try:
        return stored_products.find(wanted, owner)
    except DaliError as problem:
        raise JobFailure(f"ID: {problem.message}") from None


def _range(parameters: SpectralFitParameters, detector: Detector) -> tuple[float, float]:
    low, high = detector.fit_range_kev or (0.0, math.inf)
    low = low if parameters.e_min_kev is None else parameters.e_min_kev
    high = high if parameters.e_max_kev is None else parameters.e_max_kev
    if not 0 < low < high < math.inf:
        raise JobFailure(
            f"E_min_keV, E_max_keV: from {low:g} to {high:g} keV is no range that can be fitted"
        )
    return low, high


def _responses(
    product: StoredProduct, spectrum: Spectrum, owner: Principal
) -> tuple[StoredProduct, StoredProduct | None]:
    """Matrix and ancillary response: what RESPFILE and ANCRFILE name, published with it.

    Raises `NoResponseFound`; a spectrum whose ANCRFILE is NONE has its area in the matrix.
    """
    together = stored_products.beside(product, owner)
    matrix = _named(together, spectrum.response_file, "RESPFILE")
    if spectrum.ancillary_file == NO_FILE:
        return matrix, None
    return matrix, _named(together, spectrum.ancillary_file, "ANCRFILE")


def _named(together: Sequence[StoredProduct], name: str, keyword: str) -> StoredProduct:
    if name == NO_FILE:
        raise NoResponseFound(f"the spectrum names no response: {keyword} is {NO_FILE}")
    plain = PurePosixPath(name).name
    for product in together:
        if product.file_name == plain:
            return product
    raise NoResponseFound(
        f"{plain}, which the spectrum names as its {keyword}, is not among the products that were"
        " published with it"
    )


def _science_windows(product: StoredProduct, owner: Principal) -> tuple[ScienceWindowRecord, ...]:
    """Those that the spectrum was made of, if this person may read them all."""
    names = science_windows_in(product.path)
    if not names:
        return ()
    try:
        return select(principal=owner, ids=names)
    except SelectionError:
        return ()


def _raw(product: StoredProduct) -> RawFile:
    return RawFile(
        product.file_name,
        product.path,
        EntityRecord(
            product.obs_publisher_did,
            name=product.file_name,
            content_type=product.media_type,
            checksum=f"sha256:{product.sha256}",
        ),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """All that a finished fit consists of."""

    result: FitResult
    spectrum: Spectrum
    windows: tuple[ScienceWindowRecord, ...]
    owner: Principal
    job_id: str

    def write_votable(self, path: Path, made: Sequence[Card]) -> None:
        infos = [Info(name, str(value), comment) for name, value, comment in self._cards(made)]
        write_fit_votable(path, self.result, infos)

    def write_fits(self, path: Path, made: Sequence[Card]) -> None:
        write_fit(path, self.result, self._cards(made))

    def describe(self, finished: Finished) -> NewProduct:
        spectrum, result = self.spectrum, self.result
        coverage, source = spectrum.coverage, spectrum.source
        has_position = math.isfinite(source.ra) and math.isfinite(source.dec)
        return NewProduct(
            file=finished.path,
            file_name=finished.path.name,
            identity=finished.identity,
            obs_id=finished.obs_id,
            kind="fit_fits",
            media_type=FITS,
            dataproduct_type="measurements",
            calib_level=4,
            title=f"{result.model} fitted to the {spectrum.detector.obscore_name} spectrum"
            f" of {source.name}",
            inputs=self.windows,
            owner=self.owner,
            job_id=self.job_id,
            target_name=source.name or None,
            e_min_kev=result.e_min_kev,
            e_max_kev=result.e_max_kev,
            ra=source.ra if has_position else None,
            dec=source.dec if has_position else None,
            t_min=mjd_utc_from_ijd(coverage.t_start_ijd),
            t_max=mjd_utc_from_ijd(coverage.t_stop_ijd),
            exposure_s=coverage.livetime_s,
            o_ucd="stat.fit.param",
            software=f"{FITTING.name} of vo_server {settings.VO_VERSION}",
            instrument=spectrum.detector.obscore_name,
        )

    def describe_json(self, finished: Finished) -> NewProduct:
        return self._beside(finished, "fit", JSON)

    def describe_table(self, finished: Finished) -> NewProduct:
        return self._beside(finished, "fit_table", VOTABLE)

    def describe_preview(self, finished: Finished) -> NewProduct:
        return self._beside(finished, "preview", PNG)

    def _beside(self, finished: Finished, kind: str, media_type: str) -> NewProduct:
        """What is published with the FITS file, whose row is the fit's."""
        return replace(
            self.describe(finished),
            kind=kind,
            media_type=media_type,
            dataproduct_type=None,
            listed=False,
        )

    def _cards(self, made: Sequence[Card]) -> list[Card]:
        source = self.spectrum.source
        cards: list[Card] = [
            ("INSTRUME", self.spectrum.detector.name, "Instrument name"),
            ("OBJECT", source.name, "Name of the source"),
        ]
        if any(window.is_simulated for window in self.windows):
            cards.append(("SIMDATA", True, "Made from simulated photons"))
        return [*cards, *made]


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
