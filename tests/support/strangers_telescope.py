"""Science Windows with photons in them, as another program makes them by the published rules alone.

Nothing here comes from this project: mask, detector, rays and attitude are written anew, the files
with astropy. What the rules leave open is done otherwise than the project's own simulator does.
"""

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

DISTANCE_MM = 3202.97
ELEMENT_MM = 11.2
ELEMENTS = 95
PITCH_MM = 4.6
SENSITIVE_MM = 4.0
ROWS = [row for row in range(130) if row not in (64, 65)]
COLUMNS = [column for column in range(134) if column not in (32, 33, 66, 67, 100, 101)]
BAND_KEV = (20.0, 40.0)


def _mask() -> np.ndarray:
    """Open elements, [i along Y, j along Z]: the MURA of order 53, in as many steps as it has."""
    squares = {k * k % 53 for k in range(1, 53)}
    mask = np.zeros((ELEMENTS, ELEMENTS), dtype=bool)
    for i in range(ELEMENTS):
        for j in range(ELEMENTS):
            a, b = (i - 47) % 53, (j - 47) % 53
            if a == 0:
                mask[i, j] = False
            elif b == 0:
                mask[i, j] = True
            else:
                mask[i, j] = (a in squares) == (b in squares)
    return mask


def _unit(ra: float, dec: float) -> np.ndarray:
    a, d = np.radians([ra, dec])
    return np.array([np.cos(d) * np.cos(a), np.cos(d) * np.sin(a), np.sin(d)])


@dataclass(frozen=True)
class Star:
    """A source: ICRS degrees, and its INTENSITY in 20 to 40 keV, count/s."""

    ra: float
    dec: float
    intensity: float


@dataclass(frozen=True)
class Attitude:
    """X towards (ra, dec), Z turned by ``roll`` from the north towards the east; degrees."""

    ra: float
    dec: float
    roll: float

    def axes(self) -> np.ndarray:
        """Unit vectors X, Y, Z as rows."""
        x = _unit(self.ra, self.dec)
        east = np.array([-np.sin(np.radians(self.ra)), np.cos(np.radians(self.ra)), 0.0])
        north = np.cross(x, east)
        z = np.cos(np.radians(self.roll)) * north + np.sin(np.radians(self.roll)) * east
        return np.array([x, np.cross(z, x), z])

    def keywords(self) -> dict[str, float | int]:
        """The axes as the rules want them; whole numbers are written as such."""
        z = self.axes()[2]
        ra_z, dec_z = np.degrees([np.arctan2(z[1], z[0]) % (2 * np.pi), np.arcsin(z[2])])
        given = {"RA_SCX": self.ra, "DEC_SCX": self.dec, "RA_SCZ": ra_z, "DEC_SCZ": dec_z}
        return {k: int(v) if float(v).is_integer() else float(v) for k, v in given.items()}


