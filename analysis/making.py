"""Making one result, in a process of its own: no database, no web, only files.

The record of the making (when, from what, with which software) is written where the step runs and
stored together with the result, so that no cached file lacks its history. It names no person and
is nobody's to see until a product that comes from it is published. That of a failed run goes with
its failure.

Every file is checked against its checksum before a step reads it: what was damaged since it was
stored or ingested never goes into a result.
"""

import errno
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.cache import Cache, CachedFile
from analysis.errors import (
    AnalysisError,
    DiskFull,
    NoScWData,
    NotEnoughMemory,
    ScWDataCorrupted,
    SoftwareChanged,
    StepBroken,
)
from analysis.steps import Parameter, StepInputs, StepKind
from analysis.stored_records import Record
from instruments.science_window import ScienceWindowId, ScienceWindowIdError
from provenance import recorder
from provenance.agents import software as software_agent
from provenance.files import file_checksum
from provenance.identifiers import activity_id_of, new_entity_id
from provenance.records import (
    ActivityRecord,
    ConfigFileRecord,
    EntityRecord,
    InvolvedRecord,
)


@dataclass(frozen=True, slots=True)
class Input:
    """A file that a step reads, and what the provenance calls it.

    identity: of the step that made it; ``None`` for a raw file.
    """

    path: Path
    entity: EntityRecord
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """All that a process needs to know to make one result.

    key: names this making (`analysis.executors`). label: what the result is of, in words for
    people. authority: IVOA authority of new identifiers. software: what computes (this server, the
    engine's libraries), and its versions.
    """

    identity: str
    key: str
    kind: StepKind
    engine: str
    software_digest: str
    parameters: Mapping[str, Parameter]
    inputs: Mapping[str, tuple[Input, ...]]
    label: str
    authority: str
    software: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Making:
    """A result with the record of its making; whether it was made under another key."""

    file: CachedFile
    record: Record
    restored: bool


@dataclass(frozen=True, slots=True)
class DamagedInputs:
    """Cached files that a step found damaged or gone, by identity: they must be made again."""

    identities: tuple[str, ...]


def make(cache_root: Path, task: Task) -> Making | DamagedInputs:
    """Make the result of ``task``, unless the cache has it by now.

    Raises `analysis.errors.AnalysisError`, always one that names Science Window and step.
    """
    try:
        return _make(Cache(cache_root), task)
    except _RunFailedError as failed:
        failure = _named(failed.error, task)
        failure.attempt = replace(failed.record, comment=str(failure))
        raise failure from failed.error
    except Exception as error:
        raise _named(error, task) from error


def attempt(task: Task, failure: AnalysisError) -> ActivityRecord:
    """The record of a run that failed and could not tell of itself, such as one that was killed.

    Whoever shared the run tells of the same activity: its identifier comes from the task's key.
    """
    if failure.attempt is not None:
        return failure.attempt
    with suppress(AnalysisError), _recording(task) as activity:
        raise failure
    record = activity.record
    # where it ran isn't where this is told
    agents = tuple(involved for involved in record.agents if involved.role == "software")
    return replace(
        record,
        id=activity_id_of(task.authority, task.key),
        comment=str(failure),
        agents=agents,
        private_comment=None,
    )


class _RunFailedError(Exception):
    """A step's code raised ``error``; the record of the run."""

    def __init__(self, error: Exception, record: ActivityRecord) -> None:
        super().__init__()
        self.error = error
        self.record = record


def _named(error: Exception, task: Task) -> AnalysisError:
    return _failure(error, task.kind).at(science_window(task.label), task.kind.name)


def _failure(error: Exception, kind: StepKind) -> AnalysisError:
    """What a user is told of the error."""
    if isinstance(error, AnalysisError):
        return error
    if isinstance(error, MemoryError):
        return NotEnoughMemory(f"it needs more than the {kind.memory / 1e6:.0f} MB that it may use")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull("the server's disk is full")
    return StepBroken(f"the step's program failed ({type(error).__name__})")


def science_window(label: str) -> str:
    """The Science Window that a step of that label is of; empty where it is of several."""
    try:
        return str(ScienceWindowId.parse(label))
    except ScienceWindowIdError:
        return ""


def _make(cache: Cache, task: Task) -> Making | DamagedInputs:
    if task.kind.software() != task.software_digest:
        # the result would be found again under an identity that isn't its own
        raise SoftwareChanged(
            "the software was changed while the server ran; its operator must start it anew"
        )
    found = cache.find(task.identity)
    if found is not None:
        return Making(*found, restored=found[1].key != task.key)
    damaged = _damaged(task)
    if damaged:
        return DamagedInputs(damaged)
    messages: list[str] = []

    def write(path: Path) -> Record:
        began = time.monotonic()
        activity = _run(task, path, messages)
        return Record(
            activity,
            task.engine,
            task.label,
            time.monotonic() - began,
            peak_memory=_peak_bytes(),
            key=task.key,
            messages=tuple(messages),
        )

    file, record, is_new = cache.store(
        task.identity, task.kind.file_name, write, task.kind.tolerance
    )
    return Making(file, record, restored=not is_new)


def _damaged(task: Task) -> tuple[str, ...]:
    """Cached inputs that aren't what was stored; raises where a raw file isn't its own any more."""
    damaged: list[str] = []
    for items in task.inputs.values():
        for item in items:
            try:
                is_whole = file_checksum(item.path) == item.entity.checksum
            except FileNotFoundError:
                if item.identity is None:
                    raise NoScWData(f"the archive lacks the file {item.entity.name}") from None
                is_whole = False
            if not is_whole and item.identity is None:
                raise ScWDataCorrupted(
                    f"the file {item.entity.name} isn't what was ingested: its checksum differs"
                )
            if not is_whole and item.identity is not None:
                damaged.append(item.identity)
    return tuple(dict.fromkeys(damaged))


def _run(task: Task, path: Path, messages: list[str]) -> ActivityRecord:
    """Run the step's code; the record of what it did. Raises `_RunFailedError`."""
    files = {role: tuple(item.path for item in items) for role, items in task.inputs.items()}
    try:
        with _recording(task) as activity:
            task.kind.run(StepInputs(files), task.parameters, path, messages.append)
            activity.generated(
                EntityRecord(
                    new_entity_id(task.authority),
                    name=f"{task.kind.file_name} {task.label}".strip(),
                    content_type=task.kind.content_type,
                    checksum=file_checksum(path),
                    step_identity=task.identity,
                    description=task.kind.name,
                ),
                role=task.kind.name,
            )
    except Exception as error:
        raise _RunFailedError(error, activity.record) from error
    return activity.record


@contextmanager
def _recording(task: Task) -> Iterator[recorder.Recorder]:
    """The activity that the task is, with all that it takes in."""
    with recorder.activity(
        task.kind.name,
        version=task.kind.version,
        authority=task.authority,
        agents=[
            InvolvedRecord(software_agent(task.authority, name, version), "software")
            for name, version in task.software.items()
        ],
        parameters=[
            *(
                recorder.parameter(name, "" if value is None else value)
                for name, value in task.parameters.items()
            ),
            recorder.parameter("engine", task.engine),
            recorder.parameter("software_digest", task.software_digest),
        ],
    ) as activity:
        activity.configured(
            *(
                ConfigFileRecord(file.name, file.path, f"Of the installed {task.engine}")
                for file in task.kind.config_files
                if file.is_read(task.parameters)
            )
        )
        for role, items in task.inputs.items():
            for item in items:
                activity.used(item.entity, role=role)
        yield activity


def _peak_bytes() -> int | None:
    """The most memory that this process has had, what it shares with others among it."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return None
