"""The spectrum job from parameters to products, on simulated Science Windows of the Crab."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from django.db import connection
from kept_results import not_kept

from analysis.products.responses import read_ancillary_response, read_redistribution_matrix
from analysis.products.spectrum import read_spectrum
from fixtures.sky import source_named
from uws.errors import JobFailure

Job = Callable[..., Any]


def rows(sql: str) -> list[tuple[Any, ...]]:
    """What the published tables hold."""
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


@pytest.fixture
def spectra(job: Job) -> Job:
    return partial(job, "isgri_spectrum")


@pytest.fixture
def crab_catalogue() -> str:
    """The Crab and a place without a source, as an ODA catalogue."""
    return json.dumps(
        {
            "cat_frame": "fk5",
            "cat_coord_units": "deg",
            "cat_lon_name": "ra",
            "cat_lat_name": "dec",
            "cat_column_names": ["meta_ID", "src_names", "significance", "ra", "dec"],
            "cat_column_list": [
                [0, 1],
                ["Crab", "Nobody's star"],
                [100.0, 10.0],
                [83.6332, 86.0],
                [22.0145, 25.0],
            ],
        }
    )


def test_the_spectrum_of_the_crab_has_what_was_simulated(spectra: Job, crab_scws: list[str]):
    done = spectra(src_name="crab", scw_list=tuple(crab_scws[:3]))
    assert list(done.results)[:4] == ["spectrum_1", "arf_1", "rmf_1", "preview_1"]
    crab = read_spectrum(done.results["spectrum_1"])
    assert crab.source.name == "Crab"
    assert len(crab.rate) == 256
    assert crab.e_min_kev is not None
    assert crab.e_max_kev is not None
    # 20 to 60.5 keV are limits of channels
    inside = (crab.e_min_kev >= 20) & (crab.e_max_kev <= 60.5)
    error = np.sqrt((crab.stat_err[inside] ** 2).sum())
    truth = source_named("Crab").intensity(20.0, 60.5, crab.coverage.t_start_ijd)
    assert crab.rate[inside].sum() == pytest.approx(truth, abs=4 * error)
    assert error < 0.03 * truth
    # below and above what ISGRI measures
    assert not crab.good[(crab.e_min_kev < 15) | (crab.e_max_kev > 800)].any()
    assert crab.good[(crab.e_min_kev >= 15) & (crab.e_max_kev <= 200)].all()

    area = read_ancillary_response(done.results["arf_1"])
    matrix = read_redistribution_matrix(done.results["rmf_1"])
    assert area.area_cm2 == pytest.approx(1310.72, rel=1e-6)
    assert matrix.matrix.shape == (len(area.area_cm2), 256)
    middle = np.sqrt(area.energy_low_kev * area.energy_high_kev)
    whole = (middle > 20) & (middle < 500)
    assert matrix.matrix.sum(axis=1)[whole] == pytest.approx(1, abs=1e-3)


def test_the_files_are_good_fits_and_name_each_other(spectra: Job, crab_scws: list[str]):
    done = spectra(src_name="Crab", scw_list=tuple(crab_scws[:2]))
    for name, extensions in (
        ("spectrum_1", ["ISGR-EVTS-SPE"]),
        ("arf_1", ["SPECRESP"]),
        ("rmf_1", ["EBOUNDS", "SPECRESP MATRIX"]),
    ):
        with fits.open(done.results[name], checksum=True) as hdus:
            hdus.verify("exception")
            assert set(extensions) <= {hdu.name for hdu in hdus}
            assert all("CHECKSUM" in hdu.header and "DATASUM" in hdu.header for hdu in hdus)
            assert hdus[0].header["SIMDATA"] is True
            assert hdus[0].header["ENGINE"] == "coded_mask"
    header = fits.getheader(done.results["spectrum_1"], "ISGR-EVTS-SPE")
    assert header["ANCRFILE"] == done.results["arf_1"].name
    assert header["RESPFILE"] == done.results["rmf_1"].name
    assert header["EXPOSURE"] > header["EXP_SRC"] > 0
    assert done.results["preview_1"].read_bytes().startswith(b"\x89PNG")


def test_the_products_are_rows_of_the_archive(spectra: Job, crab_scws: list[str]):
    spectra(src_name="Crab", scw_list=tuple(crab_scws[:2]), detection_threshold="30")
    assert not_kept("isgri_spectrum") == {"log"}
    listed = rows(
        "SELECT dataproduct_type, dataproduct_subtype, calib_level, target_name, em_xel"
        " FROM ivoa.obscore WHERE calib_level > 1 ORDER BY 1, 2"
    )
    assert [row[:4] for row in listed] == [
        ("spectrum", None, 3, "Crab"),
        (None, "arf", 3, "Crab"),
        (None, "rmf", 3, "Crab"),
    ]
    assert listed[0][4] > 200
    assert len(rows("SELECT DISTINCT obs_id FROM ivoa.obscore WHERE calib_level > 1")) == 1


def test_with_a_catalogue_of_the_user_nothing_else_is_fitted(
    spectra: Job, crab_scws: list[str], crab_catalogue: str
):
    done = spectra(scw_list=tuple(crab_scws[:2]), selected_catalog=crab_catalogue)
    assert "sky_image" not in done.steps("done")
    assert sorted(set(done.steps("done"))) == ["events", "spectra", "spectra_sum"]
    assert rows("SELECT * FROM provenance.used WHERE role = 'catalogue'") == []
    empty = read_spectrum(done.results["spectrum_2"])
    assert empty.source.name == "Nobody's star"
    good = empty.good
    chi = empty.rate[good] / empty.stat_err[good]
    assert abs(chi.mean()) < 4 / np.sqrt(good.sum())
    assert 0.8 < chi.std() < 1.2


def test_images_made_before_are_used(spectra: Job, image: Job, crab_scws: list[str]):
    image(scw_list=tuple(crab_scws[:2]))
    done = spectra(src_name="Crab", scw_list=tuple(crab_scws[:2]))
    assert sorted(set(done.steps("done"))) == ["spectra", "spectra_sum"]
    more = spectra(src_name="Crab", scw_list=tuple(crab_scws[1:3]))
    assert more.steps("done").count("spectra") == 1, "of the new Science Window"
    assert more.steps("restored from cache").count("spectra") == 1
    # what it was told by a list made with the first is no origin; what they all made together has
    first, both, last = crab_scws[:3]
    assert _made_from(first, "spectra") == 1
    assert _made_from(both, "spectra") == 1
    assert _made_from(first, "isgri_spectrum") == len(done.results)
    assert _made_from(last, "isgri_spectrum") == len(more.results)
    assert _made_from(both, "isgri_spectrum") == len(done.results) + len(more.results)


def _made_from(scw: str, name: str) -> int:
    """How many things that activities of a name made come from a Science Window's events."""
    ((count,),) = rows(
        "SELECT count(DISTINCT g.entity_id) FROM provenance.was_generated_by g"
        " JOIN provenance.activity a ON a.id = g.activity_id"
        " JOIN provenance.lineage l ON l.descendant = g.entity_id"
        " JOIN provenance.entity e ON e.id = l.ancestor"
        f" WHERE a.name = '{name}' AND e.location LIKE '%/{scw}/isgri_events%'"
    )
    return int(count)


def test_a_source_outside_every_field_is_told(spectra: Job, crab_scws: list[str]):
    done = spectra(src_name="Cyg X-1", scw_list=crab_scws[0])
    assert any("Cyg X-1 is in the field of no Science Window" in line for line in done.messages)
    assert read_spectrum(done.results["spectrum_1"]).source.name == "Crab"
    with pytest.raises(JobFailure, match=r"Cyg X-1.* in the field of no Science Window"):
        spectra(src_name="Cyg X-1", scw_list=crab_scws[0], detection_threshold="1000")


def test_more_science_windows_need_an_account(spectra: Job, crab_scws: list[str]):
    with pytest.raises(JobFailure, match="max_pointings: 51 is above your limit, 50; sign in"):
        spectra(src_name="Crab", max_pointings="51")
