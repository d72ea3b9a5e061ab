"""A file as ObsCore describes it: values for a row of ``ivoa.obscore``."""

import math
from typing import Any

from archive.models import DataProduct, ObsCoreRow, ScienceWindow
from instruments import isgri, jemx, spi_acs
from instruments.frame import SpacecraftFrame

FACILITY = "INTEGRAL"
ISGRI = "IBIS/ISGRI"
JEMX = {unit: f"JEM-X {unit}" for unit in jemx.UNITS}
SPI_ACS = "SPI-ACS"
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
#: One hexagon of JEM-X's mask seen from the detector, 3.3 arcmin.
JEMX_RESOLUTION_ARCSEC = math.degrees(jemx.MASK_ELEMENT_MM / jemx.MASK_DISTANCE_MM) * 3600
#: JEM-X's clock counts 2**-13 s (TIERABSO of the mission's light curves).
JEMX_TIME_RESOLUTION_S = 2.0**-13
#: Diameter of what a detector of the whole sky sees, deg.
WHOLE_SKY_DEG = 360.0
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
    """The row of ISGRI's event list of a Science Window; not saved."""
    return _row(
        window,
        product,
        title="ISGRI {simulated}event list",
        instrument_name=ISGRI,
        dataproduct_type="event",
        s_ra=window.ra_x,
        s_dec=window.dec_x,
        s_fov=FIELD_DIAMETER_DEG,
        s_region=window.s_region,
        s_resolution=RESOLUTION_ARCSEC,
        t_exptime=window.live_isgri,
        t_resolution=TIME_RESOLUTION_S,
        t_xel=_NO_AXIS,
        em_min=wavelength_m(EVENT_ENERGY_KEV[1]),
        em_max=wavelength_m(EVENT_ENERGY_KEV[0]),
        em_res_power=ENERGY_RESOLVING_POWER,
        em_xel=_NO_AXIS,
    )


def jemx_event_list_row(
    window: ScienceWindow, product: DataProduct, unit: int, live_time_s: float
) -> ObsCoreRow:
    """The row of the event list of JEM-X 1 or 2; not saved."""
    ra, dec = jemx.field_polygon(
        SpacecraftFrame.from_axes(window.ra_x, window.dec_x, window.ra_z, window.dec_z)
    )
    limits = jemx.pi_limits_kev()
    return _row(
        window,
        product,
        title=f"JEM-X {unit} {{simulated}}event list",
        instrument_name=JEMX[unit],
        dataproduct_type="event",
        s_ra=window.ra_x,
        s_dec=window.dec_x,
        s_fov=2 * jemx.FIELD_RADIUS_DEG,
        s_region=tuple(zip(ra.tolist(), dec.tolist(), strict=True)),
        s_resolution=JEMX_RESOLUTION_ARCSEC,
        t_exptime=live_time_s,
        t_resolution=JEMX_TIME_RESOLUTION_S,
        t_xel=_NO_AXIS,
        em_min=wavelength_m(float(limits[-1])),
        em_max=wavelength_m(float(limits[0])),
        em_res_power=1 / float(jemx.energy_fwhm(jemx.REFERENCE_ENERGY_KEV)),
        em_xel=_NO_AXIS,
    )


def spi_acs_row(
    window: ScienceWindow, product: DataProduct, exposure_s: float, bins: int
) -> ObsCoreRow:
    """The row of the count rates of SPI-ACS, which come from the whole sky; not saved."""
    return _row(
        window,
        product,
        title="SPI-ACS {simulated}count rates, 50 ms",
        instrument_name=SPI_ACS,
        dataproduct_type="timeseries",
        s_fov=WHOLE_SKY_DEG,
        t_exptime=exposure_s,
        t_resolution=spi_acs.TIME_BIN_S,
        t_xel=bins,
        em_min=wavelength_m(spi_acs.ENERGY_MAX_KEV),
        em_max=wavelength_m(spi_acs.ENERGY_MIN_KEV),
        em_xel=1,
        o_ucd="phot.count;em.gamma",
        o_unit="count",
        # of the whole sky, whatever the spacecraft pointed at
        target_name=None,
    )


def _row(window: ScienceWindow, product: DataProduct, *, title: str, **special: Any) -> ObsCoreRow:
    """A row of a file of a Science Window; title: with a place for the word ``simulated``."""
    observation = window.observation
    simulated = "simulated " if window.is_simulated else ""
    target = f", {window.target_name}" if window.target_name else ""
    values: dict[str, Any] = {
        "dataproduct_subtype": None,
        "calib_level": 1,
        "obs_collection": collection(window.is_simulated),
        "obs_id": window.scw_id,
        "obs_title": f"{title.format(simulated=simulated)}, ScW {window.scw}{target}",
        "obs_creation_date": product.created,
        "obs_creator_name": window.origin,
        "obs_publisher_did": product.obs_publisher_did,
        "access_format": product.media_type,
        "access_estsize": kilobytes(product.size),
        "target_name": window.target_name,
        "target_class": None,
        "s_calib_status": "calibrated",
        "s_xel1": _NO_AXIS,
        "s_xel2": _NO_AXIS,
        "t_min": window.t_min,
        "t_max": window.t_max,
        "t_calib_status": "calibrated",
        "em_calib_status": "calibrated",
        "o_ucd": None,
        "pol_states": None,
        "pol_xel": 0,
        "facility_name": FACILITY,
        "proposal_id": observation.proposal_id if observation else None,
        "data_rights": product.data_rights,
        "obs_release_date": product.release_date,
        "scw": window.scw,
        "revolution": window.revolution_id,
    }
    return ObsCoreRow(product=product, **(values | special))
