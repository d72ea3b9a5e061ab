"""The job ``spi_acs_lc`` on the simulated archive, whose last Crab pointing holds a burst."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from kept_results import not_kept
from strangers_archive import keywords, write_science_window, write_spi_acs_rates

from analysis.errors import AnalysisError
from analysis.jobs import SPI_ACS_LC
from analysis.products.light_curve import read_light_curve
from analysis.workflows.spi_acs_lc_parameters import MOST_BINS, SpiAcsLightCurveParameters
from archive.ingest.service import ingest
from archive.models import ObsCoreRow
from auth.principal import ANONYMOUS, Principal
from fixtures.plan import SMALL_PLAN
from fixtures.spi_acs_simulator import bursts_of
from instruments.time import SECONDS_PER_DAY, ijd_from_mjd_utc, mjd_utc_from_ijd
from uws.errors import InvalidParametersError, JobFailure
from uws.parameters import check
from uws.types import JobContext

POINTINGS = SMALL_PLAN.pointings()
(BURST,) = bursts_of(POINTINGS)


class _Silent:
    def progress(self, done: float, total: float, message: str) -> None:
        pass

    def catch_up(self) -> None:
        pass

    def message(self, text: str) -> None:
        pass


@pytest.fixture
def light_curve(archive: Path, tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Runs a job from so many seconds before the burst to so many after; the results' files."""
    numbers = itertools.count()

    def run(before: float = 20, after: float = 30, owner: Principal = ANONYMOUS, **sent: str):
        start, stop = (
            mjd_utc_from_ijd(BURST.start_ijd + by / SECONDS_PER_DAY) for by in (-before, after)
        )
        values = {"T1": repr(start), "T2": repr(stop), "T_format": "mjd", **sent}
        folder = tmp_path / f"rates{next(numbers)}"
        folder.mkdir()
        given = check(SpiAcsLightCurveParameters, {k: (v,) for k, v in values.items()})
        context = JobContext(f"secret-{folder.name}", owner, given, folder, _Silent())
        SPI_ACS_LC.run(context)
        for write in context.at_completion:
            write()
        return {result.name: result.path for result in context.results}

    return run


def test_a_burst_stands_out_of_the_background_when_it_was(light_curve):
    results = light_curve(time_bin="0.25")

    assert set(results) == {"lightcurve_1", "preview_1", "log"}
    assert not_kept("spi_acs_lc") == {"log"}
    assert results["preview_1"].read_bytes().startswith(b"\x89PNG")
    curve = read_light_curve(results["lightcurve_1"])
    background = curve.rate[curve.time_ijd < BURST.start_ijd - 1 / SECONDS_PER_DAY]
    assert 69_000 < background.mean() < 96_000
    # Poisson: errors are what the rates scatter by
    assert background.std() == pytest.approx(curve.error[0], rel=0.3)
    peak = curve.time_ijd[curve.rate.argmax()]
    assert abs(peak - BURST.peak_ijd) * SECONDS_PER_DAY < 1
    assert curve.rate.max() - background.mean() == pytest.approx(BURST.peak_rate, rel=0.05)


def test_the_file_is_what_the_service_of_the_mission_gives(light_curve):
    with fits.open(light_curve()["lightcurve_1"], checksum=True) as hdus:
        hdus.verify("exception")
        table = hdus["RATE"]
        assert table.columns.names == ["TIME", "RATE", "ERROR"]
        assert table.columns.units == ["s", "count/s", "count/s"]
        header = table.header
        assert (header["INSTRUME"], header["TIMESYS"], header["TIMEUNIT"]) == ("SPI-ACS", "TT", "s")
        assert (header["MJDREF"], header["TIMEDEL"]) == (51544.0, 1.0)
        assert header["EPHS"] == ""
        assert header["PROPHECY"] == ""
        middle = BURST.start_ijd + 5 / SECONDS_PER_DAY
        assert header["TIMEZERO"] == pytest.approx(middle * SECONDS_PER_DAY, abs=1e-3)
        assert table.data["TIME"][0] == pytest.approx(-24.5, abs=1e-3)
        assert header["SIMDATA"] is True


def test_the_product_is_published_as_a_time_series_of_the_whole_sky(light_curve):
    light_curve()

    row = ObsCoreRow.objects.get(calib_level=3)
    assert (row.dataproduct_type, row.instrument_name) == ("timeseries", "SPI-ACS")
    assert (row.s_ra, row.s_region, row.s_fov) == (None, None, 360)
    assert row.obs_collection == "INTEGRAL-SIM"
    assert (row.t_max - row.t_min) * SECONDS_PER_DAY == pytest.approx(50, abs=0.1)
    assert row.t_exptime == pytest.approx(50, abs=5.1)  # telemetry may have been lost
    assert row.t_xel == pytest.approx(row.t_exptime, abs=2)
    assert row.t_resolution == 1.0


