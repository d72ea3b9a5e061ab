"""What was made before the archive changed is made again as it was."""

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from astropy.io import fits
from django.utils.timezone import now, timedelta

from analysis import plans
from analysis.jobs import ISGRI_IMAGE, REPRODUCE
from archive import catalogue
from archive.ingest.reference import load_catalogue
from archive.models import ScienceWindow, Source
from auth.principal import ANONYMOUS
from dali.parameters import Parameters
from fixtures.plan import SMALL_PLAN
from fixtures.spi_acs_simulator import bursts_of
from instruments.time import SECONDS_PER_DAY, mjd_utc_from_ijd
from provenance.models import WasConfiguredBy

EDITION = "cat/hec/gnrl_refr_cat_0043.fits"
Job = Callable[..., Any]


@pytest.fixture
def own_archive(archive: Path, tmp_path: Path, settings: Any) -> Path:
    """The archive in a folder of the test's own, where a catalogue may come and go."""
    own = tmp_path / "archive"
    shutil.copytree(archive, own, copy_function=os.link)
    settings.VO_ARCHIVE_ROOT = own
    return own


@pytest.fixture
def new_edition(own_archive: Path, tmp_path: Path) -> Callable[[], None]:
    """Ingests an edition in which the Crab has another name and a place 3 arcmin away."""

    def ingest() -> None:
        path = tmp_path / "gnrl_refr_cat_0044.fits"
        shutil.copyfile(own_archive / EDITION, path)
        with fits.open(path, mode="update", memmap=False) as hdus:
            rows = hdus[1].data
            crab = rows["NAME"] == "Crab"
            rows["NAME"][crab] = "Crab Nebula"
            rows["DEC_OBJ"][crab] += 0.05
        assert load_catalogue(path)
        assert catalogue.source_named("Crab") is None

    return ingest


def comparison(done: Any) -> dict[str, Any]:
    """What a ``reproduce`` job told."""
    told: dict[str, Any] = json.loads(done.results["comparison"].read_text())
    return told


def recorded(activity: str, *names: str) -> list[tuple[str, str, str | None]]:
    """Parameters of an activity: name, value, unit."""
    found = WasConfiguredBy.objects.filter(
        activity__identifier=activity, parameter__name__in=names
    ).values_list("parameter__name", "parameter__value", "parameter__parameter_description__unit")
    return sorted(found)


def test_an_image_of_the_edition_before_is_identical_again(
    image: Job, job: Job, new_edition: Callable[[], None]
) -> None:
    crab = Source.objects.get(name="Crab")
    done = image(src_name="crab", max_pointings="2")
    activity = fits.getheader(done.results["mosaic"])["PROVACT"]
    # what was looked up is as good as given
    assert recorded(activity, "src_name", "RA", "DEC") == [
        ("DEC", str(crab.dec), "deg"), ("RA", str(crab.ra), "deg"), ("src_name", "Crab", None),
    ]  # fmt: skip
    new_edition()
    steps = plans.of_request(REPRODUCE, Parameters([("ID", activity)]), ANONYMOUS).json()["steps"]
    assert steps["to_run"] == 0
    for use_cache in ("1", "0"):
        told = comparison(job("reproduce", ID=activity, use_cache=use_cache))
        assert told["identical"], told
        assert len(told["products"]) == 5
    asked = Parameters([("RA", str(crab.ra)), ("DEC", str(crab.dec)), ("max_pointings", "2")])
    steps = plans.of_request(ISGRI_IMAGE, asked, ANONYMOUS).json()["steps"]
    assert steps["to_run"] > 0, "new jobs take the new edition"


@pytest.fixture
def sesame(settings: Any) -> Iterator[None]:
    """A name resolver that knows one place, for every name."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"%J 84.5 +22.5 = 05:38:00 +22:30:00\n")

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.VO_SESAME_URL = f"http://127.0.0.1:{server.server_port}/"
    yield
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("sesame")
def test_a_light_curve_of_a_name_that_nobody_knows_any_more_is_identical_again(
    job: Job, new_edition: Callable[[], None], crab_scws: list[str], settings: Any
) -> None:
    done = job("isgri_lc", src_name="Nova Tauri 2026", scw_list=crab_scws[0])
    header = fits.getheader(done.results["lightcurve_1"])
    assert recorded(header["PROVACT"], "RA", "DEC") == [
        ("DEC", "22.5", "deg"), ("RA", "84.5", "deg"),
    ]  # fmt: skip
    new_edition()
    settings.VO_SESAME_URL = ""
    told = comparison(job("reproduce", ID=header["PROVACT"], use_cache="0"))
    assert told["identical"], told
    assert {"lightcurve_1", "lightcurve_2"} <= {item["result"] for item in told["products"]}


def test_that_the_edition_is_gone_is_told_of_every_product(
    image: Job, job: Job, own_archive: Path, new_edition: Callable[[], None], crab_scws: list[str]
) -> None:
    done = image(scw_list=crab_scws[0])
    activity = fits.getheader(done.results["mosaic"])["PROVACT"]
    new_edition()
    (own_archive / EDITION).unlink()
    told = comparison(job("reproduce", ID=activity))
    assert not told["identical"]
    assert len(told["products"]) == 5
    for item in told["products"]:
        assert item["verdict"].startswith("different in inputs")
        first = item["differences"][0]
        assert (first["aspect"], first["where"]) == ("inputs", EDITION)
        assert first["original"].startswith("sha256:")
        assert first["again"].startswith("not in the archive any more")


def test_science_windows_that_came_later_are_not_taken(job: Job, archive: Path) -> None:
    """A light curve of SPI-ACS is asked for by times alone."""
    pointings = SMALL_PLAN.pointings()
    (burst,) = bursts_of(pointings)
    before = [p for p in pointings if p.stop_ijd < burst.start_ijd][-1]
    stop = burst.start_ijd + 20 / SECONDS_PER_DAY
    late = ScienceWindow.objects.filter(scw=str(before.identifier))
    public, future = late.get().release_date, now() + timedelta(days=1)
    late.update(release_date=future)
    times = {"T1": repr(mjd_utc_from_ijd(before.start_ijd)), "T2": repr(mjd_utc_from_ijd(stop))}
    done = job("spi_acs_lc", T_format="mjd", time_bin="10", **times)
    product = fits.getheader(done.results["lightcurve_1"])["PROVENT"]
    late.update(release_date=public)
    told = comparison(job("reproduce", ID=product))
    assert told["identical"], told
    again = job("spi_acs_lc", T_format="mjd", time_bin="10", **times)
    bins = [len(fits.getdata(run.results["lightcurve_1"], "RATE")) for run in (done, again)]
    assert bins[0] < bins[1], "a new job takes them"
