"""The jobs of JEM-X from parameters to products, on simulated Science Windows of the Crab."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from kept_results import not_kept

from analysis.errors import AnalysisError
from analysis.jobs import JEMX_IMAGE
from analysis.products.light_curve import read_light_curve
from analysis.products.responses import read_ancillary_response, read_redistribution_matrix
from analysis.products.spectrum import read_spectrum
from analysis.workflows.choosing import choose
from archive.models import ObsCoreRow
from archive.spherical import Corner
from auth.principal import ANONYMOUS
from fixtures.jemx_simulator import intensity
from fixtures.sky import source_named
from instruments import jemx
from uws.errors import InvalidParametersError, JobFailure
from uws.parameters import check

Job = Callable[..., Any]
CRAB = source_named("Crab")


@pytest.fixture
def jemx_scws(archive, crab_scws: list[str]) -> list[str]:
    """Those of the Crab's Science Windows that have JEM-X events."""
    return crab_scws[:3]


def test_a_new_science_window_leaves_the_cleaned_images_of_the_others(
    job: Job, jemx_scws: list[str]
):
    job("jemx_image", src_name="crab", scw_list=tuple(jemx_scws[:2]))
    more = job("jemx_image", src_name="crab", scw_list=tuple(jemx_scws[1:3]))
    kinds = ("events", "shadowgram", "sky_image", "clean", "mosaic", "mosaic_sources")
    assert [more.steps("done").count(kind) for kind in kinds] == [1, 1, 1, 1, 2, 1]


def expected(e_min: float, e_max: float) -> float:
    return intensity(CRAB, e_min, e_max, 3000.0)


def test_an_image_shows_the_crab_at_its_place_and_rate(job: Job, jemx_scws: list[str]):
    done = job("jemx_image", src_name="crab", scw_list=tuple(jemx_scws))

    assert list(done.results) == [
        "mosaic",
        "sources",
        "sources_fits",
        "sources_scw",
        "preview",
        "log",
    ]
    assert not_kept("jemx_image") == {"log"}
    (crab,) = parse_single_table(done.results["sources"]).to_table()
    assert (crab["name"], bool(crab["new_source"])) == ("Crab", False)
    assert (crab["e_min"], crab["e_max"]) == (3.0, 20.0)
    assert abs(crab["ra"] - CRAB.ra) * np.cos(np.radians(CRAB.dec)) < 5 * crab["position_error"]
    assert abs(crab["dec"] - CRAB.dec) < 5 * crab["position_error"]
    assert crab["position_error"] < 0.001
    assert abs(crab["intensity"] - expected(3, 20)) < 4 * crab["intensity_error"]
    with fits.open(done.results["mosaic"], checksum=True) as hdus:
        hdus.verify("exception")
        maps = [hdu for hdu in hdus if hdu.name == "JMX2-MOSA-IMA"]
        assert [hdu.header["IMATYPE"] for hdu in maps] == [
            "RECONSTRUCTED",
            "VARIANCE",
            "SIGNIFICANCE",
            "EXPOSURE",
        ]
        assert maps[0].header["INSTRUME"] == "JMX2"
        assert maps[0].header["BUNIT"] == "count/s"
        assert hdus[1].header["GRPNAME"] == "JMX2-MOSA-IMA-IDX"
        significance = maps[2].data
        top = np.unravel_index(np.nanargmax(significance), significance.shape)
        assert significance[top] > 60
    row = ObsCoreRow.objects.get(dataproduct_type="image")
    assert (row.instrument_name, row.calib_level) == ("JEM-X 2", 3)
    assert row.s_resolution == pytest.approx(200, abs=1)
    assert row.o_ucd == "phot.count;em.X-ray"
    corner: Corner = row.s_region[0]
    assert abs(corner[1] - CRAB.dec) < 15


def test_the_unit_that_is_asked_for_is_analysed(job: Job, jemx_scws: list[str]):
    done = job("jemx_image", scw_list=tuple(jemx_scws[:1]), jemx_num="1", publish="0")

    (crab,) = parse_single_table(done.results["sources"]).to_table()
    assert crab["name"] == "Crab"
    with fits.open(done.results["mosaic"]) as hdus:
        assert hdus[2].header["INSTRUME"] == "JMX1"
    assert not ObsCoreRow.objects.filter(calib_level__gte=3).exists()


