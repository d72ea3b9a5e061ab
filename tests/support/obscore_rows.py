"""Rows of ObsCore in any number, the same each time: pointings in 5 x 5 patterns about sources.

A file of comma-separated values, the names of `COLUMNS` in its first line, nothing for NULL, and
``s_region`` as pgSphere reads it. Files of other origin with the same columns serve as well.
"""

from pathlib import Path

import numpy as np

_WORDS = """
    dataproduct_type dataproduct_subtype calib_level obs_collection obs_id obs_title
    obs_publisher_did access_url access_format access_estsize target_name target_class
    s_ra s_dec s_fov s_region s_resolution t_min t_max t_exptime t_resolution
    em_min em_max em_res_power o_ucd pol_states facility_name instrument_name
    s_xel1 s_xel2 t_xel em_xel pol_xel
"""
COLUMNS = tuple(_WORDS.split())

_TARGETS = 200
_PATTERN = 25
_STEP_DEG = 2.17
#: name, subtype, half a side of the field (deg), resolution (arcsec), em_min and em_max (m), R
_INSTRUMENTS = (
    ("IBIS", "isgri", 14.5, 720.0, 1.2e-13, 8.3e-11, 12.0),
    ("SPI", "spi", 15.0, 9000.0, 1.5e-13, 6.9e-11, 500.0),
    ("JEM-X", "jemx", 6.6, 200.0, 3.5e-11, 4.1e-10, 11.0),
    ("OMC", "omc", 2.5, 23.0, 5.1e-7, 5.8e-7, 5.6),
)


def write(path: Path, rows: int) -> None:
    """Write the file; ``rows`` is rounded down to whole pointings of all four instruments."""
    random = np.random.default_rng(42)
    pointings = rows // len(_INSTRUMENTS)
    target_ra = random.uniform(0, 360, _TARGETS)
    target_dec = np.degrees(np.arcsin(random.uniform(-0.98, 0.98, _TARGETS)))
    blocks = pointings // _PATTERN + 1
    target = np.repeat(random.integers(0, _TARGETS, blocks), _PATTERN)[:pointings]
    place = np.arange(pointings) % _PATTERN
    dec = target_dec[target] + (place // 5 - 2) * _STEP_DEG + random.normal(0, 0.05, pointings)
    dec = np.clip(dec, -89.5, 89.5)
    along = (place % 5 - 2) * _STEP_DEG / np.cos(np.radians(dec))
    ra = (target_ra[target] + along + random.normal(0, 0.05, pointings)) % 360
    roll = np.radians(random.uniform(0, 360, pointings))
    began = 52560 + np.cumsum(random.uniform(0.025, 0.045, pointings))
    exposure = random.uniform(1200, 2300, pointings)
    size = random.integers(500, 90_000, pointings)
    fields = [_squares(ra, dec, roll, instrument[2]) for instrument in _INSTRUMENTS]
    with path.open("w") as file:
        file.write(",".join(COLUMNS) + "\n")
        for i in range(pointings):
            window = f"{26 + i // 90:04d}{i % 90 + 1:04d}0010"
            name = f"IGR J{int(target_ra[target[i]] * 100):05d}"
            for (instrument, subtype, half, resolution, low, high, power), square in zip(
                _INSTRUMENTS, fields, strict=True
            ):
                corners = ",".join(f"({a:.5f}d,{d:.5f}d)" for a, d in square[i].tolist())
                file.write(
                    f"event,{subtype},1,INTEGRAL,p{target[i]:05d}_{window},"
                    f'"{instrument} pointing {window} of {name}",'
                    f"ivo://isdc.test/integral?{window}/{subtype},"
                    f"https://isdc.test/arc/scw/{window[:4]}/{window}.001/{subtype}_events.fits.gz,"
                    f"application/fits,{size[i]},{name},LMXB,{ra[i]:.6f},{dec[i]:.6f},{2 * half},"
                    f'"{{{corners}}}",{resolution},{began[i]:.8f},{began[i] + 0.02:.8f},'
                    f"{exposure[i]:.3f},0.0001,{low},{high},{power},phot.count,,INTEGRAL,"
                    f"{instrument},400,400,1,256,0\n"
                )


def _squares(ra: np.ndarray, dec: np.ndarray, roll: np.ndarray, half: float) -> np.ndarray:
    """Corners of fields in the tangent plane; degrees, of shape (pointings, 4, 2)."""
    side = np.tan(np.radians(half))
    corners = []
    for along, across in ((-side, -side), (side, -side), (side, side), (-side, side)):
        x = along * np.cos(roll) - across * np.sin(roll)
        y = along * np.sin(roll) + across * np.cos(roll)
        sine, cosine = np.sin(np.radians(dec)), np.cos(np.radians(dec))
        inwards = cosine - y * sine
        corner_ra = np.degrees(np.arctan2(x, inwards)) + ra
        corner_dec = np.degrees(np.arctan2(sine + y * cosine, np.hypot(x, inwards)))
        corners.append(np.stack([corner_ra % 360, corner_dec], axis=1))
    return np.stack(corners, axis=1)
