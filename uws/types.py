"""Job types, and what a running job is given.

A room that offers jobs declares a `JobType`; its ``run`` is called in a child process with a
`JobContext`. Neither knows of HTTP, of the queue or of the database.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Generic, Protocol

from auth.principal import Principal
from uws.inputs import Inputs
from uws.parameters import P

_RESULT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class Queue(StrEnum):
    """Where a type's jobs wait. A worker has places for each, so that long jobs block no short."""

    SHORT = "short"  #: Mostly done within seconds, and waited for
    LONG = "long"  #: Minutes to hours


class Report(Protocol):
    """Where a running job tells how it goes."""

    def progress(self, done: float, total: float, message: str) -> None:
        """``done`` of ``total`` units of work are behind the job; a line, too, for its owner."""

    def catch_up(self) -> None:
        """The job waits: what was kept back, so as not to tell too often, may be told."""

    def message(self, text: str) -> None:
        """A line for the job's owner."""


class _Silent:
    """A report that nobody reads: for a job's code called by itself."""

    def progress(self, done: float, total: float, message: str) -> None:
        """Dropped."""

    def catch_up(self) -> None:
        """Nothing is kept back."""

    def message(self, text: str) -> None:
        """Dropped."""


@dataclass(frozen=True, slots=True)
class FileDescription:
    """A file that jobs of a type use or make, as told to clients.

    name: the result's, or the role's. media_type: where it is always the same.
    """

    name: str
    description: str
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file that a job leaves to its owner."""

    name: str
    path: Path
    media_type: str


class JobContext(Generic[P]):
    """What a running job knows of itself, and how it tells of its work.

    job_id: the job's identifier; nothing public may hold it (it is the key to an anonymous job).
    owner: who created the job. parameters: checked values. folder: an empty folder for this
    attempt's files, the only place where the job should leave any. inputs: files that were sent
    with the job, and such as later attempts shall find. begun: when this attempt began, UTC.
    at_completion: called in the transaction that makes the job COMPLETED. What others get to see
    of a job is written there: an attempt that dies before or is given up leaves nothing of it,
    and so a job that is run again shows nothing twice.
    """

    def __init__(
        self,
        job_id: str,
        owner: Principal,
        parameters: P,
        folder: Path,
        report: Report | None = None,
        inputs: Inputs | None = None,
    ) -> None:
        """Without ``report``, progress and messages are dropped."""
        self.job_id = job_id
        self.owner = owner
        self.parameters = parameters
        self.folder = folder
        self.begun = datetime.now(UTC)
        self.inputs = inputs or Inputs(folder / "inputs")
        self._report: Report = report or _Silent()
        self._results: dict[str, ResultFile] = {}
        self.at_completion: list[Callable[[], None]] = []

    @property
    def results(self) -> tuple[ResultFile, ...]:
        """The results added so far, in order; recorded when the job completes."""
        return tuple(self._results.values())

    def progress(self, done: float, total: float, message: str = "") -> None:
        """Tell that ``done`` of ``total`` units are done; may be called as often as one likes."""
        self._report.progress(done, total, message)

    def catch_up(self) -> None:
        """Let what was told last be seen; called before the job waits for something long."""
        self._report.catch_up()

    def message(self, text: str) -> None:
        """Tell the owner something about the job, a line at a time."""
        self._report.message(text)

    def add_result(self, name: str, path: Path, media_type: str) -> None:
        """Make the file at ``path``, below the job's folder, the result ``name``.

        Raises ``ValueError`` for a name that isn't one or is taken, or a file elsewhere or missing.
        """
        if not _RESULT_NAME.fullmatch(name):
            raise ValueError(f"{name!r} can't be a result's name")
        if name in self._results:
            raise ValueError(f"result {name!r} is already there")
        if not path.resolve().is_relative_to(self.folder.resolve()) or not path.is_file():
            raise ValueError(f"result {name!r} is not a file below the job's folder: {path}")
        self._results[name] = ResultFile(name, path, media_type)


@dataclass(frozen=True, slots=True)
class JobType(Generic[P]):
    """One kind of job.

    name: the registry's key. title, description: for people.
    parameters: the pydantic model that declares them, best derived from `JobParameters`.
    run: does the work, in the job's child process.
    path: where the job list lives, e.g. ``/uws/isgri_image``.
    refuses_wrong_values: a wrong value is refused when it is sent, a missing one at PHASE=RUN.
    Otherwise (TAP) nothing is refused; what is wrong makes the job ERROR when it runs.
    quote: how many seconds such a job is likely to run, ``None`` where that can't be told. Asked
    with complete parameters and the owner, when somebody first reads the job; what it raises is
    logged and means ``None``.
    takes_files: whether files that are sent with the parameters are kept, as `JobContext.inputs`.
    queue: where its jobs wait.
    uses, makes: the files that its jobs read and the results that they leave.
    preload: modules that its code needs, imported once before jobs are forked.
    prepare: called once after that, for what else every job would do anew. It may read the
    database, but must leave no connection open and no thread.
    """

    name: str
    title: str
    description: str
    path: str
    parameters: type[P]
    run: Callable[[JobContext[P]], None]
    refuses_wrong_values: bool = True
    quote: Callable[[P, Principal], float | None] | None = None
    takes_files: bool = False
    queue: Queue = Queue.LONG
    uses: tuple[FileDescription, ...] = ()
    makes: tuple[FileDescription, ...] = ()
    preload: tuple[str, ...] = ()
    prepare: Callable[[], None] | None = None
