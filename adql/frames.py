"""Celestial reference frames as rotations from ICRS.

As the IVOA's catalogue of user defined functions wants them: plain rotations, with equinox J2000
for FK5 and ECLIPTIC and B1950 for FK4 (without its terms of elliptic aberration). Names are those
of the vocabulary http://www.ivoa.net/rdf/refframe.
"""

from __future__ import annotations

import math
from functools import cache

_Matrix = tuple[tuple[float, float, float], ...]

#: Degrees: about the z axis, then about the x axis, then about the z axis again.
_FROM_ICRS: dict[str, tuple[float, float, float]] = {
    "ICRS": (0.0, 0.0, 0.0),
    "FK5": (155.42603103125055, 6.078321099792317e-06, -155.42602467013933),
    "FK4": (-90.32142321724211, 0.27840336024635254, 89.68076066196535),
    "GALACTIC": (-102.85947789477605, 62.871747585032, -147.06807474458338),
    "ECLIPTIC": (-179.99998529777778, 23.439281338611107, 179.99998839583333),
    "SUPER_GALACTIC": (166.24591349963495, 74.29106918531846, 116.4503326958151),
}

FRAMES = tuple(_FROM_ICRS)

#: Other names: VOTable's before version 1.5 (COOSYS), and those of STC-S.
_SYNONYMS = {
    "EQ_FK5": "FK5",
    "EQ_FK4": "FK4",
    "SUPERGALACTIC": "SUPER_GALACTIC",
    "ECL_FK5": "ECLIPTIC",
    "J2000": "FK5",
    "B1950": "FK4",
    "GALACTIC_II": "GALACTIC",
    "UNKNOWNFRAME": "ICRS",
}
#: Of the frames that have several equinoxes, the one that is meant here.
_EQUINOXES = {"FK5": ("J2000", "2000"), "ECLIPTIC": ("J2000", "2000"), "FK4": ("B1950", "1950")}


def known(name: str, equinox: str | None = None) -> str | None:
    """The frame of `FRAMES` that a name stands for, in any case; ``None`` for all others."""
    frame = _SYNONYMS.get(name.upper(), name.upper())
    if frame not in _FROM_ICRS:
        return None
    wanted = _EQUINOXES.get(frame)
    if equinox and wanted and equinox.upper().removesuffix(".0") not in wanted:
        return None
    return frame


def to_icrs(frame: str, longitude: float, latitude: float) -> tuple[float, float]:
    """A position of a frame of `FRAMES` in ICRS; all in degrees."""
    a, d = math.radians(longitude), math.radians(latitude)
    vector = (math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d))
    x, y, z = (
        sum(m * v for m, v in zip(row, vector, strict=True)) for row in _matrix_to_icrs(frame)
    )
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))


@cache
def _matrix_to_icrs(frame: str) -> _Matrix:
    return _transposed(_matrix(_FROM_ICRS[frame]))


def rotation(origin: str, target: str) -> tuple[float, float, float]:
    """The angles, in radians, that turn ``origin`` into ``target``: about z, x and z again."""
    m = _product(_matrix(_FROM_ICRS[target]), _transposed(_matrix(_FROM_ICRS[origin])))
    first = math.atan2(m[2][0], m[2][1])
    second = math.atan2(math.hypot(m[2][0], m[2][1]), m[2][2])
    if m[2][2] < 0:
        return first, second, math.atan2(m[0][2], -m[1][2])
    # exact where the frames nearly agree too, and the two turns about z are all but one
    both = math.atan2(m[1][0] - m[0][1], m[0][0] + m[1][1])
    return first, second, both - first


def _matrix(angles: tuple[float, float, float]) -> _Matrix:
    first, second, third = (math.radians(angle) for angle in angles)
    cosine, sine = math.cos(second), math.sin(second)
    about_x = ((1.0, 0.0, 0.0), (0.0, cosine, -sine), (0.0, sine, cosine))
    return _product(_product(_about_z(third), about_x), _about_z(first))


def _about_z(angle: float) -> _Matrix:
    cosine, sine = math.cos(angle), math.sin(angle)
    return ((cosine, -sine, 0.0), (sine, cosine, 0.0), (0.0, 0.0, 1.0))


def _transposed(matrix: _Matrix) -> _Matrix:
    first, second, third = zip(*matrix, strict=True)
    return (first, second, third)


def _product(left: _Matrix, right: _Matrix) -> _Matrix:
    rows = (
        tuple(sum(a * b for a, b in zip(row, column, strict=True)) for column in _columns(right))
        for row in left
    )
    return tuple((x, y, z) for x, y, z in rows)


def _columns(matrix: _Matrix) -> _Matrix:
    return _transposed(matrix)
