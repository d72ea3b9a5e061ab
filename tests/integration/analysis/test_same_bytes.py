"""Same identity, same file: what the engine's steps write holds nothing of the run.

On one machine it is the same to the byte, on a processor of another kind within the tolerance that
each step declares.
"""

import getpass
import gzip
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis.comparison import difference
from analysis.engines.coded_mask_engine import ENGINE

SCRIPT = Path(__file__).parents[2] / "support" / "engine_run.py"


#: What makes the numeric libraries compute as on a processor of 2008: BLAS, NumPy's own loops, and
#: the C library. There are no wider vectors, and no multiplication and addition in one.
OLD_PROCESSOR = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX512F,-AVX2,-FMA",
}


def _begin(*words: object, folder: Path, **environment: str) -> "subprocess.Popen[str]":
    """All steps of the engine in a process of their own."""
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), *map(str, words)],
        env={
            **os.environ,
            "PYTHONPATH": os.getcwd(),  # noqa: PTH109  where the rooms are
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            **environment,
        },
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )


def _told(process: "subprocess.Popen[str]") -> str:
    told = process.communicate()[0]
    assert process.returncode == 0
    return told


@pytest.fixture(scope="module")
def runs(small_archive: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Folder and told digests of two runs: other seed, clock, host name, folder, zone, words."""
    started = []
    for seed, zone, locale, days in (("1", "UTC", "C", "0"), ("77", "Asia/Tokyo", "C.UTF-8", "40")):
        folder = tmp_path_factory.mktemp(f"run_with_seed_{seed}")
        words = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale}
        started.append((folder, _begin(small_archive, folder, days, folder=folder, **words)))
    return [(folder, _told(process)) for folder, process in started]


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


def test_on_a_processor_of_another_kind_every_step_agrees_within_its_tolerance(
    runs: list[tuple[Path, str]], small_archive: Path, tmp_path: Path
) -> None:
    """From the same inputs, which is when the cache compares two makings of one result."""
    made, first = runs[0]
    old = _told(_begin(small_archive, tmp_path, 0, made, folder=tmp_path, **OLD_PROCESSOR))
    steps = [line.split("\t")[:3] for line in first.splitlines()]
    assert [line.split("\t")[:3] for line in old.splitlines()] == steps
    kinds = {kind.name: kind for kind in ENGINE.kinds}
    for name, label, identity in steps:
        kind = kinds[name]
        mine, others = (f / identity / kind.file_name for f in (tmp_path, made))
        words = difference(mine, others, kind.tolerance)
        assert words is None, f"{name} {label}: {words}"
    if old == first:
        pytest.skip("this processor computes no otherwise than an old one")
