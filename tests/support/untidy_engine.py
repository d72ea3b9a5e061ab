"""An engine for tests whose steps leave something behind in the process that ran them.

Each tells what it finds there, as if its result depended on it.
"""

import os
import random
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from analysis.steps import Parameter, Report, Step, StepInputs, StepKind

NUMBER = 0
NUMBERS: list[int] = []
BY_NAME: dict[str, int] = {}


def _rebind() -> None:
    global NUMBER
    NUMBER += 1


def _open_file() -> None:
    # kept by something that isn't looked into
    _open_file.file = Path("/dev/zero").open("rb")  # type: ignore[attr-defined]  # noqa: SIM115


def _keep_memory() -> None:
    _keep_memory.kept = [bytes(1000) for _ in range(200_000)]  # type: ignore[attr-defined]


def _set_environment() -> None:
    os.environ["LEFT_BY_A_STEP"] = "1"


LEAVING: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "a global name": _rebind,
    "a list": lambda: NUMBERS.append(1),
    "a dictionary": lambda: BY_NAME.update(one=1),
    "the environment": _set_environment,
    "the working directory": lambda: os.chdir("/"),
    "a mask": lambda: os.umask(0o077),
    "a signal": lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
    "a warning": lambda: warnings.simplefilter("ignore"),
    "random numbers": lambda: random.seed(1),
    "numpy's random numbers": lambda: np.random.seed(1),
    "numpy's errors": lambda: np.seterr(all="raise"),
    "an open file": _open_file,
    "a thread": lambda: threading.Thread(target=time.sleep, args=(1000,), daemon=True).start(),
    "a process": lambda: subprocess.Popen(["sleep", "1000"], start_new_session=True),
    "memory": _keep_memory,
}


def _leave(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    report(f"{os.getpid()}")
    if parameters["devour"]:
        _ = b"x" * int(str(parameters["devour"]))
    LEAVING[str(parameters["what"])]()
    output.write_text(str(parameters["number"]))


KIND = StepKind(
    "leave", "1", "Leaves.", _leave, "it.txt", "text/plain", partial(str, "1"), memory=300_000_000
)


def leaving(what: str, number: int, devour: int = 0) -> Step:
    """A step that leaves that behind. number: apart from others. devour: bytes that it needs."""
    return Step(KIND, "untidy", {"what": what, "number": number, "devour": devour}, {})
