"""Files that this server hands out: the archive's own and those made here."""

from pathlib import Path

from django.conf import settings
from django.db import models

from archive.models.science_windows import ScienceWindow


class Store(models.TextChoices):
    """Under which root a file lies."""

    ARCHIVE = "archive", "the mission's archive (VO_ARCHIVE_ROOT)"
    PRODUCT = "product", "products made here (VO_PRODUCT_ROOT)"

    @property
    def root(self) -> Path:
        """The folder itself, absolute."""
        roots = {Store.ARCHIVE: settings.VO_ARCHIVE_ROOT, Store.PRODUCT: settings.VO_PRODUCT_ROOT}
        return Path(roots[self]).absolute()


class DataRights(models.TextChoices):
    """Who may read, in ObsCore's words (section B.4.4)."""

    PUBLIC = "public", "everybody"
    SECURE = "secure", "everybody who has signed in"
    PROPRIETARY = "proprietary", "its owner, until the release date"


class DataProduct(models.Model):
    """A file with an identifier, a place, a checksum and rights."""

    product_id = models.TextField(unique=True, help_text="What follows /products/ in its address.")
    obs_publisher_did = models.TextField(unique=True, help_text="Its identity in the VO.")
    store = models.TextField(choices=Store)
    path = models.TextField(help_text="Below the store's root.")
    kind = models.TextField(
        help_text="What it is: swg, isgri_events, jmx1_events, mosaic, sources, ..."
    )
    file_name = models.TextField(help_text="Name that a client saves it under.")
    media_type = models.TextField()
    size = models.BigIntegerField(help_text="Bytes.")
    sha256 = models.TextField()
    created = models.DateTimeField()
    data_rights = models.TextField(choices=DataRights)
    release_date = models.DateTimeField(null=True, help_text="When everybody may read it.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    science_window = models.ForeignKey(
        ScienceWindow, models.PROTECT, null=True, db_column="scw", related_name="products"
    )
    obs_id = models.TextField(
        null=True, db_index=True, help_text="What belongs together, as in ObsCore."
    )
    job_id = models.TextField(null=True, db_index=True, help_text="The job that made it.")
    e_min_kev = models.FloatField(null=True)
    e_max_kev = models.FloatField(null=True)
    software = models.TextField(null=True, help_text="Engine and version that made it.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("store", "path"), name="archive_one_product_per_file"),
        )

    def __str__(self) -> str:
        """The identifier."""
        return self.obs_publisher_did

    @property
    def file(self) -> Path:
        """Where it lies, absolute."""
        return Store(self.store).root / self.path
