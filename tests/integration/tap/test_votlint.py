"""VOTables of the service, examined by STILTS."""

import shutil
import subprocess

import pytest

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed"),
]


@pytest.mark.parametrize("serialisation", ["votable/b2", "votable/b", "votable/td"])
@pytest.mark.parametrize("maxrec", [1000, 0, 2])
def test_votlint_has_nothing_to_say(serialisation, maxrec, query, observations, tmp_path):
    path = tmp_path / "result.vot"
    asked = "SELECT o.*, POINT(s_ra, s_dec) AS place FROM ivoa.obscore AS o"
    path.write_bytes(query(asked, FORMAT=serialisation, MAXREC=maxrec).body)
    lint = subprocess.run(
        ["stilts", "votlint", f"votable={path}"], capture_output=True, text=True, check=False
    )
    assert (lint.returncode, lint.stdout + lint.stderr) == (0, "")