def test_position_and_name_do_not_matter(light_curve):
    plain, placed = (
        read_light_curve(light_curve(**sent)["lightcurve_1"])
        for sent in ({}, {"RA": "255.9", "DEC": "-37.8", "src_name": "gw170817"})
    )
    np.testing.assert_array_equal(plain.rate, placed.rate)


def test_science_windows_are_joined_and_what_is_between_them_is_left_out(light_curve):
    pause = (POINTINGS[5].start_ijd - POINTINGS[4].start_ijd) * SECONDS_PER_DAY
    curve = read_light_curve(light_curve(before=pause, after=20, time_bin="10")["lightcurve_1"])

    gaps = np.diff(curve.time_ijd) * SECONDS_PER_DAY
    assert gaps.max() > pause / 2
    assert len(curve.rate) < 20


def test_the_finest_bins_are_the_samples(light_curve):
    curve = read_light_curve(light_curve(2, 2, time_bin="0.05")["lightcurve_1"])
    assert 70 <= len(curve.rate) <= 80
    counts = curve.rate * 0.05
    np.testing.assert_allclose(counts, np.round(counts), atol=1e-3)


def test_times_without_data_are_told(light_curve):
    with pytest.raises((JobFailure, AnalysisError), match="EmptyScWList"):
        light_curve(T1="2001-01-01T00:00:00", T2="2001-01-02T00:00:00", T_format="isot")


def test_data_that_are_not_public_are_told(light_curve):
    hidden = POINTINGS[-1]
    start, stop = (repr(mjd_utc_from_ijd(t)) for t in (hidden.start_ijd, hidden.stop_ijd))
    with pytest.raises((JobFailure, AnalysisError), match="NoValidScW"):
        light_curve(T1=start, T2=stop)


def test_near_real_time_data_are_taken_where_asked_for(light_curve, tmp_path, settings):
    scw = "070000330010.000"
    settings.VO_ARCHIVE_ROOT = tmp_path / "stranger"
    write_spi_acs_rates(write_science_window(settings.VO_ARCHIVE_ROOT, scw), counts=[4000] * 400)
    assert ingest([settings.VO_ARCHIVE_ROOT]).problems == ()
    start = keywords(scw)["TSTART"]
    times = {
        "T1": repr(mjd_utc_from_ijd(start)),
        "T2": repr(mjd_utc_from_ijd(start + 20 / SECONDS_PER_DAY)),
    }
    with pytest.raises((JobFailure, AnalysisError), match="EmptyScWList"):
        light_curve(**times)
    curve = read_light_curve(light_curve(**times, data_level="realtime")["lightcurve_1"])
    np.testing.assert_allclose(curve.rate, 80_000)
    np.testing.assert_allclose(curve.error, np.sqrt(80_000))
    assert curve.coverage.ontime_s == pytest.approx(20)
    assert curve.time_ijd[0] == pytest.approx(
        float(ijd_from_mjd_utc(float(times["T1"]))) + 0.5 / SECONDS_PER_DAY
    )


@pytest.mark.parametrize(
    ("sent", "word"),
    [
        ({"time_bin": "0.04"}, "time_bin"),
        ({"T1": "60000", "T2": "59999"}, "before T2"),
        ({"T1": "yesterday"}, "T1"),
        ({"T_format": "moon"}, "time format"),
        ({"data_level": "extraordinary"}, "data_level"),
        ({"T1": "50000", "T2": "60000", "time_bin": "0.05"}, str(MOST_BINS)),
    ],
)
def test_parameters_that_make_no_light_curve_are_refused(sent, word):
    values = {"T1": "57000", "T2": "57001", "T_format": "mjd", "time_bin": "10", **sent}
    with pytest.raises(InvalidParametersError, match=word):
        check(SpiAcsLightCurveParameters, {k: (v,) for k, v in values.items()})


def test_times_are_required():
    with pytest.raises(InvalidParametersError, match="T1"):
        check(SpiAcsLightCurveParameters, {"T2": ("2020-01-01T00:00:00",)})


def test_a_light_curve_can_be_made_again_and_is_the_same(light_curve, job):
    light_curve(before=5, after=5)
    row = ObsCoreRow.objects.get(calib_level=3)

    done = job("reproduce", ID=row.obs_publisher_did, use_cache="0")

    comparison = json.loads(done.results["comparison"].read_text())
    assert comparison["job_type"] == "spi_acs_lc"
    assert comparison["identical"] is True, comparison["products"]


def test_a_light_curve_is_planned_before_it_is_made(client, archive):
    start, stop = (mjd_utc_from_ijd(BURST.start_ijd + by / SECONDS_PER_DAY) for by in (-10, 10))
    sent = {"T1": repr(start), "T2": repr(stop), "T_format": "mjd", "steps": "1"}
    answer = client.get("/api/plan/spi_acs_lc", sent)
    assert answer.status_code == 200, answer.content
    assert [step["kind"] for step in answer.json()["graph"]] == [
        "spi_acs_bins",
        "spi_acs_light_curve",
        "spi_acs_picture",
    ]
