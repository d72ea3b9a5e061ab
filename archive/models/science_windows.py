"""What was observed: revolutions, observations and their Science Windows."""

from django.db import models

from archive.spherical import SphericalPolygonField, position_index


class Revolution(models.Model):
    """One orbit of the spacecraft, by which the mission counts."""

    number = models.PositiveIntegerField(primary_key=True)
    start_ijd = models.FloatField(help_text="First data held of this revolution, IJD (TT).")
    stop_ijd = models.FloatField(help_text="Last data held of this revolution, IJD (TT).")

    def __str__(self) -> str:
        """The number as in paths."""
        return f"{self.number:04d}"


class Observation(models.Model):
    """What a proposal asked for: the Science Windows of one target under one release date."""

    obs_id = models.TextField(primary_key=True, help_text="AATPPPPOOOO: cycle, type, proposal, no.")
    proposal_id = models.TextField(null=True)
    pi_name = models.TextField(null=True, help_text="Principal investigator.")
    title = models.TextField(null=True)
    obs_type = models.TextField(null=True, help_text="Keyword OBS_TYPE.")
    target_name = models.TextField(null=True)
    ra = models.FloatField(null=True, help_text="Target, deg ICRS.")
    dec = models.FloatField(null=True, help_text="Target, deg ICRS.")
    release_date = models.DateTimeField(
        null=True, help_text="When everybody may read it; NULL: its files' PS decides."
    )
    is_public = models.BooleanField(
        null=True, help_text="PS of the observation table; NULL: not said."
    )
    comment = models.TextField(null=True, help_text="What else a user should know.")

    def __str__(self) -> str:
        """Identifier and target."""
        return f"{self.obs_id} ({self.target_name or 'no target'})"


class ScienceWindow(models.Model):
    """A pointing, slew or engineering period in one version of its data."""

    scw = models.TextField(primary_key=True, help_text="RRRRPPPPSSSF.VVV")
    scw_id = models.TextField(db_index=True, help_text="The twelve digits, keyword SWID.")
    scw_version = models.PositiveSmallIntegerField()
    scw_type = models.TextField(help_text="POINTING, SLEW or ENGINEERING.")
    revolution = models.ForeignKey(Revolution, models.PROTECT, db_column="revolution")
    observation = models.ForeignKey(
        Observation, models.PROTECT, null=True, db_column="obs_id", related_name="science_windows"
    )
    obs_type = models.TextField(null=True)
    exposure_id = models.TextField(null=True, help_text="Keyword EXPID.")
    bound = models.TextField(null=True, help_text="Why it ended, keyword SWBOUND.")
    target_name = models.TextField(null=True, help_text="Keyword OBJECT.")
    ra_x = models.FloatField(help_text="Pointing axis X, deg ICRS.")
    dec_x = models.FloatField()
    ra_z = models.FloatField(help_text="Axis Z, which gives the roll, deg ICRS.")
    dec_z = models.FloatField()
    s_region = SphericalPolygonField(help_text="The 29 x 29 deg field of ISGRI.")
    start_ijd = models.FloatField(help_text="TSTART, IJD (TT).")
    stop_ijd = models.FloatField(help_text="TSTOP, IJD (TT).")
    t_min = models.FloatField(db_index=True, help_text="Start, MJD (UTC).")
    t_max = models.FloatField(db_index=True, help_text="Stop, MJD (UTC).")
    elapsed_s = models.FloatField(help_text="TELAPSE.")
    good_isgri = models.FloatField(help_text="Length of ISGRI's good time intervals, s.")
    live_isgri = models.FloatField(help_text="Good time less dead time, s.")
    event_count = models.BigIntegerField(help_text="Events in ISGRI's event list.")
    good_jemx1 = models.FloatField(default=0, help_text="Good time of JEM-X 1, s; 0: no data.")
    live_jemx1 = models.FloatField(default=0, help_text="Good time less dead time, s.")
    good_jemx2 = models.FloatField(default=0, help_text="Good time of JEM-X 2, s; 0: no data.")
    live_jemx2 = models.FloatField(default=0, help_text="Good time less dead time, s.")
    good_spi_acs = models.FloatField(default=0, help_text="Time with rates of SPI-ACS, s.")
    is_public_by_file = models.BooleanField(null=True, help_text="Keyword PS; NULL: not said.")
    release_date = models.DateTimeField(null=True, help_text="NULL: nobody knows when.")
    origin = models.TextField(null=True, help_text="Keyword ORIGIN.")
    is_simulated = models.BooleanField()
    written_at = models.DateTimeField(help_text="When the files were made (DATE).")
    ingested_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = (position_index("ra_x", "dec_x", name="archive_scw_position"),)

    def __str__(self) -> str:
        """The identifier."""
        return self.scw