def test_spectra_have_sixteen_channels_and_can_be_fitted(job: Job, jemx_scws: list[str]):
    done = job("jemx_spectrum", src_name="Crab", scw_list=tuple(jemx_scws))

    assert list(done.results)[:4] == ["spectrum_1", "arf_1", "rmf_1", "preview_1"]
    found = read_spectrum(done.results["spectrum_1"])
    assert (found.source.name, found.detector.name, len(found.rate)) == ("Crab", "JMX2", 16)
    assert found.good.all()
    limits = jemx.SPECTRUM_LIMITS_KEV
    truth = [expected(*band) for band in pairwise(limits)]
    pulls = (found.rate - np.array(truth)) / found.stat_err
    assert np.sqrt((pulls**2).mean()) < 2
    area = read_ancillary_response(done.results["arf_1"])
    matrix = read_redistribution_matrix(done.results["rmf_1"])
    np.testing.assert_allclose(matrix.e_min_kev, limits[:-1], rtol=1e-6)
    at_10 = np.argmin(abs(area.energy_low_kev - 10))
    assert area.area_cm2[at_10] == pytest.approx(64.2, abs=0.2)
    with fits.open(done.results["spectrum_1"], checksum=True) as hdus:
        hdus.verify("exception")
        assert hdus[1].header["EXTNAME"] == "JMX2-PHA1-SPE"
        assert hdus[1].header["DETCHANS"] == 16
    row = ObsCoreRow.objects.get(dataproduct_type="spectrum")
    assert (row.instrument_name, row.target_name, row.em_xel) == ("JEM-X 2", "Crab", 16)

    # a power law, fitted with our own response, is the one that was simulated
    done = job("spectral_fit", ID=row.obs_publisher_did)

    table = parse_single_table(done.results["fit_table"]).to_table()
    slope = table[table["parameter"] == "PhoIndex"][0]
    assert abs(slope["value"] - 2.1) < 4 * slope["error"]
    assert slope["error"] < 0.1
    assert not_kept("jemx_spectrum") == not_kept("spectral_fit") == {"log"}


def test_a_light_curve_is_flat_where_the_source_is(job: Job, jemx_scws: list[str]):
    done = job("jemx_lc", src_name="Crab", scw_list=tuple(jemx_scws), time_bin="20")

    curve = read_light_curve(done.results["lightcurve_1"])
    assert (curve.detector.name, curve.source.name) == ("JMX2", "Crab")
    assert len(curve.rate) == 15
    pulls = (curve.rate - expected(3, 20)) / curve.error
    assert abs(pulls.mean()) < 4 / np.sqrt(len(pulls))
    assert 0.5 < pulls.std() < 1.6
    assert set(done.results) == {"lightcurve_1", "preview_1", "log"}
    assert not_kept("jemx_lc") == {"log"}
    assert ObsCoreRow.objects.get(calib_level=3).instrument_name == "JEM-X 2"


def test_science_windows_without_jemx_are_told(job: Job, crab_scws: list[str]):
    with pytest.raises((JobFailure, AnalysisError), match="no JEM-X 2 data"):
        job("jemx_image", scw_list=tuple(crab_scws[2:5]))


def test_by_place_only_science_windows_with_jemx_are_taken(jemx_scws: list[str]):
    sent = {"RA": ("83.63",), "DEC": ("22.01",), "radius": ("15",)}
    choice = choose(check(JEMX_IMAGE.parameters, sent), ANONYMOUS)
    assert [str(window.id) for window in choice.windows] == jemx_scws


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({"jemx_num": "3"}, "jemx_num"),
        ({"E1_keV": "2"}, "outside JEM-X"),
        ({"E2_keV": "40"}, "outside JEM-X"),
    ],
)
def test_parameters_that_jemx_has_not_are_refused(sent, word):
    values = {"src_name": "Crab", **sent}
    with pytest.raises(InvalidParametersError, match=word):
        check(JEMX_IMAGE.parameters, {k: (v,) for k, v in values.items()})


def test_defaults_are_those_of_the_mission_s_service():
    given = check(JEMX_IMAGE.parameters, {"src_name": ("Crab",)})
    assert (given.jemx_num, given.radius, given.e_min_kev, given.e_max_kev) == (2, 4, 3, 20)
    assert given.event_kind == "jmx2_events"


@pytest.mark.parametrize("job_type", ["jemx_image", "jemx_spectrum", "jemx_lc"])
def test_jobs_are_planned_before_they_run(client, jemx_scws: list[str], job_type: str):
    sent = {"scw_list": ",".join(jemx_scws), "src_name": "Crab", "steps": "1"}
    answer = client.get(f"/api/plan/{job_type}", sent)
    assert answer.status_code == 200, answer.content
    steps = answer.json()["graph"]
    assert len([step for step in steps if step["kind"] == "sky_image"]) == 3
    assert {step["engine"] for step in steps} == {"coded_mask"}
