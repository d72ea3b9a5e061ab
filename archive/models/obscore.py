"""The stored rows of ``ivoa.obscore``: one plain table, so that no query joins.

Columns bear ObsCore 1.1's names (section B, table 6). A row is one file: its access_url is made
from the product's id by the published view (`archive.tables`).
"""

from django.contrib.postgres.indexes import GistIndex
from django.db import models

from archive.models.products import DataProduct, DataRights
from archive.spherical import SphericalPolygonField, position_index


class ObsCoreRow(models.Model):
    """How the Virtual Observatory sees one file."""

    product = models.OneToOneField(
        DataProduct, models.CASCADE, to_field="product_id", related_name="obscore"
    )
    dataproduct_type = models.TextField(null=True)
    dataproduct_subtype = models.TextField(null=True)
    calib_level = models.IntegerField()
    obs_collection = models.TextField()
    obs_id = models.TextField(db_index=True)
    obs_title = models.TextField(null=True)
    obs_creation_date = models.DateTimeField(null=True)
    obs_creator_name = models.TextField(null=True)
    obs_publisher_did = models.TextField(unique=True)
    access_format = models.TextField()
    access_estsize = models.BigIntegerField(help_text="kbyte")
    target_name = models.TextField(null=True, db_index=True)
    target_class = models.TextField(null=True)
    s_ra = models.FloatField(null=True)
    s_dec = models.FloatField(null=True)
    s_fov = models.FloatField(null=True)
    s_region = SphericalPolygonField(null=True)
    s_resolution = models.FloatField(null=True)
    s_pixel_scale = models.FloatField(null=True)
    s_calib_status = models.TextField(null=True)
    s_xel1 = models.BigIntegerField(null=True)
    s_xel2 = models.BigIntegerField(null=True)
    t_min = models.FloatField(null=True, db_index=True)
    t_max = models.FloatField(null=True, db_index=True)
    t_exptime = models.FloatField(null=True)
    t_resolution = models.FloatField(null=True)
    t_calib_status = models.TextField(null=True)
    t_xel = models.BigIntegerField(null=True)
    em_min = models.FloatField(null=True)
    em_max = models.FloatField(null=True)
    em_res_power = models.FloatField(null=True)
    em_calib_status = models.TextField(null=True)
    em_xel = models.BigIntegerField(null=True)
    o_ucd = models.TextField(null=True)
    o_unit = models.TextField(null=True)
    o_calib_status = models.TextField(null=True)
    pol_states = models.TextField(null=True)
    pol_xel = models.BigIntegerField(null=True)
    facility_name = models.TextField()
    instrument_name = models.TextField()
    proposal_id = models.TextField(null=True)
    data_rights = models.TextField(choices=DataRights)
    obs_release_date = models.DateTimeField(null=True)
    scw = models.TextField(null=True, db_index=True)
    revolution = models.IntegerField(null=True, db_index=True)

    class Meta:
        db_table = "archive_obscore"
        indexes = (
            position_index("s_ra", "s_dec", name="archive_obscore_position"),
            GistIndex(fields=("s_region",), name="archive_obscore_region"),
            models.Index(fields=("dataproduct_type", "calib_level"), name="archive_obscore_type"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(calib_level__range=(0, 4)), name="archive_obscore_calib_level"
            ),
            models.CheckConstraint(
                condition=~models.Q(data_rights=DataRights.PUBLIC)
                | models.Q(obs_release_date__isnull=False),
                name="archive_obscore_public_is_released",
            ),
        )

    def __str__(self) -> str:
        """The identifier."""
        return self.obs_publisher_did
