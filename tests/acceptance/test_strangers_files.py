"""Files of another program, made by the published rules alone, are ingested and imaged right."""

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
from astropy.table import Table
from defusedxml import ElementTree
from strangers_telescope import Attitude, Star, write_observed

STARS = (
    # half a degree, four and eleven degrees from the first pointing: the last is partially coded
    Star(270.4, 59.6, 150.0),
    Star(276.5, 62.3, 90.0),
    Star(287.0, 52.5, 240.0),
)
POINTINGS = {
    "033000010010.001": Attitude(270, 60, 17.5),
    "033000020010.001": Attitude(274, 57, 203.0),
    "033000030010.002": Attitude(266.25, 62.5, -71.0),
}


@pytest.fixture(scope="module")
def url(
    serving: Callable[[Path], AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """Address of the running server with the stranger's archive: no catalogue, no observations."""
    tree = tmp_path_factory.mktemp("stranger")
    for number, (scw, attitude) in enumerate(POINTINGS.items()):
        write_observed(tree, scw, attitude, STARS, start_ijd=2005 + number, seed=number)
    with serving(tree) as server:
        yield str(server.url)


def rows(url: str, query: str) -> list[list[str]]:
    answer = requests.post(
        f"{url}/tap/sync",
        data={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text)))[1:]


@pytest.fixture(scope="module")
def sources(url: str) -> Callable[..., Table]:
    """Runs an image job on Science Windows; the list of its sources."""

    def run(*scws: str) -> Table:
        sent = {"scw_list": ",".join(scws), "E1_keV": "20", "E2_keV": "40", "PHASE": "RUN"}
        created = requests.post(
            f"{url}/uws/isgri_image", data=sent, timeout=30, allow_redirects=False
        )
        assert created.status_code == 303, created.text
        job, phase = created.headers["Location"], "QUEUED"
        while phase in ("QUEUED", "EXECUTING"):
            answer = requests.get(job, params={"WAIT": "20", "PHASE": phase}, timeout=60)
            document = ElementTree.fromstring(answer.content)
            phase = document.findtext("{*}phase")
        assert phase == "COMPLETED", answer.text
        found = requests.get(f"{job}/results/sources", timeout=30)
        return Table.read(io.BytesIO(found.content), format="votable")

    return run


def test_the_strangers_science_windows_are_in_the_archive(url: str) -> None:
    found = rows(
        url,
        "SELECT scw, obs_collection, data_rights, s_ra, s_dec, t_exptime FROM ivoa.obscore"
        " ORDER BY scw",
    )
    assert [row[0] for row in found] == list(POINTINGS)
    for (_, collection, rights, ra, dec, exposure), attitude in zip(
        found, POINTINGS.values(), strict=True
    ):
        assert (collection, rights) == ("INTEGRAL", "public")
        assert (float(ra), float(dec)) == pytest.approx((attitude.ra, attitude.dec))
        assert float(exposure) == pytest.approx(315)


def assert_right(found: Table, stars: tuple[Star, ...]) -> np.ndarray:
    """Each star is there, where it is and as bright as it is, and nothing else; the pulls."""
    assert len(found) == len(stars), found
    places = SkyCoord(found["ra"], found["dec"], unit="deg")
    pulls = []
    for star in stars:
        distance = places.separation(SkyCoord(star.ra, star.dec, unit="deg")).arcmin
        source = found[int(np.argmin(distance))]
        assert distance.min() < 1.5
        assert source["significance"] > 20
        assert source["new_source"], "there is no catalogue"
        pulls.append((source["intensity"] - star.intensity) / source["intensity_error"])
    assert np.abs(pulls).max() < 3.5, pulls
    return np.array(pulls)


def test_a_mosaic_shows_the_strangers_sources_where_and_as_bright_as_they_are(
    sources: Callable[..., Table],
) -> None:
    found = sources(*POINTINGS)
    assert_right(found, STARS)


def test_rates_are_unbiased_in_each_science_window_at_any_roll(
    sources: Callable[..., Table],
) -> None:
    pulls = np.concatenate([assert_right(sources(scw), STARS) for scw in POINTINGS])
    # nine pulls: their mean has a third of the width of one
    assert abs(pulls.mean()) < 1.0
