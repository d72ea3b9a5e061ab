"""What has to hold before a change lands: the checks and the test suite."""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO

from bootstrap.clone import Clone
from bootstrap.console import say

#: How long a command that is stopped may take to end, in seconds.
_END_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Check:
    """A command of the virtual environment that must succeed.

    beside: it runs while those after it do, and what it says is shown at the end. variables: of
    its environment.
    """

    name: str
    command: Sequence[str]
    beside: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)


LINT = (
    Check("format", ("ruff", "format", "--check", ".")),
    Check("lint", ("ruff", "check", ".")),
    Check("types", ("mypy",)),
    Check("floors", ("lint-imports",)),
)
#: Half of the suite's time: what computes most, beside what waits for servers.
_COMPUTING = ("tests/unit", "tests/integration/analysis")
TESTS = (
    Check(
        "beside",
        ("pytest", "--override-ini=cache_dir=.pytest_cache/beside", *_COMPUTING),
        beside=True,
        variables={"VO_TEST_DATABASE_SUFFIX": "beside"},
    ),
    Check("tests", ("pytest", *(f"--ignore={folder}" for folder in _COMPUTING))),
)


def run(clone: Clone, wanted: Sequence[Check]) -> int:
    """Run them all, whatever fails; 0 only where all succeeded."""
    with ExitStack() as ends:
        running = [
            ends.enter_context(_Running(clone, check, ends.enter_context(tempfile.TemporaryFile())))
            for check in wanted
            if check.beside
        ]
        results = []
        for check in wanted:
            if not check.beside:
                with _Running(clone, check, None) as alone:
                    results.append(alone.result())
        for beside in running:
            results.append(beside.result())
            beside.show()
    say("Summary")
    for name, status, elapsed in results:
        print(f"  {name:8} {'passed' if status == 0 else 'FAILED'} {elapsed:8.1f} s")
    return int(any(status for _, status, _ in results))


class _Running:
    """A check from its start to its end; left before, it is stopped."""

    def __init__(self, clone: Clone, check: Check, output: IO[bytes] | None) -> None:
        """output: of a check that runs beside others."""
        say(f"{check.name}: {' '.join(check.command)}")
        # Tests may lose their last transactions in a power cut; that saves half of their time.
        options = f"{os.environ.get('PGOPTIONS', '')} -c synchronous_commit=off".strip()
        # Tests know the default address, whatever port the last demonstration had.
        known = {"PGOPTIONS": options, "SITE_URL": "http://127.0.0.1:8000"}
        tool, *arguments = check.command
        self._name = check.name
        self._output = output
        self._began = self._ended = time.monotonic()
        self._process = subprocess.Popen(
            [clone.tool(tool), *arguments],
            cwd=clone.root,
            env={**os.environ, **known, **check.variables},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
        )
        self._waiting = threading.Thread(target=self._wait)
        self._waiting.start()

    def __enter__(self) -> "_Running":
        """It has begun already."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it where it has not ended: with Ctrl-C it was asked to, too."""
        if kind is not None:
            self._process.terminate()
            self._waiting.join(_END_LIMIT_S)
            self._process.kill()
        self._waiting.join()

    def _wait(self) -> None:
        self._process.wait()
        self._ended = time.monotonic()

    def result(self) -> tuple[str, int, float]:
        """Its name, its status and how long it took in seconds, as soon as it has ended."""
        self._waiting.join()
        return self._name, self._process.returncode, self._ended - self._began

    def show(self) -> None:
        """What it said meanwhile."""
        if self._output is not None:
            say(f"{self._name}, which has run beside the others")
            self._output.seek(0)
            sys.stdout.write(self._output.read().decode(errors="replace"))
            sys.stdout.flush()
