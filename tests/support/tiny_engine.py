"""An engine for tests: one step that adds the numbers in its input files.

The result depends on its inputs alone, as a step's must; that it ran is told in a log beside.
"""

import os
import signal
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from analysis.errors import AnalysisError
from analysis.steps import Parameter, Report, StepInputs, StepKind


def _add(
    inputs: StepInputs, parameters: Mapping[str, Parameter], output: Path, report: Report
) -> None:
    terms = [int(path.read_text()) for path in inputs.all("term")]
    if parameters["plus"] == "crash":
        os.kill(os.getpid(), signal.SIGKILL)
    if -1 in terms:
        raise AnalysisError("term: -1 can't be added")
    total = sum(terms) + int(str(parameters["plus"]))
    with Path(str(parameters["log"])).open("a") as log:
        log.write(f"{total}\n")
    report(f"the sum is {total}")
    output.write_text(str(total))


def changing() -> str:
    """Software that is another in every process."""
    return str(os.getpid())


ADD = StepKind("add", "1", "Adds numbers.", _add, "sum.txt", "text/plain", partial(str, "1"))
