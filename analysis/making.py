"""Making one result, in a process of its own: no database, no web, only files.

The record of the making (when, from what, with which software) is written where the step runs and
stored together with the result, so that no cached file lacks its history. It names no person and
is nobody's to see until a product that comes from it is published.
"""

import platform
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analysis.cache import Cache, CachedFile, file_checksum
from analysis.errors import AnalysisError
from analysis.steps import Parameter, StepInputs, StepKind
from provenance import recorder
from provenance.agents import software as software_agent
from provenance.identifiers import new_entity_id
from provenance.records import ActivityRecord, EntityRecord, InvolvedRecord


@dataclass(frozen=True, slots=True)
class Input:
    """A file that a step reads, and what the provenance calls it."""

    path: Path
    entity: EntityRecord


@dataclass(frozen=True, slots=True)
class Task:
    """All that a process needs to know to make one result.

    label: what the result is of, in words for people. authority: IVOA authority of new
    identifiers. software: what computes (this server, the engine's libraries), and its versions.
    """

    identity: str
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
    """A result; whether another had made it meanwhile; what the step told."""

    file: CachedFile
    restored: bool
    messages: tuple[str, ...]


def make(cache_root: Path, task: Task) -> Making:
    """Make the result of ``task``, unless the cache has it by now.

    Raises `analysis.errors.AnalysisError` for failures that the user should read.
    """
    if task.kind.software() != task.software_digest:
        # the result would be found again under an identity that isn't its own
        raise AnalysisError(
            "the software was changed while the server ran; its operator must start it anew",
            science_window=task.label,
            step=task.kind.name,
        )
    messages: list[str] = []

    def write(path: Path) -> ActivityRecord:
        files = {role: tuple(item.path for item in items) for role, items in task.inputs.items()}
        with recorder.activity(
            task.kind.name,
            version=task.kind.version,
            authority=task.authority,
            agents=[
                InvolvedRecord(agent, "software")
                for agent in (
                    software_agent(task.authority, name, version)
                    for name, version in task.software.items()
                )
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
            activity.remark(f"Ran on {socket.gethostname()}, Python {platform.python_version()}.")
            for role, items in task.inputs.items():
                for item in items:
                    activity.used(item.entity, role=role)
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
        return activity.record

    file, made = Cache(cache_root).find_or_make(task.identity, task.kind.file_name, write)
    return Making(file, not made, tuple(messages))
