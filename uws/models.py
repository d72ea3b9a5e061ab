"""The stored state of jobs and workers: the only truth about phases.

What must always hold is a constraint of the database, since workers on any machine write here.
A trigger (migration 0002) tells every change of phase on the channel ``uws_phase``.
"""

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from uws.phases import TERMINAL, Phase


def new_job_id() -> str:
    """128 random bits: for an anonymous job, knowing its address is the right to it."""
    return secrets.token_hex(16)


class Worker(models.Model):
    """A worker process that runs jobs, as long as it is alive."""

    id = models.CharField(primary_key=True, max_length=100)
    place = models.CharField(
        max_length=200, help_text="The boot and the process namespace in which its pid counts."
    )
    host = models.CharField(max_length=200)
    pid = models.IntegerField()
    pid_started = models.BigIntegerField(help_text="The process' start, in the kernel's ticks.")
    template_pid = models.IntegerField(help_text="The process that jobs are forked from.")
    template_started = models.BigIntegerField()
    capacity = models.PositiveIntegerField(help_text="How many jobs it runs at once.")
    started = models.DateTimeField(db_default=Now())
    heartbeat = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        """Its id."""
        return self.id


class Job(models.Model):
    """One UWS job."""

    id = models.CharField(primary_key=True, max_length=64, default=new_job_id)
    job_type = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+"
    )
    phase = models.CharField(
        max_length=10, default=Phase.PENDING, choices=[(phase, phase) for phase in Phase]
    )
    run_id = models.TextField(null=True)
    creation_time = models.DateTimeField(db_default=Now())
    queued_time = models.DateTimeField(null=True)
    start_time = models.DateTimeField(null=True)
    end_time = models.DateTimeField(null=True)
    quoted_s = models.FloatField(
        null=True, help_text="Seconds that its run is likely to take; none where nobody can tell."
    )
    quoted_for = models.CharField(
        max_length=64, null=True, help_text="Digest of the parameters that this was told for."
    )
    execution_duration = models.PositiveIntegerField(help_text="Seconds; 0 is unlimited.")
    destruction = models.DateTimeField()
    error_message = models.TextField(null=True)
    error_kind = models.CharField(
        max_length=9, null=True, choices=[("fatal", "fatal"), ("transient", "transient")]
    )
    attempts = models.PositiveIntegerField(default=0)
    priority = models.SmallIntegerField(
        default=0, db_default=0, help_text="Where several jobs wait, the highest comes first."
    )
    progress_done = models.FloatField(null=True)
    progress_total = models.FloatField(null=True)
    progress_message = models.TextField(null=True)
    notify = models.JSONField(
        null=True, help_text="The addresses that are told when the phase changes."
    )
    worker = models.ForeignKey(Worker, null=True, on_delete=models.PROTECT, related_name="jobs")
    lease_expires = models.DateTimeField(null=True)

    class Meta:
        """Constraints, and the indexes of the queue, of leases, of lists and of the janitor."""

        constraints: ClassVar = [
            models.CheckConstraint(
                name="uws_job_phase", condition=Q(phase__in=[str(p) for p in Phase])
            ),
            models.CheckConstraint(
                name="uws_job_lease",
                condition=Q(phase=Phase.EXECUTING)
                & Q(worker__isnull=False, lease_expires__isnull=False, start_time__isnull=False)
                | ~Q(phase=Phase.EXECUTING) & Q(worker__isnull=True, lease_expires__isnull=True),
            ),
            models.CheckConstraint(
                name="uws_job_end",
                condition=Q(phase__in=sorted(TERMINAL), end_time__isnull=False)
                | ~Q(phase__in=sorted(TERMINAL)) & Q(end_time__isnull=True),
            ),
            models.CheckConstraint(
                name="uws_job_error",
                condition=~Q(phase=Phase.ERROR)
                | Q(error_message__isnull=False, error_kind__isnull=False),
            ),
            models.CheckConstraint(
                name="uws_job_queued",
                condition=~Q(phase=Phase.QUEUED) | Q(queued_time__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index("queued_time", name="uws_job_queue", condition=Q(phase=Phase.QUEUED)),
            models.Index(
                "lease_expires", name="uws_job_leases", condition=Q(phase=Phase.EXECUTING)
            ),
            models.Index("destruction", name="uws_job_destruction"),
            models.Index(Coalesce("owner", 0), "start_time", name="uws_job_turn"),
            models.Index("owner", "job_type", F("creation_time").desc(), name="uws_job_owner_list"),
            models.Index("job_type", F("creation_time").desc(), name="uws_job_list"),
        ]

    def __str__(self) -> str:
        """Its id."""
        return self.id


class JobParameter(models.Model):
    """One value of one parameter, as it was sent."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parameters")
    name = models.CharField(max_length=100)
    position = models.PositiveIntegerField()
    value = models.TextField()

    class Meta:
        """A parameter's values are numbered."""

        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job", "name", "position"], name="uws_parameter_position"
            )
        ]

    def __str__(self) -> str:
        """Name and value."""
        return f"{self.name}={self.value}"


class JobResult(models.Model):
    """One file of a completed job; ``path`` is relative to the folder of all jobs."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="results")
    name = models.CharField(max_length=100)
    path = models.TextField()
    media_type = models.CharField(max_length=200)
    size = models.BigIntegerField()

    class Meta:
        """A result's name is unique in its job."""

        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "name"], name="uws_result_name")
        ]

    def __str__(self) -> str:
        """Its name."""
        return self.name


class JobMessage(models.Model):
    """A line that a job told its owner."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="messages")
    time = models.DateTimeField(db_default=Now())
    text = models.TextField()

    class Meta:
        """As they were told."""

        ordering: ClassVar = ["id"]

    def __str__(self) -> str:
        """The line."""
        return self.text


class EndedJobs(models.Model):
    """How many jobs have ended how, and how long they took: counts that outlive the jobs.

    A trigger (migration 0005) writes them; a bucket doesn't hold what lies in lower ones.
    """

    job_type = models.CharField(max_length=100)
    phase = models.CharField(max_length=10)
    measure = models.CharField(
        max_length=8, choices=[("duration", "duration"), ("waiting", "waiting")]
    )
    up_to = models.FloatField(help_text="Seconds; the bucket's upper limit.")
    jobs = models.BigIntegerField()
    seconds = models.FloatField(help_text="Of all these jobs together.")

    class Meta:
        """One row per bucket."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["job_type", "phase", "measure", "up_to"], name="uws_ended_bucket"
            )
        ]

    def __str__(self) -> str:
        """The bucket."""
        return f"{self.job_type} {self.phase}: {self.measure} up to {self.up_to:g} s"


class Notice(models.Model):
    """A change of a job's phase that an address is still to be told of.

    A trigger (migration 0007) writes it in the transaction of the change; `uws.delivery` tells it
    and removes it. It outlives its job.
    """

    job_id = models.CharField(max_length=64)
    job_type = models.CharField(max_length=100)
    run_id = models.TextField(null=True)
    phase = models.CharField(max_length=10)
    error_message = models.TextField(null=True)
    time = models.DateTimeField(help_text="When the phase changed.")
    address = models.TextField()
    tries = models.PositiveIntegerField(default=0, db_default=0)
    next_try = models.DateTimeField(db_default=Now())

    class Meta:
        """Who is due is looked for all the time."""

        indexes: ClassVar = [models.Index("next_try", name="uws_notice_due")]

    def __str__(self) -> str:
        """What is told to whom."""
        return f"{self.job_id} is {self.phase}: {self.address}"
