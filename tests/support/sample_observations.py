"""A few rows of ``ivoa.obscore`` and ``ivoa.obsplan`` for tests that query them."""

from datetime import UTC, datetime, timedelta

from archive.models import DataProduct, DataRights, ObsCoreRow, ObsPlanRow

CRAB = (83.6331, 22.0145)
RELEASED = datetime(2004, 1, 1, tzinfo=UTC)


def enter(count: int = 12) -> None:
    """Event lists of pointings that drift away from the Crab by one degree of declination each."""
    for number in range(count):
        name = f"0665{number:04d}0010"
        did = f"ivo://x-unregistered.test/archive?scw/{name}"
        ra, dec = CRAB[0], CRAB[1] + number
        product = DataProduct.objects.create(
            product_id=f"scw/{name}",
            obs_publisher_did=did,
            store="archive",
            path=f"scw/{name}",
            kind="isgri_events",
            file_name="isgri_events.fits.gz",
            media_type="application/fits",
            size=1_000_000,
            sha256="0" * 64,
            created=RELEASED,
            data_rights=DataRights.PUBLIC,
            release_date=RELEASED,
        )
        ObsCoreRow.objects.create(
            product=product,
            dataproduct_type="event",
            calib_level=1,
            obs_collection="INTEGRAL-SIM",
            obs_id=name,
            obs_title="Crab",
            obs_creation_date=RELEASED + timedelta(days=number),
            obs_publisher_did=did,
            access_format="application/fits",
            access_estsize=1000,
            target_name="Crab",
            s_ra=ra,
            s_dec=dec,
            s_fov=29.0,
            s_region=((ra - 14, dec - 14), (ra + 14, dec - 14), (ra + 14, dec + 14)),
            s_resolution=720.0,
            s_xel1=-1,
            s_xel2=-1,
            t_min=55_000.0 + number,
            t_max=55_000.5 + number,
            t_exptime=1800.0,
            t_resolution=6.1e-5,
            t_xel=-1,
            em_min=1.2e-12,
            em_max=8.3e-11,
            em_res_power=12.0,
            em_xel=-1,
            facility_name="INTEGRAL",
            instrument_name="IBIS/ISGRI",
            data_rights=DataRights.PUBLIC,
            obs_release_date=RELEASED,
            revolution=665,
        )
        ObsPlanRow.objects.create(
            obs_id=name,
            t_planning=55_001.0 + number,
            target_name="Crab",
            obs_collection="INTEGRAL-SIM",
            s_ra=ra,
            s_dec=dec,
            s_fov=29.0,
            s_region=((ra - 14, dec - 14), (ra + 14, dec - 14), (ra + 14, dec + 14)),
            s_resolution=720.0,
            t_min=55_000.0 + number,
            t_max=55_000.5 + number,
            t_exptime=1800.0,
            t_resolution=6.1e-5,
            em_min=1.2e-12,
            em_max=8.3e-11,
            em_res_power=12.0,
            o_ucd="phot.count",
            pol_xel=0,
            facility_name="INTEGRAL",
            instrument_name="IBIS/ISGRI",
            category="Other",
            priority=1,
            execution_status="Performed",
            tracking_type="Sidereal",
        )


def remove() -> None:
    """Take them away again."""
    ObsPlanRow.objects.all().delete()
    ObsCoreRow.objects.all().delete()
    DataProduct.objects.all().delete()
