"""Telling whether a peak is a known source."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

#: A peak is taken for a catalogue source within a quarter of the resolution (3 arcmin for ISGRI)
#: and four times its position's error, but at least and at most within these parts of the
#: resolution.
BASE = 0.25
ERRORS = 4.0
LEAST = 0.5
MOST = 0.85
#: Error of a position, in parts of the resolution, that nobody has fitted yet.
ROUGH = 0.1


class Place(Protocol):
    """Something with an ICRS position in degrees."""

    @property
    def ra(self) -> float:
        """Right ascension."""
        ...

    @property
    def dec(self) -> float:
        """Declination."""
        ...


PlaceType = TypeVar("PlaceType", bound=Place)


def match_radius_deg(position_error_deg: float, resolution_deg: float) -> float:
    """Within which distance a peak of that position error is taken for a known source.

    resolution_deg: of the camera.
    """
    radius = BASE * resolution_deg + ERRORS * position_error_deg
    return float(np.clip(radius, LEAST * resolution_deg, MOST * resolution_deg))


def rough_match_radius_deg(resolution_deg: float) -> float:
    """The same for a place that hasn't been fitted yet."""
    return match_radius_deg(ROUGH * resolution_deg, resolution_deg)


def separation_deg(ra1: float, dec1: float, ra2: float, dec2: float) -> float:
    """The angle between two directions, all in degrees; exact for small angles too."""
    a1, d1, a2, d2 = np.radians([ra1, dec1, ra2, dec2])
    half = np.sin((d2 - d1) / 2) ** 2 + np.cos(d1) * np.cos(d2) * np.sin((a2 - a1) / 2) ** 2
    return float(np.degrees(2 * np.arcsin(np.sqrt(min(1.0, half)))))


def nearest(
    ra: float, dec: float, places: Sequence[PlaceType], radius_deg: float
) -> PlaceType | None:
    """The place nearest to ICRS (ra, dec), if within the radius."""
    best, best_distance = None, radius_deg
    for place in places:
        # cheap first: most places are far away
        if abs(place.dec - dec) > radius_deg:
            continue
        distance = separation_deg(ra, dec, place.ra, place.dec)
        if distance <= best_distance:
            best, best_distance = place, distance
    return best
