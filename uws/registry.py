"""The job types that this server offers; `vo_server.composition` fills it at start."""

from typing import Any

from uws.errors import UnknownJobTypeError
from uws.types import JobType, Queue

_types: dict[str, JobType[Any]] = {}


def register(job_type: JobType[Any]) -> None:
    """Offer ``job_type``; raises ``ValueError`` where its name or path is taken by another."""
    for other in _types.values():
        if other is not job_type and (other.name == job_type.name or other.path == job_type.path):
            raise ValueError(f"job type {job_type.name!r} at {job_type.path} is already offered")
    _types[job_type.name] = job_type


def withdraw(name: str) -> None:
    """Offer the job type no more; its jobs stay."""
    _types.pop(name, None)


def get(name: str) -> JobType[Any]:
    """The job type of this name; raises `UnknownJobTypeError`."""
    try:
        return _types[name]
    except KeyError:
        offered = ", ".join(sorted(_types)) or "none"
        raise UnknownJobTypeError(
            f"no job type {name!r} is offered here; offered: {offered}"
        ) from None


def of_queue(queue: Queue) -> tuple[JobType[Any], ...]:
    """The job types whose jobs wait in this queue."""
    return tuple(job_type for job_type in _types.values() if job_type.queue is queue)


def all() -> tuple[JobType[Any], ...]:
    """Every job type, in the order of registration."""
    return tuple(_types.values())
