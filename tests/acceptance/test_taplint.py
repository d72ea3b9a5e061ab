"""The validator of the Virtual Observatory, against the running server."""

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")

STAGES = "TMV TME TMS TMC CPV CAP AVV QGE QPO QAS UWS MDQ OBS LOC UPL EXA"
_COMPLAINT = re.compile(r"^[EWF]-\w{3}-\w{4}-.*", re.MULTILINE)


def test_taplint_has_nothing_to_complain_of(live_server_url, observations):
    done = subprocess.run(
        ["stilts", "taplint", f"tapurl={live_server_url}/tap", f"stages={STAGES}", "report=EWF"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Totals:" in done.stdout, done.stderr
    assert _COMPLAINT.findall(done.stdout) == []
