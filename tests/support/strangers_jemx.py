"""JEM-X events as another program makes them, by the published rules (docs/instruments.md) alone.

Nothing here comes from this project: hexagons, rays and collimator are written anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from strangers_archive import AXES, write_jemx_events, write_science_window

DISTANCE_MM = 3400.0
MASK_MM = 267.5
WINDOW_MM = 125.0
ELEMENT_MM = 3.3
ORDER = 22501
STEP = 1133
#: Whole pixels of 1.5 mm in the window, cm2: what rates are quoted for.
PIXELS_CM2 = 482.96
LIVE_S = 830.0


@dataclass(frozen=True)
class Star:
    """A source: degrees off the axis along Y and Z, and its INTENSITY in 3 to 35 keV, count/s."""

    y: float
    z: float
    intensity: float

    def sky(self) -> tuple[float, float]:
        """ICRS degrees."""
        x, z = (_unit(AXES[f"RA_SC{axis}"], AXES[f"DEC_SC{axis}"]) for axis in ("X", "Z"))
        at = x + np.tan(np.radians(self.y)) * np.cross(z, x) + np.tan(np.radians(self.z)) * z
        at /= np.linalg.norm(at)
        return float(np.degrees(np.arctan2(at[1], at[0])) % 360), float(
            np.degrees(np.arcsin(at[2]))
        )


def write_observed(archive: Path, scw: str, stars: Sequence[Star], seed: int = 1) -> Path:
    """Write a Science Window with JEM-X 2 events of stars and background; its folder."""
    random = np.random.default_rng(seed)
    folder = write_science_window(archive, scw)
    places = [_background(random, 20.0)]
    places += [_photons(random, star) for star in stars]
    y, z = np.concatenate(places, axis=1)
    # channels of 3.04 to 34.88 keV
    write_jemx_events(
        folder,
        2,
        count=y.size,
        columns={"DETX": y, "DETY": z, "PI": random.integers(46, 224, y.size)},
    )
    return folder


def _photons(random: np.random.Generator, star: Star) -> np.ndarray:
    ty, tz = np.tan(np.radians([star.y, star.z]))
    passed = 1.0
    for tangent in (ty, tz):
        passed *= 1 - abs(tangent) / ((MASK_MM + WINDOW_MM) / DISTANCE_MM)
    # without the mask four times as many would come
    density = 4 * star.intensity / PIXELS_CM2
    expected = (
        density * np.pi * (WINDOW_MM / 10) ** 2 * passed * LIVE_S / np.hypot(1, np.hypot(ty, tz))
    )
    y, z = _window(random, random.poisson(expected))
    lit = _open(y + DISTANCE_MM * ty, z + DISTANCE_MM * tz)
    blur = 0.5 / np.sqrt(8 * np.log(2))
    return np.stack([y[lit], z[lit]]) + random.normal(0, blur, (2, int(lit.sum())))


def _background(random: np.random.Generator, rate: float) -> np.ndarray:
    return np.stack(_window(random, random.poisson(rate * LIVE_S)))


def _window(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    y, z = random.uniform(-WINDOW_MM, WINDOW_MM, (2, 2 * count + 100))
    inside = np.flatnonzero(y**2 + z**2 < WINDOW_MM**2)[:count]
    return y[inside], z[inside]


def _open(y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Whether the nearest hexagon is open: of the row at this height, or of one beside it."""
    height = ELEMENT_MM * np.sqrt(3) / 2
    middle = np.rint(z / height).astype(int)
    best = np.full(y.shape, np.inf)
    number = np.zeros(y.shape, dtype=int)
    for row in (middle - 1, middle, middle + 1):
        along = np.rint(y / ELEMENT_MM - row / 2).astype(int)
        away = np.hypot(y - (along + row / 2) * ELEMENT_MM, z - row * height)
        nearer = away < best
        best = np.where(nearer, away, best)
        number = np.where(nearer, (along + STEP * row) % ORDER, number)
    powers = np.zeros(ORDER, dtype=bool)
    n = np.arange(1, ORDER)
    square = n * n % ORDER
    powers[square * square % ORDER] = True
    return powers[number] & (y**2 + z**2 < MASK_MM**2)


def _unit(ra: float, dec: float) -> np.ndarray:
    a, d = np.radians([ra, dec])
    return np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])
