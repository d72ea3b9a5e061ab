"""Tangent planes: where a pixel of an image lies on the sky.

The gnomonic projection (TAN) of FITS WCS paper II (Calabretta and Greisen 2002, section 5.1.3) with
ICRS coordinates. Two such planes are joined by a projective map, so that one image is resampled
onto another's grid without going through angles.
"""

import math
from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TangentPlane:
    """A TAN projection of an image of `shape` (rows, columns), as FITS keywords state it.

    ra_deg, dec_deg: the tangent point (CRVAL). crpix: its pixel (column, row), counted from 1.
    cd_deg: CD1_1, CD1_2, CD2_1, CD2_2 in degrees per pixel.
    """

    shape: tuple[int, int]
    ra_deg: float
    dec_deg: float
    crpix: tuple[float, float]
    cd_deg: tuple[float, float, float, float]

    @classmethod
    def north_up(
        cls, ra_deg: float, dec_deg: float, pixel_deg: float, shape: tuple[int, int]
    ) -> "TangentPlane":
        """A plane around ICRS (ra, dec), north up and east to the left, its centre at CRVAL."""
        rows, columns = shape
        return cls(
            shape=shape,
            ra_deg=ra_deg % 360.0,
            dec_deg=dec_deg,
            crpix=((columns + 1) / 2, (rows + 1) / 2),
            cd_deg=(-pixel_deg, 0.0, 0.0, pixel_deg),
        )

    @property
    def pixel_deg(self) -> float:
        """The side of a pixel at the tangent point."""
        c11, c12, c21, c22 = self.cd_deg
        return math.sqrt(abs(c11 * c22 - c12 * c21))

    def axes(self) -> Array:
        """Unit vectors (rows) towards the tangent point, and east and north of it; ICRS."""
        ra, dec = math.radians(self.ra_deg), math.radians(self.dec_deg)
        return np.array(
            [
                [math.cos(dec) * math.cos(ra), math.cos(dec) * math.sin(ra), math.sin(dec)],
                [-math.sin(ra), math.cos(ra), 0.0],
                [-math.sin(dec) * math.cos(ra), -math.sin(dec) * math.sin(ra), math.cos(dec)],
            ]
        )

    def homography(self) -> Array:
        """The matrix taking (column, row, 1), from 0, to an ICRS vector up to its length."""
        c11, c12, c21, c22 = (math.radians(c) for c in self.cd_deg)
        x0, y0 = self.crpix[0] - 1, self.crpix[1] - 1
        plane = np.array(
            [
                [0.0, 0.0, 1.0],
                [c11, c12, -c11 * x0 - c12 * y0],
                [c21, c22, -c21 * x0 - c22 * y0],
            ]
        )
        matrix: Array = self.axes().T @ plane
        return matrix

    def sky(self, column: ArrayLike, row: ArrayLike) -> tuple[Array, Array]:
        """ICRS right ascension (0..360) and declination, degrees, of pixels counted from 0."""
        c, r = np.broadcast_arrays(
            np.asarray(column, dtype=np.float64), np.asarray(row, dtype=np.float64)
        )
        x, y, z = np.moveaxis(
            np.stack([c, r, np.ones_like(c)], axis=-1) @ self.homography().T, -1, 0
        )
        return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))

    def pixel(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[Array, Array]:
        """Column and row, from 0, of ICRS directions; NaN for those behind the plane."""
        ra, dec = np.radians(np.broadcast_arrays(ra_deg, dec_deg))
        vectors = np.stack(
            [np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1
        )
        u, v, w = np.moveaxis(vectors @ np.linalg.inv(self.homography()).T, -1, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            ahead = w > 1e-9
            return np.where(ahead, u / w, np.nan), np.where(ahead, v / w, np.nan)

    def onto(self, other: "TangentPlane") -> Array:
        """The matrix taking (column, row, 1) here to those of `other` up to a factor.

        The factor is positive where the direction is before `other`'s plane.
        """
        return np.linalg.inv(other.homography()) @ self.homography()

    def contains(self, column: ArrayLike, row: ArrayLike) -> NDArray[np.bool_]:
        """Whether pixel positions lie on the image."""
        c, r = np.asarray(column), np.asarray(row)
        with np.errstate(invalid="ignore"):
            inside: NDArray[np.bool_] = (
                (c >= -0.5) & (c < self.shape[1] - 0.5) & (r >= -0.5) & (r < self.shape[0] - 0.5)
            )
        return inside

    def cropped(self, rows: slice, columns: slice) -> "TangentPlane":
        """The plane of ``image[rows, columns]``."""
        return TangentPlane(
            shape=(rows.stop - rows.start, columns.stop - columns.start),
            ra_deg=self.ra_deg,
            dec_deg=self.dec_deg,
            crpix=(self.crpix[0] - columns.start, self.crpix[1] - rows.start),
            cd_deg=self.cd_deg,
        )

    def cards(self) -> list[tuple[str, str | float, str]]:
        """FITS header cards: keyword, value, comment."""
        c11, c12, c21, c22 = self.cd_deg
        return [
            ("WCSAXES", 2, "Number of coordinate axes"),
            ("CTYPE1", "RA---TAN", "Right ascension, gnomonic projection"),
            ("CTYPE2", "DEC--TAN", "Declination, gnomonic projection"),
            ("CUNIT1", "deg", "Unit of coordinate 1"),
            ("CUNIT2", "deg", "Unit of coordinate 2"),
            ("CRPIX1", self.crpix[0], "Pixel of the reference point, axis 1"),
            ("CRPIX2", self.crpix[1], "Pixel of the reference point, axis 2"),
            ("CRVAL1", self.ra_deg, "[deg] Right ascension of the reference point"),
            ("CRVAL2", self.dec_deg, "[deg] Declination of the reference point"),
            ("CD1_1", c11, "[deg] Coordinate 1 per pixel of axis 1"),
            ("CD1_2", c12, "[deg] Coordinate 1 per pixel of axis 2"),
            ("CD2_1", c21, "[deg] Coordinate 2 per pixel of axis 1"),
            ("CD2_2", c22, "[deg] Coordinate 2 per pixel of axis 2"),
            ("LONPOLE", 180.0, "[deg] Native longitude of the celestial pole"),
            ("RADESYS", "ICRS", "Celestial reference system"),
        ]

    @classmethod
    def from_header(cls, header: fits.Header) -> "TangentPlane":
        """The plane of an image whose header holds the keywords of `cards`; raises KeyError."""
        return cls(
            shape=(int(header["NAXIS2"]), int(header["NAXIS1"])),
            ra_deg=float(header["CRVAL1"]),
            dec_deg=float(header["CRVAL2"]),
            crpix=(float(header["CRPIX1"]), float(header["CRPIX2"])),
            cd_deg=(
                float(header["CD1_1"]),
                float(header["CD1_2"]),
                float(header["CD2_1"]),
                float(header["CD2_2"]),
            ),
        )
