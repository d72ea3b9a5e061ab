"""JEM-X and SPI-ACS over HTTP: a stranger's files are ingested, found and analysed right."""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from defusedxml import ElementTree
from strangers_archive import write_spi_acs_rates
from strangers_jemx import Star, write_observed

SCW = "044000010010.001"
#: On the axis nearly, half-way out, and where a third of the photons passes the collimator.
STARS = (Star(0.4, -0.3, 30.0), Star(-1.9, 1.2, 25.0), Star(1.0, 3.3, 40.0))


@pytest.fixture(scope="module")
def url(
    serving: Callable[[Path], AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Address of the running server with one Science Window of the stranger's."""
    tree = tmp_path_factory.mktemp("stranger")
    folder = write_observed(tree, SCW, STARS)
    counts = np.full(4000, 4000)
    counts[2000:2020] += 2000  # a second of burst, 100 s after the start
    write_spi_acs_rates(folder, counts=counts)
    with serving(tree) as server:
        yield str(server.url)


def rows(url: str, query: str) -> list[dict[str, str]]:
    sent = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
    answer = requests.post(f"{url}/tap/sync", data=sent, timeout=30)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def done(url: str, job_type: str, **sent: str) -> str:
    """Run a job; its address."""
    created = requests.post(
        f"{url}/uws/{job_type}", data={**sent, "PHASE": "RUN"}, timeout=30, allow_redirects=False
    )
    assert created.status_code == 303, created.text
    job, phase = created.headers["Location"], "QUEUED"
    while phase in ("QUEUED", "EXECUTING"):
        answer = requests.get(job, params={"WAIT": "20", "PHASE": phase}, timeout=60)
        phase = ElementTree.fromstring(answer.content).findtext("{*}phase")
    assert phase == "COMPLETED", answer.text
    return job


def test_each_instrument_has_its_row(url: str) -> None:
    found = rows(
        url,
        "SELECT instrument_name, dataproduct_type, access_url FROM ivoa.obscore"
        f" WHERE scw = '{SCW}' AND calib_level = 1 ORDER BY instrument_name",
    )
    assert [(row["instrument_name"], row["dataproduct_type"]) for row in found] == [
        ("IBIS/ISGRI", "event"),
        ("JEM-X 2", "event"),
        ("SPI-ACS", "timeseries"),
    ]
    for row in found:
        assert requests.get(row["access_url"], timeout=30).status_code == 200
    (window,) = rows(
        url, f"SELECT good_jemx1, good_jemx2, good_spi_acs FROM integral.scw WHERE scw = '{SCW}'"
    )
    assert {name: round(float(value)) for name, value in window.items()} == {
        "good_jemx1": 0,
        "good_jemx2": 1000,
        "good_spi_acs": 200,
    }


def test_a_jemx_image_shows_the_stars_where_and_as_bright_as_they_are(url: str) -> None:
    job = done(url, "jemx_image", scw_list=SCW, E1_keV="3", E2_keV="35")
    answer = requests.get(f"{job}/results/sources", timeout=30)
    sources = Table.read(io.BytesIO(answer.content), format="votable")

    assert len(sources) == len(STARS)
    places = SkyCoord(sources["ra"], sources["dec"], unit="deg")
    for star in STARS:
        away = SkyCoord(*star.sky(), unit="deg").separation(places).deg
        row = sources[int(away.argmin())]
        assert away.min() < 5 * row["position_error"]
        assert row["position_error"] < 0.005
        assert abs(row["intensity"] - star.intensity) < 4 * row["intensity_error"]


def test_a_burst_is_seen_by_spi_acs(url: str) -> None:
    (span,) = rows(
        url, f"SELECT t_min FROM ivoa.obscore WHERE scw = '{SCW}' AND instrument_name = 'SPI-ACS'"
    )
    start = float(span["t_min"])
    job = done(
        url,
        "spi_acs_lc",
        T1=repr(start + 90 / 86400),
        T2=repr(start + 110 / 86400),
        T_format="mjd",
        time_bin="0.5",
    )
    content = requests.get(f"{job}/results/lightcurve_1", timeout=30).content
    with fits.open(io.BytesIO(content), checksum=True) as hdus:
        table = hdus["RATE"].data
        assert (hdus["RATE"].header["INSTRUME"], len(table)) == ("SPI-ACS", 40)
        bright = table["RATE"] > 100_000
        # from the middle of the range on, where TIME is 0, for a second
        np.testing.assert_allclose(table["TIME"][bright], [0.25, 0.75], atol=1e-3)
        np.testing.assert_allclose(table["RATE"][~bright], 80_000)
        np.testing.assert_allclose(table["ERROR"][~bright], np.sqrt(80_000 / 0.5), rtol=1e-6)
    assert requests.get(f"{job}/results/preview_1", timeout=30).content.startswith(b"\x89PNG")
