"""Checks: all are run, one may run beside others, and any failure counts."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bootstrap.clone import Clone
from operation import checks
from operation.checks import TESTS, Check

ROOT = Path(__file__).parents[3]
#: Commands that wait for each other: neither ends unless both run at one time.
MEET = 'touch "$1"; n=0; while ! test -e "$2"; do n=$((n+1)); test $n -lt 1000; sleep 0.01; done'


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A clone whose one tool is a shell that ends at the first failure."""
    made = Clone(tmp_path)
    made.tool("shell").parent.mkdir(parents=True)
    made.tool("shell").write_text('#!/bin/sh\nexec sh -e -c "$@"\n')
    made.tool("shell").chmod(0o755)
    return made


def shell(name: str, *words: str, beside: bool = False) -> Check:
    return Check(name, ("shell", words[0], "shell", *words[1:]), beside=beside)


def test_one_runs_beside_the_others_and_is_shown_whole_at_the_end(
    clone: Clone, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = [
        shell("one", f"echo begun; {MEET}; echo ended >&2", "a", "b", beside=True),
        shell("two", f"{MEET}; echo two", "b", "a"),
    ]
    assert checks.run(clone, wanted) == 0
    told = capfd.readouterr().out
    assert told.index("two\n") < told.index("begun\nended\n") < told.index("Summary")
    assert told.count("passed") == 2


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_failure_anywhere_counts_and_the_rest_is_run(
    clone: Clone, failing: int, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = [
        shell(str(n), f"touch ran{n}; exit {int(n == failing)}", beside=n == 0) for n in range(3)
    ]
    assert checks.run(clone, wanted) == 1
    assert all((clone.root / f"ran{n}").exists() for n in range(3))
    told = capfd.readouterr().out
    assert [line.split()[0] for line in told.splitlines() if "FAILED" in line] == [str(failing)]


def test_who_is_stopped_leaves_nothing_running(clone: Clone) -> None:
    program = (
        "import signal, sys; from pathlib import Path; from bootstrap.clone import Clone;"
        "signal.signal(signal.SIGTERM, signal.default_int_handler);"
        "from operation import checks; from operation.checks import Check;"
        "checks.run(Clone(Path(sys.argv[1])), ["
        "Check('one', ('shell', 'echo $$ > one.new; mv one.new one; exec sleep 60'), beside=True),"
        "Check('two', ('shell', 'echo $$ > two.new; mv two.new two; exec sleep 60'))])"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(clone.root)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    files = [clone.root / "one", clone.root / "two"]
    assert _eventually(lambda: all(file.exists() for file in files))
    run.send_signal(signal.SIGTERM)
    assert run.wait(20) != 0
    for file in files:
        assert not Path("/proc", file.read_text().strip()).exists()


def test_every_test_is_in_one_half_of_the_suite() -> None:
    beside, rest = (check.command for check in TESTS)
    chosen = {word for word in beside if word.startswith("tests/")}
    left = {word.removeprefix("--ignore=") for word in rest if word.startswith("--ignore=")}
    assert chosen == left
    assert all((ROOT / folder).is_dir() for folder in chosen)
    assert not [word for word in rest[1:] if not word.startswith("-")], "nothing else left out"


def _eventually(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
    return True
