"""Job types for tests: they sleep, fail, crash and write files. Never shipped."""

import ctypes
import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

from django.db import connection
from pydantic import Field

from uws.errors import JobFailure
from uws.parameters import JobParameters, Meaning
from uws.types import FileDescription, JobContext, JobType, Queue


class SampleParameters(JobParameters):
    """What a sample job is to do, in this order."""

    ra: Annotated[float, Meaning(unit="deg", ucd="pos.eq.ra")] = Field(
        default=0.0, alias="RA", ge=0, le=360, description="Right ascension."
    )
    text: str = Field(description="Written to the result.")
    numbers: Annotated[list[int], Meaning()] = Field(default=[], description="Some numbers.")
    sleep_s: float = Field(default=0.0, description="Seconds to sleep in Python.")
    database_sleep_s: float = Field(default=0.0, description="Seconds to sleep in PostgreSQL.")
    quiet: bool = Field(default=False, description="Tell nothing on the way.")
    grandchild: bool = Field(default=False, description="Start a process of its own, and wait.")
    escaped: bool = Field(default=False, description="Start a process in a session of its own.")
    c_sleep_s: int = Field(default=0, description="Seconds to sleep in C, deaf to signals.")
    memory_bytes: int = Field(default=0, description="Bytes of memory to fill.")
    write_bytes: int = Field(default=0, description="Bytes to write beside the result.")
    tidy: str = Field(default="", description="A file to write when asked to end.")
    pool: bool = Field(default=False, description="Compute in a pool of processes.")
    log: str = Field(default="", description="A file to add a line to whenever the job is run.")
    end: str = Field(default="", description="fail, full, raise, deadlock, kill, exit or nothing.")


def run(context: JobContext[SampleParameters]) -> None:
    """Do as told."""
    told = context.parameters
    if not told.quiet:
        context.message(f"I run as {os.getpid()}")
    if told.log:
        with Path(told.log).open("a") as log:
            log.write(f"{os.getpid()}\n")
    if not told.quiet:
        context.progress(1, 2, "half way")
    if told.grandchild:
        subprocess.run(["/bin/sleep", "3217"], check=False)
    if told.escaped:
        escaped = subprocess.Popen(["/bin/sleep", "3218"], start_new_session=True)
        context.message(f"it runs as {escaped.pid}")
    if told.tidy:
        signal.signal(signal.SIGTERM, lambda *_: Path(told.tidy).write_text("tidy"))
    if told.c_sleep_s:
        # holds the interpreter's lock: no handler in Python would ever run
        ctypes.PyDLL(None).sleep(told.c_sleep_s)
    if told.memory_bytes:
        context.message(f"{len(bytes(1) * told.memory_bytes)} bytes are there")
    if told.write_bytes:
        (context.folder / "large").write_bytes(bytes(told.write_bytes))
    if told.pool:
        with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
            context.message(f"2 ** 5 is {pool.submit(pow, 2, 5).result()}")
        context.message(f"temporary files lie in {Path(tempfile.mkdtemp()).resolve()}")
    if told.database_sleep_s:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(%s)", [told.database_sleep_s])
    time.sleep(told.sleep_s)
    match told.end:
        case "fail":
            raise JobFailure("the sky is cloudy")
        case "full":
            Path("/dev/full").write_text("no room")
        case "raise":
            raise RuntimeError("SELECT secret FROM nowhere")
        case "deadlock":
            with connection.cursor() as cursor:
                cursor.execute("DO 'BEGIN RAISE deadlock_detected; END'")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            os._exit(3)
    path = context.folder / "result.txt"
    path.write_text(f"{told.text} {sum(told.numbers)} by {context.owner.name or 'nobody'}")
    context.add_result("result", path, "text/plain")


sample = JobType(
    name="sample",
    title="Sample",
    description="Does as told.",
    path="/uws/sample",
    parameters=SampleParameters,
    run=run,
    queue=Queue.SHORT,
    makes=(FileDescription("result", "The text.", "text/plain"),),
)
long = JobType(
    name="long",
    title="Long",
    description="Waits among the long jobs.",
    path="/uws/long",
    parameters=SampleParameters,
    run=run,
)
lenient = JobType(
    name="lenient",
    title="Lenient",
    description="Refuses nothing before it runs, as TAP.",
    path="/lenient/async",
    parameters=SampleParameters,
    run=run,
    refuses_wrong_values=False,
    queue=Queue.SHORT,
)
job_types = (sample, lenient, long)
