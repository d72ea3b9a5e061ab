"""Same identity, same file: what the engine's steps write holds nothing of the run."""

import getpass
import gzip
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis.engines.coded_mask_engine import ENGINE

SCRIPT = Path(__file__).parents[2] / "support" / "engine_run.py"


@pytest.fixture(scope="module")
def runs(small_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Folder and told digests of two runs: other seed, clock, host name, folder, zone, words."""
    started = []
    for seed, zone, locale, days in (("1", "UTC", "C", "0"), ("77", "Asia/Tokyo", "C.UTF-8", "40")):
        folder = tmp_path_factory.mktemp(f"run_with_seed_{seed}")
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "LC_ALL": locale,
            "PYTHONPATH": os.getcwd(),  # noqa: PTH109  where the rooms are
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), str(small_archive), str(folder), days],
            env=environment,
            cwd=folder,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append((folder, process))
    finished = [(folder, process.communicate()[0]) for folder, process in started]
    assert [process.returncode for _, process in started] == [0, 0]
    return finished


def test_every_step_of_the_engine_writes_the_same_bytes_again(runs: list[tuple[Path, str]]) -> None:
    (_, first), (_, second) = runs
    assert first == second
    assert {line.split("\t")[0] for line in first.splitlines()} == {k.name for k in ENGINE.kinds}


def test_no_result_holds_a_date_a_host_a_person_or_a_folder_of_its_run(
    runs: list[tuple[Path, str]],
) -> None:
    now = datetime.now(UTC)
    days = {now + timedelta(days=number) for number in (-1, 0, 1, 39, 40, 41)}
    telling = {day.strftime(form) for day in days for form in ("%Y-%m-%d", "%d/%m/%y", "%Y%m%d")}
    # shorter names would be found by chance
    telling |= {name for name in (socket.gethostname(), getpass.getuser()) if len(name) > 4}
    telling |= {"host-0", "host-40"}
    for folder, _ in runs:
        for path in (path for path in folder.rglob("*") if path.is_file()):
            content = path.read_bytes()
            if path.suffix == ".gz":
                content = gzip.decompress(content)
            for text in {*telling, str(folder), str(Path.cwd()), "/tmp/", "/home/"}:  # noqa: S108
                assert text.encode() not in content, f"{path.name} holds {text!r}"
