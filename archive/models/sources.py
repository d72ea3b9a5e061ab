"""The reference catalogue of high-energy sources."""

from django.db import models

from archive.spherical import position_index


class Source(models.Model):
    """A source of the mission's reference catalogue (extension GNRL-REFR-CAT)."""

    source_id = models.TextField(primary_key=True, help_text="SOURCE_ID, such as J053432.0+220052.")
    name = models.TextField(db_index=True)
    source_class = models.TextField(null=True)
    ra = models.FloatField(help_text="deg ICRS")
    dec = models.FloatField(help_text="deg ICRS")
    position_error = models.FloatField(null=True, help_text="deg")
    isgri_flux_1 = models.FloatField(null=True, help_text="20-40 keV, count/s")
    isgri_flux_2 = models.FloatField(null=True, help_text="40-80 keV, count/s")
    isgri_flag = models.IntegerField(help_text="Above 0: seen by ISGRI.")
    jemx_flux_1 = models.FloatField(null=True, help_text="3-10 keV, count/s")
    jemx_flux_2 = models.FloatField(null=True, help_text="10-30 keV, count/s")
    jemx_flag = models.IntegerField(default=0, help_text="Above 0: seen by JEM-X.")
    catalogue = models.TextField(help_text="File it comes from, below the archive root.")

    class Meta:
        indexes = (position_index("ra", "dec", name="archive_source_position"),)

    def __str__(self) -> str:
        """The name."""
        return self.name
