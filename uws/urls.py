"""The addresses of jobs: every job type's at its own place, and the list of the types."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from uws import registry, views
from uws.types import JobType


def job_type_urls(job_type: JobType[Any]) -> list[URLPattern]:
    """The job list of one job type and all below it (UWS 1.1, section 2.2.1)."""
    root = job_type.path.strip("/")
    job = f"{root}/<str:job_id>"
    places: list[tuple[str, Callable[..., Any]]] = [
        (root, views.jobs),
        (f"{root}/", views.jobs),
        (job, views.job),
        (f"{job}/phase", views.phase),
        (f"{job}/parameters", views.parameters),
        (f"{job}/executionduration", views.execution_duration),
        (f"{job}/destruction", views.destruction),
        (f"{job}/quote", views.quote),
        (f"{job}/notify", views.notify),
        (f"{job}/owner", views.owner),
        (f"{job}/error", views.error),
        (f"{job}/results", views.results),
        (f"{job}/results/<str:name>", views.result),
    ]
    return [path(place, view, {"job_type": job_type}) for place, view in places]


def _descriptions(job_type: JobType[Any]) -> list[URLPattern]:
    """What the job type is, beside its jobs; no job's id is one of these words."""
    return [
        path(f"uws/{job_type.name}/{place}", view, {"job_type": job_type})
        for place, view in (("description", views.description), ("jdl", views.job_description))
    ]


def urlpatterns() -> list[URLPattern]:
    """Every registered job type's addresses, and those of ``/uws/`` itself.

    Call it once all job types are registered.
    """
    return [
        *(pattern for job_type in registry.all() for pattern in _descriptions(job_type)),
        *(pattern for job_type in registry.all() for pattern in job_type_urls(job_type)),
        path("uws/", views.job_types, name="job_types_list"),
        path("uws", views.job_types),
        path("uws/<str:name>", views.unknown_job_type),
        path("uws/<str:name>/<path:rest>", views.unknown_job_type),
    ]
