"""What has to hold before a change lands: the checks and the test suite."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.clone import Clone
from bootstrap.console import say


@dataclass(frozen=True, slots=True)
class Check:
    """A command of the virtual environment that must succeed."""

    name: str
    command: Sequence[str]


LINT = (
    Check("format", ("ruff", "format", "--check", ".")),
    Check("lint", ("ruff", "check", ".")),
    Check("types", ("mypy",)),
    Check("floors", ("lint-imports",)),
)
TESTS = (Check("tests", ("pytest", "--durations=20")),)


def run(clone: Clone, wanted: Sequence[Check]) -> int:
    """Run them all, whatever fails; 0 only where all succeeded."""
    # Tests may lose their last transactions in a power cut; that saves half of their time.
    options = f"{os.environ.get('PGOPTIONS', '')} -c synchronous_commit=off".strip()
    # Tests know the default address, whatever port the last demonstration had.
    environment = {**os.environ, "PGOPTIONS": options, "SITE_URL": "http://127.0.0.1:8000"}
    results = []
    for check in wanted:
        say(f"{check.name}: {' '.join(check.command)}")
        began = time.monotonic()
        tool, *arguments = check.command
        ran = subprocess.run(
            [clone.tool(tool), *arguments],
            cwd=clone.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        results.append((check.name, ran.returncode, time.monotonic() - began))
    say("Summary")
    for name, status, elapsed in results:
        print(f"  {name:8} {'passed' if status == 0 else 'FAILED'} {elapsed:8.1f} s")
    return int(any(status for _, status, _ in results))
