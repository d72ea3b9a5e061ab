"""What an operator reads from a command while the database is down or empty: a line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("command", ["cache_status", "cache_verify", "uws_status"])
def test_a_database_that_does_not_answer_is_told_in_a_line(command: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), command],
        env={
            **os.environ,
            "DATABASE_URL": f"postgresql://nobody@/nothing?host={tmp_path}",
            "VO_CACHE_ROOT": str(tmp_path / "cache"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("the database can't be used: connection to server")
    assert done.stderr.count("\n") == 1
