"""A file as ObsCore describes it: values for a row of ``ivoa.obscore``."""

import math

from archive.models import DataProduct, ObsCoreRow, ScienceWindow
from instruments import isgri

FACILITY = "INTEGRAL"
ISGRI = "IBIS/ISGRI"
COLLECTION = "INTEGRAL"
#: Simulated data are never found among real ones.
SIMULATED_COLLECTION = "INTEGRAL-SIM"

#: Event lists hold ISGRI's whole range, more than images can be made of.
EVENT_ENERGY_KEV = (15.0, 1000.0)
#: One mask element seen from the detector, 12 arcmin.
RESOLUTION_ARCSEC = 720.0
#: ISGRI's clock counts 2**-14 s.
TIME_RESOLUTION_S = 2.0**-14
ENERGY_RESOLVING_POWER = 1 / isgri.ENERGY_RESOLUTION_FWHM
#: Diameter of the circle around the corners of the field, deg.
FIELD_DIAMETER_DEG = 2 * math.degrees(math.atan(math.hypot(*isgri.FIELD_TANGENTS)))
#: h c in keV m (SI 2019, exact).
_HC_KEV_M = 6.62607015e-34 * 299792458 / 1.602176634e-19 / 1000
#: ObsCore 1.1, section 3.3.22: lists have no axes.
_NO_AXIS = -1


def wavelength_m(energy_kev: float) -> float:
    """Wavelength in vacuum of photons of that energy."""
    return _HC_KEV_M / energy_kev


def kilobytes(size: int) -> int:
    """Size in kbyte for access_estsize, never 0 for a file with content."""
    return math.ceil(size / 1000)


def collection(is_simulated: bool) -> str:
    """Name of the collection."""
    return SIMULATED_COLLECTION if is_simulated else COLLECTION


def event_list_row(window: ScienceWindow, product: DataProduct) -> ObsCoreRow:
    """The row of the event list of a Science Window; not saved."""
    observation = window.observation
    simulated = "simulated " if window.is_simulated else ""
    target = f", {window.target_name}" if window.target_name else ""
    return ObsCoreRow(
        product=product,
        dataproduct_type="event",
        dataproduct_subtype=None,
        calib_level=1,
        obs_collection=collection(window.is_simulated),
        obs_id=window.scw_id,
        obs_title=f"ISGRI {simulated}event list, ScW {window.scw}{target}",
        obs_creation_date=product.created,
        obs_creator_name=window.origin,
        obs_publisher_did=product.obs_publisher_did,
        access_format=product.media_type,
        access_estsize=kilobytes(product.size),
        target_name=window.target_name,
        target_class=None,
        s_ra=window.ra_x,
        s_dec=window.dec_x,
        s_fov=FIELD_DIAMETER_DEG,
        s_region=window.s_region,
        s_resolution=RESOLUTION_ARCSEC,
        s_calib_status="calibrated",
        s_xel1=_NO_AXIS,
        s_xel2=_NO_AXIS,
        t_min=window.t_min,
        t_max=window.t_max,
        t_exptime=window.live_isgri,
        t_resolution=TIME_RESOLUTION_S,
        t_calib_status="calibrated",
        t_xel=_NO_AXIS,
        em_min=wavelength_m(EVENT_ENERGY_KEV[1]),
        em_max=wavelength_m(EVENT_ENERGY_KEV[0]),
        em_res_power=ENERGY_RESOLVING_POWER,
        em_calib_status="calibrated",
        em_xel=_NO_AXIS,
        o_ucd=None,
        pol_states=None,
        pol_xel=0,
        facility_name=FACILITY,
        instrument_name=ISGRI,
        proposal_id=observation.proposal_id if observation else None,
        data_rights=product.data_rights,
        obs_release_date=product.release_date,
        scw=window.scw,
        revolution=window.revolution_id,
    )
