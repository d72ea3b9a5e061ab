"""From a row that was found to its file, as clients go: by the descriptor in the result."""

import gc
import shutil
import subprocess

import pytest
import pyvo
import requests

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

QUERY = "SELECT obs_publisher_did, obs_title FROM ivoa.obscore ORDER BY obs_id"


@pytest.mark.parametrize("serialisation", ["TABLEDATA", "BINARY", "BINARY2"])
def test_pyvo_goes_from_rows_to_links(live_server_url, observations, serialisation):
    with requests.Session() as session:
        service = pyvo.dal.TAPService(f"{live_server_url}/tap", session=session)
        found = service.search(
            QUERY, RESPONSEFORMAT=f"application/x-votable+xml;serialization={serialisation}"
        )
        links = list(found.iter_datalinks())
        assert len(links) == len(found) == 12
        for row, linked in zip(found, links, strict=True):
            # bysemantics() would fetch the vocabulary from the IVOA
            (this,) = (link for link in linked if link["semantics"] == "#this")
            assert this["ID"] == row["obs_publisher_did"]
            assert this["access_url"].startswith(f"{live_server_url}/products/scw/0665")
            assert this["link_authorized"]
    gc.collect()


def test_a_result_that_holds_no_identifiers_describes_no_service(live_server_url, observations):
    for columns, wanted in (
        ("obs_publisher_did AS did", True),
        ("obs_id", False),
        ("obs_publisher_did || '' AS obs_publisher_did", False),
    ):
        answer = requests.get(
            f"{live_server_url}/tap/sync",
            {"LANG": "ADQL", "QUERY": f"SELECT {columns} FROM ivoa.obscore"},
            timeout=60,
        )
        assert (b"adhoc:service" in answer.content) == wanted, columns


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
@pytest.mark.parametrize(
    "path",
    [
        "/datalink/links",
        "/datalink/links?ID=ivo://x-unregistered.test/archive?scw/066500010010&ID=ivo://a/nothing&ID=x",
    ],
)
def test_stilts_finds_no_fault_with_links_and_descriptors(live_server_url, observations, path):
    done = subprocess.run(
        ["stilts", "datalinklint", f"votable={live_server_url}{path}"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    report = done.stdout + done.stderr
    complaints = [line for line in report.splitlines() if line[:2] in ("E-", "W-", "F-")]
    assert done.returncode == 0, report
    assert complaints == []
