"""The light-curve job from parameters to products, on simulated Science Windows of the Crab."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from django.db import connection
from kept_results import not_kept

from analysis.products.light_curve import read_light_curve

Job = Callable[..., Any]


@pytest.fixture
def light_curves(job: Job) -> Job:
    return partial(job, "isgri_lc")


def test_the_light_curve_of_the_crab_is_flat_at_its_rate(light_curves: Job, crab_scws: list[str]):
    done = light_curves(src_name="Crab", scw_list=tuple(crab_scws[:3]), time_bin="2")
    assert list(done.results)[:2] == ["lightcurve_1", "preview_1"]
    assert not_kept("isgri_lc") == {"log"}
    crab = read_light_curve(done.results["lightcurve_1"])
    assert crab.source.name == "Crab"
    assert (crab.e_min_kev, crab.e_max_kev) == (20, 40)
    assert crab.width_d.max() * 86400 == pytest.approx(2)
    assert len(crab.rate) > 3 * 40
    assert np.all(np.diff(crab.time_ijd) > 0)
    deviation = (crab.rate - 165) / crab.error
    assert abs(deviation.mean()) < 4 / np.sqrt(len(deviation))
    assert 0.8 < deviation.std() < 1.2
    assert np.all((crab.exposed > 0) & (crab.exposed <= 1))
    with fits.open(done.results["lightcurve_1"], checksum=True) as hdus:
        hdus.verify("exception")
        header = hdus["ISGR-SRC.-LCR"].header
        assert all("CHECKSUM" in hdu.header for hdu in hdus)
    assert (header["E_MIN"], header["E_MAX"], header["TIMEPIXR"]) == (20, 40, 0.5)
    assert done.results["preview_1"].read_bytes().startswith(b"\x89PNG")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT dataproduct_type, target_name, t_xel, t_resolution FROM ivoa.obscore"
            " WHERE calib_level > 1 AND target_name = 'Crab'"
        )
        assert cursor.fetchall() == [("timeseries", "Crab", len(crab.rate), pytest.approx(2))]


def test_a_bin_is_no_longer_than_its_science_window(light_curves: Job, crab_scws: list[str]):
    done = light_curves(src_name="Crab", scw_list=tuple(crab_scws[:2]), time_bin="20000")
    assert len(read_light_curve(done.results["lightcurve_1"]).rate) == 2


def test_other_bins_need_no_image_again(light_curves: Job, crab_scws: list[str]):
    light_curves(src_name="Crab", scw_list=crab_scws[0], time_bin="50")
    again = light_curves(src_name="Crab", scw_list=crab_scws[0], time_bin="10")
    assert sorted(again.steps("done")) == ["light_curves", "light_curves_joined"]
    other = light_curves(src_name="Crab", scw_list=crab_scws[0], E1_keV="40", E2_keV="80")
    assert "events" not in other.steps("done")
