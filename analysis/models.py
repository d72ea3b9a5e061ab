"""The stored state of the analysis: what the cache has, who makes what now, who needs what.

The files themselves lie in the cache's folder, each with the record of its making; these tables
are their index and can be made again from the files (``manage.py cache_verify``), leases, holds,
pins and the counted use apart. The database's clock alone decides about what has expired.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class CachedStep(models.Model):
    """A step's result that lies in the cache, by the step's identity.

    A row is entered in one transaction with the provenance of the step's activity.
    """

    identity = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=100, help_text="Name of the step.")
    engine = models.CharField(max_length=100)
    label = models.TextField(help_text="What it is of: a Science Window, or several.")
    file_name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=200, null=True)
    size = models.BigIntegerField(help_text="Bytes of the file.")
    checksum = models.CharField(max_length=80)
    entity_id = models.TextField(unique=True, help_text="Of the file, in the provenance.")
    entity_name = models.TextField(null=True)
    activity_id = models.TextField(help_text="Of the run that made it, in the provenance.")
    seconds = models.FloatField(help_text="How long it took to make.")
    breadth = models.PositiveIntegerField(
        null=True, help_text="Inputs of its role that has most of them: Science Windows joined."
    )
    hits = models.PositiveBigIntegerField(default=0, db_default=0)
    demand = models.FloatField(
        default=0.0,
        db_default=0.0,
        help_text="Uses, each counting less the longer it is ago, as of the last one.",
    )
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(db_default=Now())
    data_rights = models.CharField(
        max_length=20, help_text="The strictest of its inputs' rights, as ObsCore has them."
    )
    release_date = models.DateTimeField(
        null=True, help_text="When all of its inputs are public; NULL: not planned."
    )

    class Meta:
        """What estimates and evictions look for."""

        indexes: ClassVar = [
            models.Index("engine", "kind", name="analysis_cached_kind"),
            models.Index("last_used_at", name="analysis_cached_use"),
        ]

    def __str__(self) -> str:
        """Kind and label."""
        return f"{self.kind} {self.label}".strip()


class StepPin(models.Model):
    """A result that a published product was made from: it is never evicted.

    The pin is of the identity, so that it outlives a file that is lost or damaged, and the row.
    """

    identity = models.CharField(primary_key=True, max_length=64)

    def __str__(self) -> str:
        """Identity."""
        return self.identity[:12]


class CacheFolder(models.Model):
    """Which folder the index is of; there is one row. No row of a result goes without it."""

    number = models.PositiveSmallIntegerField(primary_key=True, default=1)
    marker = models.CharField(max_length=100, help_text="What the folder holds (`Cache.marker`).")

    def __str__(self) -> str:
        """The marker."""
        return self.marker


class StepLease(models.Model):
    """The right to make one result now, of all jobs that share the run. The last of them ends it.

    Whoever takes it over, after its expiry or after a run that failed, gets a higher fencing
    number, and an older one can't renew or end the lease any more. It names a run and bars no
    result: of two runs the one that stores first stands, be its number the older one, and what the
    other brings is compared with it and dropped (`analysis.cache.Cache.store`). Both are right,
    since a step is a pure function.
    """

    identity = models.CharField(primary_key=True, max_length=64)
    fence = models.BigIntegerField(help_text="From one sequence: later leases have higher ones.")
    cluster = models.TextField(help_text="Where the step runs: others of that place share the run.")
    holder = models.TextField(help_text="Job, host and process that took it; never public.")
    jobs = ArrayField(
        models.TextField(),
        db_default=[],
        default=list,
        help_text="Those that share the run; never public.",
    )
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        """Identity and number."""
        return f"{self.identity[:12]} {self.fence}"


class StepHold(models.Model):
    """A running job's claim that this result stays in the cache until the job is done."""

    job = models.CharField(max_length=100)
    identity = models.CharField(max_length=64, db_index=True)
    expires_at = models.DateTimeField()

    class Meta:
        """One row per job and step."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["job", "identity"], name="analysis_hold_once")
        ]

    def __str__(self) -> str:
        """Identity."""
        return self.identity[:12]


class StepTiming(models.Model):
    """How long steps of one kind have taken: counts that outlive the cached files."""

    engine = models.CharField(max_length=100)
    kind = models.CharField(max_length=100)
    runs = models.PositiveBigIntegerField()
    seconds = models.FloatField(help_text="Of all these runs together.")
    peak_memory = models.BigIntegerField(default=0, db_default=0, help_text="Bytes, of any run.")

    class Meta:
        """One row per kind of step."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["engine", "kind"], name="analysis_timing_once")
        ]

    def __str__(self) -> str:
        """Engine and kind."""
        return f"{self.engine} {self.kind}"
