"""What a process of the web server has done before it takes its first request."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_no_client_waits_for_the_import_of_views() -> None:
    looked = subprocess.run(
        [sys.executable, "-c", "import vo_server.asgi, sys; print(*sys.modules)"],
        cwd=ROOT,
        env={"DATABASE_URL": "postgresql://nobody@/none?host=/nowhere", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"tap.views", "uws.views", "portal.views"} <= set(looked.stdout.split())
