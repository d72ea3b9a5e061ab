"""The observing plan as ObsLocTAP describes it: writes the rows of ``ivoa.obsplan``.

ObsLocTAP 1.0, section 3. The mission plans pointings, so each one performed is a row, found under
the same obs_id as its files in ``ivoa.obscore``. An observation that the observation table names,
and of which there are no data, is a row until its first pointing comes.
"""

from datetime import UTC, datetime

from archive.models import ExecutionStatus, Observation, ObsPlanRow, ScienceWindow
from archive.obscore import (
    COLLECTION,
    ENERGY_RESOLVING_POWER,
    EVENT_ENERGY_KEV,
    FACILITY,
    FIELD_DIAMETER_DEG,
    ISGRI,
    RESOLUTION_ARCSEC,
    TIME_RESOLUTION_S,
    collection,
    wavelength_m,
)

_POINTING = "POINTING"
#: Days from the origin of MJD to that of Unix time.
_UNIX_EPOCH_MJD = 40587
#: OBS_TYPE of targets of opportunity, which displace others; nothing tells more of priorities.
_TARGET_OF_OPPORTUNITY = "TOO"
_URGENT, _ORDINARY = 2, 1


def enter_pointing(window: ScienceWindow) -> None:
    """Write the row of a Science Window that was saved; none for slews and engineering periods.

    An older version of one that has a row changes nothing.
    """
    if window.scw_type != _POINTING:
        return
    newer = ScienceWindow.objects.filter(scw_id=window.scw_id, scw_version__gt=window.scw_version)
    if newer.exists():
        return
    if window.observation_id is not None:
        ObsPlanRow.objects.filter(observation=window.observation_id).delete()
    ObsPlanRow.objects.update_or_create(
        obs_id=window.scw_id,
        defaults={
            "science_window": window,
            "target_name": window.target_name,
            "obs_collection": collection(window.is_simulated),
            "s_ra": window.ra_x,
            "s_dec": window.dec_x,
            "s_fov": FIELD_DIAMETER_DEG,
            "s_region": window.s_region,
            "t_min": window.t_min,
            "t_max": window.t_max,
            "t_exptime": window.live_isgri,
            "execution_status": ExecutionStatus.PERFORMED,
            **_of_every_row(window.obs_type),
        },
    )


def enter_observation(observation: Observation) -> None:
    """Write or remove the row of an observation that may be planned.

    It is, where there are no data of it and nothing says when they become public.
    """
    is_planned = (
        observation.release_date is None
        and not observation.is_public
        and not observation.science_windows.exists()
    )
    if not is_planned:
        ObsPlanRow.objects.filter(observation=observation).delete()
        return
    ObsPlanRow.objects.update_or_create(
        obs_id=observation.obs_id,
        defaults={
            "observation": observation,
            "target_name": observation.target_name,
            "obs_collection": COLLECTION,
            "s_ra": observation.ra,
            "s_dec": observation.dec,
            "s_fov": FIELD_DIAMETER_DEG if observation.ra is not None else None,
            "execution_status": ExecutionStatus.PLANNED,
            **_of_every_row(observation.obs_type),
        },
    )


def _of_every_row(obs_type: str | None) -> dict[str, object]:
    """What the instrument and the mission settle, and the time of this change."""
    is_urgent = (obs_type or "").upper() == _TARGET_OF_OPPORTUNITY
    return {
        "t_planning": datetime.now(UTC).timestamp() / 86400 + _UNIX_EPOCH_MJD,
        "s_resolution": RESOLUTION_ARCSEC,
        "t_resolution": TIME_RESOLUTION_S,
        "em_min": wavelength_m(EVENT_ENERGY_KEV[1]),
        "em_max": wavelength_m(EVENT_ENERGY_KEV[0]),
        "em_res_power": ENERGY_RESOLVING_POWER,
        "o_ucd": "phot.count",
        "pol_xel": 0,
        "facility_name": FACILITY,
        "instrument_name": ISGRI,
        "category": "Other",
        "priority": _URGENT if is_urgent else _ORDINARY,
        "tracking_type": "Sidereal",
    }
