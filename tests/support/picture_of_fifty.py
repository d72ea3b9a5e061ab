"""Whether the picture of a real mosaic of fifty Science Windows can be read.

Ingest and job run on a server of their own; the picture of what they recorded is asked for by
ProvSAP, as anybody would. Part of ``make soak``; in the tests the tour does so with six.
"""

import csv
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parent)]

import requests
from crab_windows import simulate_crab
from own_server import OwnServer
from readable_picture import check_readable

WINDOWS = 50
_TIMEOUT_S = 90
_MOSAICS = (
    "SELECT obs_publisher_did FROM ivoa.obscore"
    " WHERE dataproduct_type = 'image' AND calib_level = 3"
)


def main() -> int:
    """Tell what is seen; raises ``AssertionError`` where it can't be read."""
    with OwnServer(variables={"VO_LOG_LEVEL": "WARNING"}) as server:
        server.start_worker()
        server.start_web()
        tree = server.folder / "tree"
        simulate_crab(tree, WINDOWS)
        server.manage("ingest", str(tree))
        _run(server.url)
        asked = {"LANG": "ADQL", "QUERY": _MOSAICS, "RESPONSEFORMAT": "csv"}
        rows = requests.get(f"{server.url}/tap/sync", asked, timeout=_TIMEOUT_S).text.splitlines()
        (mosaic,) = (row["obs_publisher_did"] for row in csv.DictReader(rows))
        whole = {"ID": mosaic, "DEPTH": "ALL"}
        answer = requests.get(f"{server.url}/provsap", whole, timeout=_TIMEOUT_S)
        answer.raise_for_status()
        picture = check_readable(answer.content, WINDOWS)
    print(
        f"a mosaic of {WINDOWS} Science Windows: {picture.label} {picture.boxes} boxes,"
        f" {picture.width:.0f} pt x {picture.height:.0f} pt"
    )
    return 0


def _run(url: str) -> None:
    """Make the mosaic."""
    sent = requests.post(
        f"{url}/uws/isgri_image",
        data={"RA": "83.63", "DEC": "22.01", "radius": "20", "PHASE": "RUN"},
        allow_redirects=False,
        timeout=_TIMEOUT_S,
    )
    phase = "QUEUED"
    while phase in ("QUEUED", "EXECUTING"):
        address = f"{sent.headers['Location']}?WAIT=60&PHASE={phase}"
        text = requests.get(address, timeout=_TIMEOUT_S).text
        phase = text.partition("phase>")[2].partition("<")[0]
    assert phase == "COMPLETED", text


if __name__ == "__main__":
    sys.exit(main())
