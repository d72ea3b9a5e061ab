"""The stored rows of ``ivoa.obsplan``: what was, and will be, observed when.

Columns bear ObsLocTAP 1.0's names (table 2). A row is a pointing that was performed, in its newest
version, or an observation that is planned and has no pointing yet.
"""

from django.contrib.postgres.indexes import GistIndex
from django.db import models

from archive.models.science_windows import Observation, ScienceWindow
from archive.spherical import SphericalPolygonField, position_index


class ExecutionStatus(models.TextChoices):
    """How far an observation has come (ObsLocTAP 1.0, section 1); those that occur here."""

    PLANNED = "Planned", "asked for, without a time"
    PERFORMED = "Performed", "done"


class ObsPlanRow(models.Model):
    """How the Virtual Observatory sees one entry of the observing plan."""

    science_window = models.OneToOneField(
        ScienceWindow, models.CASCADE, null=True, db_column="scw", related_name="plan"
    )
    observation = models.OneToOneField(Observation, models.CASCADE, null=True, related_name="plan")
    t_planning = models.FloatField(db_index=True, help_text="MJD (UTC)")
    target_name = models.TextField(null=True, db_index=True)
    obs_id = models.TextField(unique=True)
    obs_collection = models.TextField(null=True)
    s_ra = models.FloatField(null=True)
    s_dec = models.FloatField(null=True)
    s_fov = models.FloatField(null=True)
    s_region = SphericalPolygonField(null=True)
    s_resolution = models.FloatField(null=True)
    t_min = models.FloatField(null=True, db_index=True)
    t_max = models.FloatField(null=True, db_index=True)
    t_exptime = models.FloatField(null=True)
    t_resolution = models.FloatField(null=True)
    em_min = models.FloatField(null=True)
    em_max = models.FloatField(null=True)
    em_res_power = models.FloatField(null=True)
    o_ucd = models.TextField(null=True)
    pol_states = models.TextField(null=True)
    pol_xel = models.BigIntegerField(null=True)
    facility_name = models.TextField()
    instrument_name = models.TextField(null=True)
    t_plan_exptime = models.FloatField(null=True)
    category = models.TextField()
    priority = models.IntegerField()
    execution_status = models.TextField(choices=ExecutionStatus)
    tracking_type = models.TextField()

    class Meta:
        db_table = "archive_obsplan"
        indexes = (
            position_index("s_ra", "s_dec", name="archive_obsplan_position"),
            GistIndex(fields=("s_region",), name="archive_obsplan_region"),
        )
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(execution_status=ExecutionStatus.PERFORMED)
                | models.Q(t_min__isnull=False, t_max__isnull=False, t_exptime__isnull=False),
                name="archive_obsplan_performed_has_times",
            ),
        )

    def __str__(self) -> str:
        """The identifier."""
        return self.obs_id
