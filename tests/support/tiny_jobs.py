"""A job type that adds numbers by a graph of slow steps: for tests of what runs graphs."""

from pathlib import Path

from pydantic import Field
from tiny_engine import ADD, TinyGraph

from analysis.errors import AnalysisError
from analysis.workflows.running import running
from uws.errors import JobFailure
from uws.parameters import JobParameters
from uws.types import JobContext, JobType


class TinyParameters(JobParameters):
    """What is added."""

    numbers: list[int] = Field(description="The numbers.")
    seconds: float = Field(default=0.0, description="How long each of their steps takes.")
    last_seconds: float = Field(default=0.0, description="How long the last step takes.")
    padding: int = Field(default=0, description="Bytes that their files have more.")
    branching: bool = Field(default=False, description="Whether they start programs, for ever.")
    folder: str = Field(description="Of raw files and the log.")


class TinyEngine:
    """See `analysis.engines.protocol.Engine`."""

    name = "tiny"
    libraries = {"numpy": "0"}  # noqa: RUF012 - as the protocol has it
    preload = "tiny_engine"
    kinds = (ADD,)


def _run(context: JobContext[TinyParameters]) -> None:
    parameters = context.parameters
    tiny = TinyGraph(Path(parameters.folder))
    with running(context, TinyEngine()) as work:
        parts = [
            tiny.add(
                tiny.raw(f"raw{n}", n),
                plus="branch" if parameters.branching else 0,
                seconds=parameters.seconds,
                padding=parameters.padding,
                label=f"part {n}",
            )
            for n in parameters.numbers
        ]
        top = tiny.add(*parts, label="of all", seconds=parameters.last_seconds)
        try:
            result = work.run([top]).of(top)
        except AnalysisError as failure:  # as `analysis.jobs` does
            raise JobFailure(str(failure), failure.kind) from failure
    if result is None:
        raise JobFailure("; ".join(line for line in work.lines if "failed" in line))
    path = context.folder / "sum.txt"
    path.write_text(result.file.path.read_text())
    log = context.folder / "log.txt"
    log.write_text("".join(f"{line}\n" for line in work.lines))
    context.add_result("sum", path, "text/plain")
    context.add_result("log", log, "text/plain")


job_types = (JobType("tiny", "Tiny", "Adds numbers.", "/uws/tiny", TinyParameters, _run),)
