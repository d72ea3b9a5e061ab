"""The job ``spectral_fit``, on spectra published in an archive of simulated Science Windows."""

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from django.db import connection
from kept_results import not_kept
from sample_spectra import COVERAGE, CRAB, sample_response

from analysis.fitting.models import MODELS
from analysis.jobs import SPECTRAL_FIT
from analysis.products.detectors import ISGRI
from analysis.products.responses import write_ancillary_response, write_redistribution_matrix
from analysis.products.spectrum import Spectrum, spectrum, write_spectrum
from analysis.workflow_types import targets_of
from analysis.workflows.spectral_fit_parameters import SpectralFitParameters
from archive.datalink import links
from archive.models import DataProduct
from archive.publication import NewProduct, PublishedProduct, publish
from archive.selection import ScienceWindowRecord, select
from auth.principal import ANONYMOUS, Principal
from fixtures.sky import source_named
from uws.errors import InvalidParametersError, JobFailure
from uws.parameters import check
from uws.types import JobContext

Publish = Callable[..., PublishedProduct]
Fit = Callable[..., "Done"]
ARF, RMF = sample_response()


@pytest.fixture
def windows(archive: Path) -> tuple[ScienceWindowRecord, ...]:
    """Two public Science Windows."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT scw FROM integral.scw WHERE is_public ORDER BY scw LIMIT 2")
        names = [name for (name,) in cursor.fetchall()]
    return select(principal=ANONYMOUS, ids=names)


def seen(**changes: Any) -> Spectrum:
    """A power law of index 2.1 with noise."""
    photons = 9.0 * MODELS["powerlaw"].photons(ARF.energy_low_kev, ARF.energy_high_kev, (2.1,))
    rate = photons @ (ARF.area_cm2[:, None] * RMF.matrix)
    error = np.sqrt((rate + 5.0) / 20000)
    noise = np.random.default_rng(4).normal(0, error)
    made = spectrum(
        *(ISGRI, CRAB, rate + noise, error, RMF.e_min_kev, RMF.e_max_kev, COVERAGE),
        ancillary_file="crab_arf.fits",
        response_file="crab_rmf.fits",
    )
    return replace(made, **changes)


@pytest.fixture
def publish_spectrum(
    windows: tuple[ScienceWindowRecord, ...], tmp_path: Path
) -> Callable[..., PublishedProduct]:
    """Publishes a spectrum with its responses, as the spectrum's job does; gives the spectrum."""
    numbers = itertools.count()

    def make(
        made: Spectrum, *, with_rmf: bool = True, with_arf: bool = True, named: bool = True
    ) -> PublishedProduct:
        folder = tmp_path / f"made{next(numbers)}"
        folder.mkdir()
        names = [str(window.id) for window in windows] if named else []
        write_spectrum(folder / "crab.fits", made, science_windows=names)
        write_ancillary_response(folder / "crab_arf.fits", ARF)
        write_redistribution_matrix(folder / "crab_rmf.fits", RMF)
        of_spectrum = NewProduct(
            file=folder / "crab.fits",
            file_name="crab.fits",
            kind="spectrum_1",
            media_type="application/fits",
            dataproduct_type="spectrum",
            calib_level=3,
            obs_id=folder.name,
            title="Spectrum of the Crab",
            inputs=windows,
            owner=ANONYMOUS,
            e_min_kev=15.0,
            e_max_kev=800.0,
        )
        for part, wanted in (("arf", with_arf), ("rmf", with_rmf)):
            if wanted:
                publish(
                    replace(
                        of_spectrum,
                        file=folder / f"crab_{part}.fits",
                        file_name=f"crab_{part}.fits",
                        kind=f"{part}_1",
                        dataproduct_type=None,
                        dataproduct_subtype=part,
                    )
                )
        return publish(of_spectrum)

    return make


class Done:
    """A job that has run."""

    def __init__(self, context: JobContext[SpectralFitParameters]) -> None:
        self.results = {result.name: result.path for result in context.results}
        self.log = self.results["log"].read_text().splitlines()
        self.fit = json.loads(self.results["fit"].read_text())

    def value(self, name: str) -> dict[str, Any]:
        return next(p for p in self.fit["parameters"] if p["name"] == name)


@pytest.fixture
def fit(archive: Path, tmp_path: Path) -> Fit:
    """Runs a job with these parameters."""
    numbers = itertools.count()

    def run(owner: Principal = ANONYMOUS, **sent: str) -> Done:
        folder = tmp_path / f"fit{next(numbers)}"
        folder.mkdir()
        parameters = check(SpectralFitParameters, {k: (v,) for k, v in sent.items()})
        context = JobContext(f"secret-{folder.name}", owner, parameters, folder)
        SPECTRAL_FIT.run(context)
        for write in context.at_completion:
            write()
        return Done(context)

    return run


