"""The spacecraft's frame: X is the pointing, Z is given, Y = Z x X (unit vectors, ICRS)."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

ORTHOGONALITY_TOLERANCE_DEG = 0.01
Vector = NDArray[np.float64]


class FrameError(ValueError):
    """Axes that make no right-handed orthonormal frame; the message says why."""


@dataclass(frozen=True, slots=True)
class SpacecraftFrame:
    """An attitude, by the ICRS directions of its X and Z axes in degrees.

    The axes are those of keywords RA_SCX, DEC_SCX, RA_SCZ, DEC_SCZ. X and Z must be 90 degrees
    apart to `ORTHOGONALITY_TOLERANCE_DEG`; what remains is taken from Z, so that X is exact.
    """

    ra_x: float
    dec_x: float
    ra_z: float
    dec_z: float

    def __post_init__(self) -> None:
        """Check the axes; raises `FrameError`."""
        if not all(math.isfinite(a) for a in (self.ra_x, self.dec_x, self.ra_z, self.dec_z)):
            raise FrameError("The spacecraft's axes must be finite numbers.")
        for name, declination in (("X", self.dec_x), ("Z", self.dec_z)):
            if abs(declination) > 90:
                raise FrameError(f"The declination {declination} of axis {name} is beyond a pole.")
        cosine = float(direction(self.ra_x, self.dec_x) @ direction(self.ra_z, self.dec_z))
        apart = math.degrees(math.acos(max(-1.0, min(1.0, cosine))))
        if abs(apart - 90) > ORTHOGONALITY_TOLERANCE_DEG:
            raise FrameError(
                f"Axes X and Z are {apart:.4f} deg apart; they must be 90 deg apart "
                f"(to {ORTHOGONALITY_TOLERANCE_DEG} deg)."
            )

    @classmethod
    def from_axes(cls, ra_x: float, dec_x: float, ra_z: float, dec_z: float) -> Self:
        """The frame of the given axes in degrees; raises `FrameError`."""
        return cls(float(ra_x), float(dec_x), float(ra_z), float(dec_z))

    @classmethod
    def from_vectors(cls, x: ArrayLike, near_z: ArrayLike) -> Self:
        """The frame with axis `x` whose Z lies in the half-plane from X towards `near_z`.

        Raises `FrameError` where the two are parallel.
        """
        x_axis = _normalised(np.asarray(x, dtype=np.float64))
        towards = np.asarray(near_z, dtype=np.float64)
        z_axis = _normalised(towards - (towards @ x_axis) * x_axis)
        ra_x, dec_x = angles(x_axis)
        ra_z, dec_z = angles(z_axis)
        return cls(float(ra_x), float(dec_x), float(ra_z), float(dec_z))

    def matrix(self) -> Vector:
        """Rows are the unit vectors X, Y, Z in ICRS; shape (3, 3)."""
        x = direction(self.ra_x, self.dec_x)
        y = _normalised(np.cross(direction(self.ra_z, self.dec_z), x))
        return np.stack([x, y, np.cross(x, y)])

    def components(self, ra: ArrayLike, dec: ArrayLike) -> tuple[Vector, Vector, Vector]:
        """Components sX, sY, sZ of the unit vectors towards ICRS directions in degrees."""
        along = np.tensordot(self.matrix(), direction(ra, dec), axes=(1, -1))
        return along[0], along[1], along[2]

    def sky(self, sx: ArrayLike, sy: ArrayLike, sz: ArrayLike) -> tuple[Vector, Vector]:
        """ICRS right ascension (0..360) and declination in degrees of vectors in this frame.

        The vectors need not have unit length.
        """
        in_frame = np.stack(
            np.broadcast_arrays(*(np.asarray(s, dtype=np.float64) for s in (sx, sy, sz))), axis=-1
        )
        return angles(in_frame @ self.matrix())


def direction(ra: ArrayLike, dec: ArrayLike) -> Vector:
    """Unit vectors, shape (..., 3), towards right ascension and declination in degrees."""
    alpha, delta = np.radians(np.broadcast_arrays(ra, dec))
    return np.stack(
        [np.cos(delta) * np.cos(alpha), np.cos(delta) * np.sin(alpha), np.sin(delta)], axis=-1
    )


def angles(vectors: ArrayLike) -> tuple[Vector, Vector]:
    """Right ascension (0..360) and declination in degrees of vectors of shape (..., 3)."""
    x, y, z = np.moveaxis(np.asarray(vectors, dtype=np.float64), -1, 0)
    ra = np.degrees(np.arctan2(y, x)) % 360.0
    # a tiny negative angle is rounded up to 360 by the remainder
    return np.where(ra >= 360.0, 0.0, ra), np.degrees(np.arctan2(z, np.hypot(x, y)))


def _normalised(vector: Vector) -> Vector:
    length = float(np.linalg.norm(vector))
    if length < 1e-9:
        raise FrameError("The two directions are parallel: they give no frame.")
    return vector / length
