"""Jobs and workers in Django's administration pages: to look at, and to intervene."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from auth.principal import of_request
from dali.errors import DaliError
from uws import registry, service
from uws.models import Job, JobMessage, JobParameter, JobResult, Notice, Worker

if TYPE_CHECKING:  # Django's own classes take no parameters when the program runs
    _AdminOfJobs = admin.ModelAdmin[Job]
    _AdminOfWorkers = admin.ModelAdmin[Worker]
    _AdminOfNotices = admin.ModelAdmin[Notice]
    _ParameterInline = admin.TabularInline[JobParameter, Job]
    _ResultInline = admin.TabularInline[JobResult, Job]
    _MessageInline = admin.TabularInline[JobMessage, Job]
else:
    _AdminOfJobs = _AdminOfWorkers = _AdminOfNotices = admin.ModelAdmin
    _ParameterInline = _ResultInline = _MessageInline = admin.TabularInline


class _OnlyToLookAt:
    """No row is added or changed by hand: jobs and workers speak for themselves."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Never."""
        return False


class _Parameters(_OnlyToLookAt, _ParameterInline):
    model = JobParameter
    can_delete = False
    fields = ("name", "value")


class _Results(_OnlyToLookAt, _ResultInline):
    model = JobResult
    can_delete = False
    fields = ("name", "media_type", "size")


class _Messages(_OnlyToLookAt, _MessageInline):
    model = JobMessage
    can_delete = False
    fields = ("time", "text")


@admin.register(Job)
class JobAdmin(_AdminOfJobs):
    """Every job, newest first. Only its priority can be set; actions abort, hold and release."""

    list_display = (
        "id",
        "job_type",
        "owner",
        "phase",
        "priority",
        "creation_time",
        "start_time",
        "end_time",
        "attempts",
        "worker",
    )
    list_filter = ("phase", "job_type")
    list_select_related = ("owner", "worker")
    search_fields = ("id", "run_id", "owner__username")
    ordering = ("-creation_time",)
    show_full_result_count = False
    inlines = (_Parameters, _Results, _Messages)
    actions = ("abort", "hold", "release")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Jobs are created by those who want something done."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Job | None = None) -> list[str]:
        """All but the priority."""
        return [field.name for field in Job._meta.fields if field.name != "priority"]

    def save_model(self, request: HttpRequest, obj: Job, form: object, change: bool) -> None:
        """The priority alone: workers may have changed all else since the page was shown."""
        Job.objects.filter(pk=obj.pk).update(priority=obj.priority)

    @admin.action(description="Abort the selected jobs", permissions=["change"])
    def abort(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """End them now."""
        self._each(request, jobs, service.abort, "aborted")

    @admin.action(
        description="Hold the selected jobs until they are released", permissions=["change"]
    )
    def hold(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Keep those that wait from being run."""
        self._each(request, jobs, service.hold, "held")

    @admin.action(description="Release the selected jobs to run", permissions=["change"])
    def release(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        """Hand them in again."""
        self._each(request, jobs, service.run, "released")

    def _each(
        self, request: HttpRequest, jobs: QuerySet[Job], do: Callable[..., None], done: str
    ) -> None:
        """Do it to one after the other, each in a transaction of its own."""
        principal, count = of_request(request), 0
        for job in jobs:
            try:
                do(registry.get(job.job_type), principal, job.id)
                count += 1
            except DaliError as error:
                self.message_user(request, f"{job.id}: {error.message}", messages.WARNING)
        self.message_user(request, f"{count} jobs {done}")


@admin.register(Worker)
class WorkerAdmin(_OnlyToLookAt, _AdminOfWorkers):
    """The workers that were alive lately."""

    list_display = ("id", "host", "pid", "capacity", "started", "heartbeat")

    def has_delete_permission(self, request: HttpRequest, obj: Worker | None = None) -> bool:
        """Other workers find out who is dead."""
        return False


@admin.register(Notice)
class NoticeAdmin(_OnlyToLookAt, _AdminOfNotices):
    """What owners are still to be told; deleting a notice means that nobody is."""

    list_display = ("job_id", "phase", "time", "address", "tries", "next_try")
    ordering = ("next_try",)
