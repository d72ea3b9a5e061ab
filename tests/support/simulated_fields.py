"""Fields of random sources, photon by photon: positions, rates and spectra are known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.engines.coded_mask.camera import tangents
from analysis.engines.coded_mask.events import EventList, GoodTime
from analysis.engines.coded_mask.isgri import isgri_camera
from fixtures.detector_state import DetectorState
from fixtures.plan import PLAN, Pointing
from fixtures.simulator import simulate
from fixtures.source import Source
from fixtures.spectra import Spectrum
from instruments import isgri
from instruments.frame import SpacecraftFrame
from instruments.science_window import ScienceWindowId
from instruments.time import SECONDS_PER_DAY

CRAB_LIKE = Spectrum(2.1)
#: Some day of the mission, IJD (TT).
START_IJD = 3000.0


@dataclass(frozen=True, slots=True)
class Place:
    """A direction in the field: ICRS degrees, and the part of the detector that sees the mask."""

    ra: float
    dec: float
    coded: float


def random_frame(random: np.random.Generator) -> SpacecraftFrame:
    """Any attitude, but for the poles, where right ascensions say little."""
    z = random.uniform(-0.95, 0.95)
    angle, roll = random.uniform(0, 2 * np.pi, 2)
    across = np.sqrt(1 - z**2)
    x = np.array([across * np.cos(angle), across * np.sin(angle), z])
    east = np.array([-np.sin(angle), np.cos(angle), 0.0])
    return SpacecraftFrame.from_vectors(x, np.cos(roll) * np.cross(x, east) + np.sin(roll) * east)


def random_place(
    frame: SpacecraftFrame, random: np.random.Generator, least_coded: float = 0.05
) -> Place:
    """A direction that at least this part of the detector sees through the mask."""
    camera = isgri_camera()
    while True:
        across, up = random.uniform(-1, 1, 2) * isgri.FIELD_TANGENTS
        coded = float(camera.coded(across, up).sum()) / camera.pixel_count
        if coded >= least_coded:
            ra, dec = frame.sky(1.0, across, up)
            return Place(float(ra), float(dec), coded)


def source(name: str, place: Place, rate: float, spectrum: Spectrum = CRAB_LIKE) -> Source:
    """A source with that 20-40 keV rate, count/s."""
    return Source(name, "simulated", place.ra, place.dec, rate, spectrum)


def pointing(frame: SpacecraftFrame, duration_s: float, number: int = 1) -> Pointing:
    """A pointing of that length; pointings of other numbers follow each other."""
    start = START_IJD + (number - 1) * duration_s / SECONDS_PER_DAY
    return replace(
        next(iter(PLAN.pointings())),
        identifier=ScienceWindowId(700, number),
        frame=frame,
        start_ijd=start,
        stop_ijd=start + duration_s / SECONDS_PER_DAY,
    )


def observed(
    at: Pointing, sources: Sequence[Source], seed: int, background: float = 540.0
) -> EventList:
    """The good events of a pointing; background: count/s, 20-200 keV."""
    state = DetectorState(good_times=((at.start_ijd, at.stop_ijd),), background_rate=background)
    events = simulate(at, sources, seed, state).events
    good = isgri.selected_events(events["SELECT_FLAG"], events["RISE_TIME"])
    events = events[good]
    return EventList(
        science_window=str(at.identifier),
        frame=at.frame,
        good_time=GoodTime(np.array([at.start_ijd]), np.array([at.stop_ijd]), state.live_fraction),
        time_ijd=events["TIME"].astype(np.float64),
        energy_kev=events["ISGRI_ENERGY"].astype(np.float32),
        cell=(events["DETY"].astype(np.int32) * isgri.DETECTOR_SHAPE[1] + events["DETZ"]).astype(
            np.int32
        ),
        efficiency=isgri.sensitive_pixels().astype(np.float64),
        energy_resolution_fwhm=isgri.ENERGY_RESOLUTION_FWHM,
    )


def followed_by(first: EventList, second: EventList) -> EventList:
    """Two event lists of one attitude as one, the second after the first."""
    return replace(
        first,
        good_time=GoodTime(
            np.array([first.good_time.start_ijd]),
            np.array([second.good_time.stop_ijd]),
            first.good_time.live_fraction,
        ),
        time_ijd=np.concatenate([first.time_ijd, second.time_ijd]),
        energy_kev=np.concatenate([first.energy_kev, second.energy_kev]),
        cell=np.concatenate([first.cell, second.cell]),
    )


def apart_deg(frame: SpacecraftFrame, one: Place | Source, ra: float, dec: float) -> float:
    """The angle between a place and a position in the field, degrees."""
    here = np.array(tangents(frame, one.ra, one.dec)[:2])
    there = np.array(tangents(frame, ra, dec)[:2])
    return float(np.degrees(np.hypot(*(here - there))))