def _photons(
    star: Star, attitude: Attitude, live_s: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Cells (DETY, DETZ) of the photons of one source that come through the mask."""
    sx, sy, sz = attitude.axes() @ _unit(star.ra, star.dec)
    if sx <= 0:
        return np.empty(0, dtype=int), np.empty(0, dtype=int)
    # twice INTENSITY falls on 16384 pixels held square to the source
    count = rng.poisson(2 * star.intensity * live_s * sx)
    row, column = rng.choice(ROWS, count), rng.choice(COLUMNS, count)
    y = (row - 64.5) * PITCH_MM + rng.uniform(-0.5, 0.5, count) * SENSITIVE_MM
    z = (column - 66.5) * PITCH_MM + rng.uniform(-0.5, 0.5, count) * SENSITIVE_MM
    i = np.floor((y + DISTANCE_MM * sy / sx) / ELEMENT_MM + 47.5).astype(int)
    j = np.floor((z + DISTANCE_MM * sz / sx) / ELEMENT_MM + 47.5).astype(int)
    within = (i >= 0) & (i < ELEMENTS) & (j >= 0) & (j < ELEMENTS)
    through = within.copy()
    through[within] = _mask()[i[within], j[within]]
    return row[through], column[through]


#: Good time in seconds after TSTART, with a gap, out of order and overlapping.
GOOD_TIMES = ((280.0, 500.0), (0.0, 150.0), (100.0, 200.0))
ONTIME_S = 420
LIVETIME_S = 315
DURATION_S = 500


def write_observed(
    archive: Path,
    scw: str,
    attitude: Attitude,
    stars: Sequence[Star],
    *,
    start_ijd: int,
    seed: int,
    background: float = 300.0,
) -> None:
    """Write a Science Window's folder below an archive's root.

    background: count/s in 20 to 40 keV over all pixels, as much again outside that band.
    """
    rng = np.random.default_rng(seed)
    parts = [_photons(star, attitude, LIVETIME_S, rng) for star in stars]
    for rate in (background, background):
        count = rng.poisson(rate * LIVETIME_S)
        parts.append((rng.choice(ROWS, count), rng.choice(COLUMNS, count)))
    outside_band = len(parts[-1][0])
    dety = np.concatenate([part[0] for part in parts])
    detz = np.concatenate([part[1] for part in parts])
    energy = rng.uniform(*BAND_KEV, len(dety))
    energy[-outside_band:] = rng.uniform(40.01, 300.0, outside_band)
    # evenly over the 420 s of good time
    second = rng.uniform(0, ONTIME_S, len(dety))
    second = np.where(second < 200, second, second + 80)

    off = rng.random((130, 134)) < 0.02
    alive = ~off[dety, detz]
    dety, detz, energy, second = dety[alive], detz[alive], energy[alive], second[alive]
    rise, flag = rng.integers(16, 117, len(dety)), np.zeros(len(dety), dtype=int)

    # what no image may hold: on one half of the detector, so that it would be seen
    bad = rng.poisson(background * LIVETIME_S)
    dety = np.concatenate([dety, rng.choice(ROWS[:64], 3 * bad)])
    detz = np.concatenate([detz, rng.choice(COLUMNS, 3 * bad)])
    energy = np.concatenate([energy, rng.uniform(*BAND_KEV, 3 * bad)])
    second = np.concatenate(
        [second, rng.uniform(0, 200, 2 * bad), rng.uniform(201, 279, bad)]  # the last: in the gap
    )
    rise = np.concatenate([rise, rng.choice([5, 15, 117, 127], bad), np.full(2 * bad, 50)])
    flag = np.concatenate([flag, np.zeros(bad, int), np.full(bad, 1), np.zeros(bad, int)])
    order = np.argsort(second, kind="stable")

    swid = scw.partition(".")[0]
    header: dict[str, Any] = {
        "TELESCOP": "INTEGRAL",
        "SWID": swid,
        "REVOL": int(swid[:4]),
        "SW_TYPE": "POINTING",
        "SWBOUND": "PTG",
        "TSTART": start_ijd,
        "TSTOP": start_ijd + DURATION_S / 86400,
        "TELAPSE": DURATION_S,
        **attitude.keywords(),
        "OBS_TYPE": "GENERAL",
        "EXPID": swid[:8],
        "OBJECT": "",
        "PS": "public",
        "DATE": "2011-12-13T14:15:16",
        "ORIGIN": "another place",
    }
    extra_first = fits.BinTableHDU.from_columns(
        [fits.Column("TIME", "D", array=[0.0]), fits.Column("NOTE", "PA()", array=["of no use"])],
        name="THEIR-OWN-TAB",
    )
    good = fits.BinTableHDU.from_columns(
        [
            fits.Column("OBT_START", "8B", array=np.zeros((3, 8))),
            fits.Column("STOP", "1D", array=[start_ijd + stop / 86400 for _, stop in GOOD_TIMES]),
            fits.Column("START", "1D", array=[start_ijd + go / 86400 for go, _ in GOOD_TIMES]),
        ],
        name="IBIS-GNRL-GTI",
    )
    events = fits.BinTableHDU.from_columns(
        [
            fits.Column("SELECT_FLAG", "1B", array=flag[order]),
            fits.Column("DETZ", "1I", array=detz[order], null=-1),
            fits.Column("DETY", "1I", array=dety[order], null=-1),
            fits.Column("OB_TIME", "4I", array=np.zeros((len(order), 4))),
            fits.Column("ISGRI_PI", "1I", bzero=32768, array=np.full(len(order), 40000)),
            fits.Column("ISGRI_ENERGY", "1E", unit="keV", array=energy[order]),
            fits.Column("RISE_TIME", "1B", array=rise[order]),
            fits.Column("TIME", "1D", unit="d", array=start_ijd + second[order] / 86400),
        ],
        name="ISGR-EVTS-ALL",
    )
    for hdu in (good, events):
        hdu.header.update(header)
    events.header.update({"ONTIME": ONTIME_S, "LIVETIME": LIVETIME_S})
    events.header["HIERARCH their own keyword"] = True
    events.header["LONGTEXT"] = "a text that goes on " * 10
    events.header.add_history("written by another program")
    events.header.add_blank()
    picture = fits.ImageHDU(np.zeros((5, 7), dtype=np.float32), name="THEIR-OWN-IMG")
    primary = fits.PrimaryHDU(np.ones((2, 2), dtype=np.uint8))

    folder = archive / "scw" / swid[:4] / scw
    folder.mkdir(parents=True)
    content = io.BytesIO()
    fits.HDUList([primary, picture, good, extra_first, events]).writeto(content)
    half = len(content.getvalue()) // 2
    # two members one after the other, with a name: still one gzip file
    packed = io.BytesIO()
    for piece in (content.getvalue()[:half], content.getvalue()[half:]):
        with gzip.GzipFile("events.fits", "wb", compresslevel=1, fileobj=packed) as member:
            member.write(piece)
    (folder / "isgri_events.fits.gz").write_bytes(packed.getvalue())
    group = fits.BinTableHDU.from_columns(
        [fits.Column("MEMBER_NAME", "20A", array=["ISGR-EVTS-ALL", "IBIS-GNRL-GTI"])],
        name="GNRL-SCWG-GRP",
    )
    group.header.update(header)
    fits.HDUList([fits.PrimaryHDU(), picture.copy(), group]).writeto(folder / "swg.fits")
