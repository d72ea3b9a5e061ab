"""Shadowgrams of known skies: expected counts by the model, or photons followed one by one."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.engines.coded_mask.camera import tangents
from analysis.engines.coded_mask.isgri import isgri_camera
from analysis.engines.coded_mask.shadowgram import Shadowgram
from instruments.frame import SpacecraftFrame

#: Right ascension, declination (degrees), INTENSITY (count/s).
PointSource = tuple[float, float, float]


@pytest.fixture
def frame_at() -> Callable[..., SpacecraftFrame]:
    """The attitude with X towards (ra, dec), Z turned from north to east by `roll_deg`."""

    def make(ra: float = 83.6, dec: float = 22.0, roll_deg: float = 25.0) -> SpacecraftFrame:
        alpha, delta, roll = np.radians([ra, dec, roll_deg])
        x = [np.cos(delta) * np.cos(alpha), np.cos(delta) * np.sin(alpha), np.sin(delta)]
        east = np.array([-np.sin(alpha), np.cos(alpha), 0.0])
        north = np.cross(x, east)
        return SpacecraftFrame.from_vectors(x, np.cos(roll) * north + np.sin(roll) * east)

    return make


@pytest.fixture
def towards() -> Callable[[SpacecraftFrame, float, float], tuple[float, float]]:
    """ICRS (ra, dec) of the direction whose shadow lies so many pixels off the axis."""

    def make(frame: SpacecraftFrame, pixels_y: float, pixels_z: float) -> tuple[float, float]:
        step = isgri_camera().pixel_tangent
        ra, dec = frame.sky(1.0, pixels_y * step, pixels_z * step)
        return float(ra), float(dec)

    return make


@pytest.fixture
def shadowgram_of() -> Callable[..., Shadowgram]:
    """A shadowgram of point sources over a background, Poisson distributed.

    background: count/s over all pixels; shape: its relative course over the detector;
    random: None for the expectation itself, in whole counts.
    """

    def make(
        frame: SpacecraftFrame,
        sources: Sequence[PointSource] = (),
        random: np.random.Generator | None = None,
        *,
        background: float = 500.0,
        shape: NDArray[np.float64] | float = 1.0,
        efficiency: NDArray[np.float64] | None = None,
        livetime_s: float = 600.0,
        science_window: str = "006600010010.001",
    ) -> Shadowgram:
        camera = isgri_camera()
        alive = camera.pixels.astype(np.float64) if efficiency is None else efficiency
        expected = alive * shape * (background * livetime_s / camera.pixel_count)
        for ra, dec, intensity in sources:
            tangent_y, tangent_z, cosine = tangents(frame, ra, dec)
            lit = camera.illumination(tangent_y, tangent_z)
            # INTENSITY is half of the unobstructed rate over the 16384 pixels
            expected = expected + 2 * intensity / 16384 * livetime_s * cosine * lit * alive
        counts = np.rint(expected) if random is None else random.poisson(expected)
        return Shadowgram(
            science_window=science_window,
            frame=frame,
            e_min_kev=20.0,
            e_max_kev=40.0,
            counts=counts.astype(np.int32),
            efficiency=alive,
            ontime_s=livetime_s / 0.8,
            livetime_s=livetime_s,
            t_start_ijd=1000.0,
            t_stop_ijd=1000.0 + livetime_s / 0.8 / 86400,
            energy_resolution_fwhm=0.07,
        )

    return make
