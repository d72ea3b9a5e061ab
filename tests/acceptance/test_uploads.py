"""Tables that astronomers' programs send with their queries to the running server."""

import gc
import io
import shutil
import subprocess

import numpy as np
import pytest
import pyvo
import requests
from astropy.table import MaskedColumn, Table

# pyvo leaves the connections of some answers to the garbage collector
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
needs_stilts = pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")


@pytest.fixture
def service(live_server_url, observations):
    """The service as pyvo knows it, with some observations."""
    with requests.Session() as session:
        yield pyvo.dal.TAPService(f"{live_server_url}/tap", session=session)
    gc.collect()


@pytest.fixture
def mine():
    """Two places, one of them near observations."""
    return Table(
        {
            "name": ["Crab β", "elsewhere"],
            "ra": [83.6331, 10.0],
            "dec": [24.0145, 10.0],
            "flux": MaskedColumn([1.5, 0.0], mask=[False, True], unit="mJy"),
        }
    )


MATCH = (
    "SELECT o.obs_id, m.name, m.flux FROM ivoa.obscore AS o JOIN TAP_UPLOAD.mine AS m"
    " ON 1 = CONTAINS(POINT(o.s_ra, o.s_dec), CIRCLE(m.ra, m.dec, 1.1)) ORDER BY o.obs_id"
)


def test_pyvo_sends_a_table_with_a_query(service, mine):
    found = service.search(MATCH, uploads={"mine": mine})
    assert [row["obs_id"][4:8] for row in found] == ["0001", "0002", "0003"]
    assert set(found["name"]) == {"Crab β"}
    assert str(found.fielddescs[2].unit) == "mJy"


def test_pyvo_sends_a_table_with_a_job(service, mine):
    found = service.run_async(MATCH, uploads={"mine": mine})
    assert [row["obs_id"][4:8] for row in found] == ["0001", "0002", "0003"]


def test_a_file_is_added_to_a_job_and_goes_with_it(service, mine, live_server_process):
    job = service.submit_job(MATCH, uploads={"mine": mine})
    folder = live_server_process.folder / "jobs" / job.job_id
    assert len(list((folder / "inputs").iterdir())) == 1
    job.run().wait(timeout=30)
    assert len(job.fetch_result()) == 3
    assert (folder / "inputs").is_dir()
    job.delete()
    assert not folder.exists()


def test_a_wrong_table_makes_the_job_fail_with_the_reason(service, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("ra,dec\n1,2\n")
    job = service.submit_job("SELECT * FROM TAP_UPLOAD.mine", uploads={"mine": str(path)})
    job.run().wait(phases=["COMPLETED", "ERROR"], timeout=30)
    with pytest.raises(pyvo.dal.DALQueryError, match="can't be read as a VOTable: line 1"):
        job.raise_if_error()
    job.delete()


@pytest.mark.parametrize("way", ["sync", "async"])
@needs_stilts
def test_stilts_sends_a_table_in_chunks(live_server_url, observations, mine, tmp_path, way):
    mine.write(tmp_path / "mine.vot", format="votable")
    done = subprocess.run(
        [
            "stilts",
            "tapquery",
            f"tapurl={live_server_url}/tap",
            "nupload=1",
            f"upload1={tmp_path / 'mine.vot'}",
            "upname1=mine",
            f"sync={str(way == 'sync').lower()}",
            f"adql={MATCH}",
            "ofmt=csv",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4
    assert "Crab β" in done.stdout


@needs_stilts
def test_stilts_matches_positions_with_a_published_table(
    live_server_url, observations, mine, tmp_path
):
    mine.write(tmp_path / "mine.vot", format="votable")
    done = subprocess.run(
        [
            "stilts",
            "tapskymatch",
            f"tapurl={live_server_url}/tap",
            "taptable=ivoa.obscore",
            "taplon=s_ra",
            "taplat=s_dec",
            "tapcols=obs_id",
            f"in={tmp_path / 'mine.vot'}",
            "inlon=ra",
            "inlat=dec",
            "sr=1.1",
            "find=all",
            "ofmt=csv",
        ],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 4


def test_a_long_list_is_matched_at_once(service):
    rng = np.random.default_rng(1)
    many = Table({"ra": rng.uniform(0, 360, 20_000), "dec": rng.uniform(-90, 90, 20_000)})
    document = io.BytesIO()
    many.write(document, format="votable", table_id="mine")
    document.seek(0)
    found = service.search(
        "SELECT COUNT(*) AS n FROM TAP_UPLOAD.mine AS m JOIN ivoa.obscore AS o"
        " ON DISTANCE(POINT(m.ra, m.dec), POINT(o.s_ra, o.s_dec)) < 1",
        uploads={"mine": document},
    )
    assert 0 <= found[0]["n"] < 1000
