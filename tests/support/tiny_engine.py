"""An engine for tests: one step that adds the numbers in its input files.

The result depends on its inputs alone, as a step's must; that it ran is told in a log beside.
"""

import hashlib
import mmap
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from analysis.errors import AnalysisError
from analysis.steps import Parameter, RawFile, Report, Step, StepInputs, StepKind
from provenance.records import EntityRecord

#: A shell in one session, a shell in another, and a program.
_BRANCHES = "setsid --wait sh -c 'sleep 1000; true'; true"


def _add(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    terms = [int(path.read_text()) for path in inputs.all("term")]
    plus = parameters["plus"]
    log = Path(str(parameters["log"]))
    with log.with_suffix(".begun").open("a") as begun:
        begun.write(f"{os.getpid()} {sum(terms)}\n")
    if plus == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if plus == "crash once" and not log.with_suffix(".crashed").exists():
        log.with_suffix(".crashed").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    if plus == "devour":
        _ = bytearray(1 << 32)
    if plus == "overfill":  # what is shared doesn't count against the step's own limit
        with mmap.mmap(-1, 1 << 29) as shared:
            for page in range(0, 1 << 29, mmap.PAGESIZE):
                shared[page] = 1
    if plus == "fell":  # the Dask worker, by which the nursery was started that forked this process
        os.kill(_parent(_parent(os.getppid())), signal.SIGKILL)  # past the nursery's guard
        time.sleep(10)
    if plus == "detach":  # as a program that OSA starts might
        subprocess.Popen(["sleep", "1000"], start_new_session=True, cwd=log.parent)
    if plus == "branch":  # as OSA's scripts do: programs that wait for others
        subprocess.run(["sh", "-c", _BRANCHES], start_new_session=True, cwd=log.parent, check=False)
    if plus == "wait":  # until the test lets it go on
        while not log.with_suffix(".go").exists():
            time.sleep(0.02)
    if -1 in terms:
        raise AnalysisError("term: -1 can't be added")
    toil(int(str(parameters.get("rounds", 0))))
    time.sleep(float(str(parameters.get("seconds", 0))))
    total = sum(terms) + (int(str(plus)) if isinstance(plus, int) else 0)
    with log.open("a") as done:
        done.write(f"{total}\n")
    report(f"the sum is {total}")
    output.write_text(str(total) + "\n" * int(str(parameters.get("padding", 0))))


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def toil(rounds: int) -> int:
    """Compute for a while, on one processor."""
    number = 0
    for term in range(rounds):
        number = (31 * number + term) & 0xFFFFFFFF
    return number


def changing() -> str:
    """Software that is another in every process."""
    return str(os.getpid())


ADD = StepKind("add", "1", "Adds numbers.", _add, "sum.txt", "text/plain", partial(str, "1"))


def programs(folder: Path) -> dict[int, str]:
    """The programs that steps have started for "branch" in that folder and that still run."""
    found = {}
    for process in Path("/proc").iterdir():
        with suppress(OSError):  # it has ended meanwhile
            if process.name.isdecimal() and (process / "cwd").readlink() == folder:
                words = (process / "cmdline").read_bytes().split(b"\0")
                found[int(process.name)] = words[0].decode()
    return found


class TinyGraph:
    """Makes graphs of such steps, with their raw files and their log, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def raw(self, label: str, number: int) -> RawFile:
        """A raw file that holds a number."""
        path = self.folder / f"{label}.txt"
        path.write_text(str(number))
        entity = EntityRecord(
            f"ivo://test/archive?{label}",
            name=label,
            location=f"scw/{label}.txt",
            checksum=f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        )
        return RawFile(label, path, entity)

    def add(
        self,
        *inputs: Step | RawFile,
        plus: Parameter = 0,
        software: str = "1",
        label: str = "",
        **more: Parameter,
    ) -> Step:
        """A step that adds its inputs and ``plus``; it logs every run.

        more: ``seconds`` that it sleeps, ``rounds`` that it computes, ``padding`` bytes that the
        file has more.
        """
        parameters = {"plus": plus, "log": str(self.folder / "runs.log"), **more}
        kind = replace(ADD, software=partial(str, software))
        return Step(kind, "tiny", parameters, {"term": inputs}, label)

    def runs(self) -> list[str]:
        """The sums that were really computed, in order, since it was asked last."""
        path = self.folder / "runs.log"
        lines = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def begun(self) -> list[int]:
        """The processes that have begun a step."""
        path = self.folder / "runs.begun"
        lines = path.read_text().splitlines() if path.exists() else []
        return [int(line.split()[0]) for line in lines]
