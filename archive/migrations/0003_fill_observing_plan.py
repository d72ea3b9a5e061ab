"""Fills ``ivoa.obsplan`` from what was ingested before the table was there.

What is written here is what `archive.obsplan` wrote when the table came.
"""

from django.db import migrations

_INSTRUMENT = """
    720.0, power(2.0::float8, -14), 1.2398419843320027e-12, 8.265613228880018e-11, 14.285714285714285, 'phot.count', 0,
    'INTEGRAL', 'IBIS/ISGRI', 'Other',
    CASE WHEN upper(obs_type) = 'TOO' THEN 2 ELSE 1 END, 'Sidereal'
"""
_COLUMNS = """
    s_resolution, t_resolution, em_min, em_max, em_res_power, o_ucd, pol_xel,
    facility_name, instrument_name, category, priority, tracking_type
"""

_POINTINGS = f"""
INSERT INTO archive_obsplan (
    scw, t_planning, obs_id, target_name, obs_collection, s_ra, s_dec, s_fov, s_region,
    t_min, t_max, t_exptime, execution_status, {_COLUMNS}
)
SELECT DISTINCT ON (scw_id)
    scw, extract(epoch FROM ingested_at) / 86400 + 40587, scw_id, target_name,
    CASE WHEN is_simulated THEN 'INTEGRAL-SIM' ELSE 'INTEGRAL' END,
    ra_x, dec_x, 40.50304641814955, s_region, t_min, t_max, live_isgri, 'Performed', {_INSTRUMENT}
FROM archive_sciencewindow
WHERE scw_type = 'POINTING'
ORDER BY scw_id, scw_version DESC
"""

_OBSERVATIONS = f"""
INSERT INTO archive_obsplan (
    observation_id, t_planning, obs_id, target_name, obs_collection, s_ra, s_dec, s_fov,
    execution_status, {_COLUMNS}
)
SELECT
    obs_id, extract(epoch FROM now()) / 86400 + 40587, obs_id, target_name, 'INTEGRAL',
    ra, dec, CASE WHEN ra IS NOT NULL THEN 40.50304641814955 END, 'Planned', {_INSTRUMENT}
FROM archive_observation
WHERE release_date IS NULL AND is_public IS NOT TRUE
    AND NOT EXISTS (
        SELECT 1 FROM archive_sciencewindow AS w WHERE w.obs_id = archive_observation.obs_id
    )
"""


class Migration(migrations.Migration):
    dependencies = [("archive", "0002_observing_plan")]

    operations = [
        migrations.RunSQL(_POINTINGS, migrations.RunSQL.noop),
        migrations.RunSQL(_OBSERVATIONS, migrations.RunSQL.noop),
    ]