def rows(sql: str) -> list[tuple[Any, ...]]:
    """What the published tables hold."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def test_a_published_spectrum_is_fitted_and_the_fit_published(
    publish_spectrum: Publish, fit: Fit
) -> None:
    product = publish_spectrum(seen())
    done = fit(ID=product.obs_publisher_did)
    assert set(done.results) == {"fit", "fit_table", "fit_fits", "preview", "log"}
    index = done.value("PhoIndex")
    assert abs(index["value"] - 2.1) < 4 * index["error"]
    assert (done.fit["source"], done.fit["instrument"]) == ("Crab", "IBIS/ISGRI")
    # the mission's response is not relied upon below 30 keV
    assert (done.fit["e_min_kev"], done.fit["e_max_kev"]) == (30.0, 300.0)
    assert min(done.fit["bins"]["e_low_kev"]) >= 30.0 * 0.9999
    assert any(line.startswith("powerlaw: PhoIndex = 2.") for line in done.log)
    table = parse_single_table(done.results["fit_table"]).to_table()
    assert table["value"][0] == index["value"]
    with fits.open(done.results["fit_fits"], checksum=True) as hdus:
        hdus.verify("exception")
        assert hdus["FIT-PARAMETERS"].data["VALUE"][0] == index["value"]
        header = hdus[0].header
        assert header["SIMDATA"] is True
        entity = header["PROVENT"]
    assert rows(
        "SELECT dataproduct_type, calib_level, target_name, instrument_name FROM ivoa.obscore"
        f" WHERE obs_publisher_did = '{entity}'"
    ) == [("measurements", 4, "Crab", "IBIS/ISGRI")]
    ancestors = {
        name
        for (name,) in rows(
            "SELECT e.name FROM provenance.lineage l JOIN provenance.entity e"
            f" ON e.id = l.ancestor WHERE l.descendant = '{entity}'"
        )
    }
    assert {"crab.fits", "crab_arf.fits", "crab_rmf.fits"} <= ancestors
    # what ID names is an input of the step that fits, whose result the job used
    ((role, user, name),) = rows(
        "SELECT u.role, a.id, a.name FROM provenance.used u"
        " JOIN provenance.activity a ON a.id = u.activity_id"
        f" WHERE u.entity_id = '{product.obs_publisher_did}'"
    )
    assert (role, name) == ("spectrum", "spectral_fit")
    ((job,),) = rows(
        f"SELECT activity_id FROM provenance.was_generated_by WHERE entity_id = '{entity}'"
    )
    assert user != job
    parameters = dict(
        rows(
            'SELECT p.name, p."value" FROM provenance.parameter p'
            " JOIN provenance.was_configured_by c ON c.parameter_id = p.id"
            " JOIN provenance.was_generated_by g ON g.activity_id = c.activity_id"
            f" WHERE g.entity_id = '{entity}'"
        )
    )
    assert parameters["ID"] == product.obs_publisher_did
    assert float(parameters["E_min_keV"]) == 30.0
    assert parameters["xspec_model"] == "powerlaw"


@pytest.mark.parametrize("use_cache", ["1", "0"])
def test_every_file_of_a_fit_is_kept_linked_and_identical_when_it_is_made_again(
    publish_spectrum: Publish, fit: Fit, reproduce: Callable[..., Any], use_cache: str
) -> None:
    done = fit(ID=publish_spectrum(seen()).obs_publisher_did)
    assert not_kept("spectral_fit") == {"log"}
    header = fits.getheader(done.results["fit_fits"])
    again = reproduce(header["PROVACT"], use_cache=use_cache)
    assert again["identical"], again
    made = {item["result"]: item["original"] for item in again["products"]}
    assert list(made) == ["fit", "fit_table", "fit_fits", "preview"]
    assert [left["result"] for left in again["left_out"]] == ["log"]
    for result in ("fit", "fit_table"):
        (item,) = reproduce(made[result])["products"]
        assert (item["result"], item["identical"]) == (result, True)
    assert [
        (link.semantics, link.local_semantics) for link in links([*made.values()], ANONYMOUS)
    ] == [
        ("#this", "fit"),
        ("#this", "fit_table"),
        ("#this", "fit_fits"),
        ("#preview", "preview"),
        ("#coderived", "fit"),
        ("#coderived", "fit_table"),
        ("#this", "preview"),
    ]
    kept = {
        each.kind: each for each in DataProduct.objects.filter(obs_publisher_did__in=made.values())
    }
    for result, each in kept.items():
        assert each.file.read_bytes() == done.results[result].read_bytes()
    kept["fit"].file.chmod(0o644)
    kept["fit"].file.write_text(json.dumps({**done.fit, "chi2": 0.0}), encoding="utf-8")
    altered = reproduce(header["PROVACT"])
    assert [i["result"] for i in altered["products"] if not i["identical"]] == ["fit"]


def test_the_same_fit_is_restored_from_the_cache(publish_spectrum: Publish, fit: Fit) -> None:
    product = publish_spectrum(seen())
    first = fit(ID=product.product_id)
    again = fit(ID=product.access_url)
    assert sum(line.endswith(" done") for line in first.log) == 2
    assert sum(line.endswith(" restored from cache") for line in again.log) == 2
    assert first.fit == again.fit


def test_model_and_range_are_the_users(publish_spectrum: Publish, fit: Fit) -> None:
    product = publish_spectrum(seen())
    done = fit(
        ID=product.obs_publisher_did, xspec_model="cutoffpl", E_min_keV="20", E_max_keV="200"
    )
    assert [p["name"] for p in done.fit["parameters"]] == ["PhoIndex", "HighECut", "norm"]
    assert (done.fit["e_min_kev"], done.fit["e_max_kev"]) == (20.0, 200.0)


def test_a_spectrum_without_its_matrix_is_refused_by_name(
    publish_spectrum: Publish, fit: Fit
) -> None:
    product = publish_spectrum(seen(), with_rmf=False)
    with pytest.raises(
        JobFailure, match=r"NoResponseFound: crab_rmf\.fits, which the spectrum names as its RESP"
    ):
        fit(ID=product.obs_publisher_did)


def test_a_spectrum_that_names_no_response_is_refused(publish_spectrum: Publish, fit: Fit) -> None:
    product = publish_spectrum(seen(response_file="NONE"))
    with pytest.raises(JobFailure, match="names no response: RESPFILE is NONE"):
        fit(ID=product.obs_publisher_did)


def test_too_few_channels_are_told_to_the_jobs_owner(publish_spectrum: Publish, fit: Fit) -> None:
    product = publish_spectrum(seen())
    with pytest.raises(JobFailure, match="TooFewChannels"):
        fit(ID=product.obs_publisher_did, E_min_keV="30", E_max_keV="32")


def test_what_is_no_spectrum_is_refused(publish_spectrum: Publish, fit: Fit) -> None:
    publish_spectrum(seen())
    ((did,),) = rows("SELECT obs_publisher_did FROM ivoa.obscore WHERE dataproduct_subtype = 'arf'")
    with pytest.raises(JobFailure, match=r"crab_arf\.fits: no extension holds a spectrum"):
        fit(ID=did)


def test_an_unknown_product_is_refused(fit: Fit) -> None:
    with pytest.raises(JobFailure, match="ID: there is no product"):
        fit(ID="ivo://nowhere/product?1")


def test_a_spectrum_of_unknown_origin_is_fitted_but_not_published(
    publish_spectrum: Publish, fit: Fit
) -> None:
    product = publish_spectrum(seen(), named=False)
    done = fit(ID=product.obs_publisher_did)
    assert "not published: the spectrum does not name its Science Windows" in done.log
    assert rows("SELECT count(*) FROM ivoa.obscore WHERE dataproduct_type='measurements'") == [(0,)]


def test_from_photons_to_the_slope_that_they_were_simulated_with(
    job: Callable[..., Any], crab_scws: list[str], fit: Fit
) -> None:
    crab = {
        **{"cat_frame": "fk5", "cat_coord_units": "deg", "cat_lon_name": "ra"},
        **{"cat_lat_name": "dec", "cat_column_names": ["meta_ID", "src_names", "ra", "dec"]},
        "cat_column_list": [[0], ["Crab"], [83.6332], [22.0145]],
    }
    made = job("isgri_spectrum", scw_list=crab_scws[0], selected_catalog=json.dumps(crab))
    done = fit(ID=fits.getheader(made.results["spectrum_1"])["PROVENT"])
    index = done.value("PhoIndex")
    assert abs(index["value"] - source_named("Crab").spectrum.photon_index) < 3 * index["error"]
    assert index["error"] < 0.1
    assert done.fit["probability"] > 1e-3
    with fits.open(done.results["fit_fits"]) as hdus:
        assert hdus[0].header["OBJECT"] == "Crab"


def test_a_fit_can_be_planned_before_it_is_made(publish_spectrum: Publish, fit: Fit) -> None:
    product = publish_spectrum(seen())
    asked = check(SpectralFitParameters, {"ID": (product.product_id,)})
    steps = targets_of("spectral_fit")(asked, ANONYMOUS)
    assert [step.kind.name for step in steps] == ["spectral_fit_picture", "spectral_fit"]


def test_publish_0_keeps_the_fit_private(publish_spectrum: Publish, fit: Fit) -> None:
    product = publish_spectrum(seen())
    fit(ID=product.obs_publisher_did, publish="0")
    assert rows("SELECT count(*) FROM ivoa.obscore WHERE dataproduct_type='measurements'") == [(0,)]


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"ID": "x", "xspec_model": "apec"}, "xspec_model"),
        ({"ID": "x", "E_min_keV": "100", "E_max_keV": "50"}, "must be below E_max_keV"),
        ({}, "ID: missing"),
    ],
)
def test_wrong_parameters_are_named(sent: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidParametersError, match=problem):
        check(SpectralFitParameters, {k: (v,) for k, v in sent.items()})
