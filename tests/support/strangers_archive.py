"""Science Windows as another program writes them, by the published rules alone.

Written by hand with astropy: nothing here comes from this project's own simulator or structures,
so that what the ingest takes for granted beyond the rules is found out.
"""

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

CRAB = (83.6331, 22.0145)
#: A roll in which Z is 90 degrees from X: X towards the Crab, Z in the meridian.
AXES = {"RA_SCX": CRAB[0], "DEC_SCX": CRAB[1], "RA_SCZ": CRAB[0], "DEC_SCZ": CRAB[1] - 90.0}


def keywords(scw: str, **changes: Any) -> dict[str, Any]:
    """The keywords that the rules name, for a pointing of 1000 s."""
    swid = scw.partition(".")[0]
    start = 2000.0 + int(swid[4:8]) * 0.02
    values: dict[str, Any] = {
        "TELESCOP": "INTEGRAL",
        "SWID": swid,
        "REVOL": int(swid[:4]),
        "SW_TYPE": "POINTING",
        "SWBOUND": "PTG",
        "TSTART": start,
        "TSTOP": start + 1000 / 86400,
        "TELAPSE": 1000.0,
        **AXES,
        "OBS_ID": "88600010001",
        "OBS_TYPE": "CALIBRATION",
        "EXPID": swid[:8],
        "OBJECT": "Crab",
        "PS": "public",
        "DATE": "2020-01-02T03:04:05",
        "ORIGIN": "A stranger",
    }
    return {k: v for k, v in {**values, **changes}.items() if v is not None}


def events(count: int, header: dict[str, Any], seed: int = 1) -> dict[str, Any]:
    """Columns of an event list on live pixels."""
    rng = np.random.default_rng(seed)
    rows = np.setdiff1d(np.arange(130), [64, 65])
    columns = np.setdiff1d(np.arange(134), [32, 33, 66, 67, 100, 101])
    return {
        "TIME": np.sort(rng.uniform(header["TSTART"], header["TSTOP"], count)),
        "ISGRI_ENERGY": rng.uniform(15, 200, count),
        "DETY": rng.choice(rows, count),
        "DETZ": rng.choice(columns, count),
        "RISE_TIME": np.full(count, 50),
        "SELECT_FLAG": np.zeros(count, dtype=int),
    }


_FORMATS = {
    "TIME": "D",
    "ISGRI_ENERGY": "E",
    "DETY": "I",
    "DETZ": "I",
    "RISE_TIME": "B",
    "SELECT_FLAG": "B",
}


def write_science_window(
    archive: Path,
    scw: str = "066500330010.001",
    *,
    count: int = 500,
    changes: dict[str, Any] | None = None,
    event_changes: dict[str, Any] | None = None,
    columns: dict[str, Any] | None = None,
    formats: dict[str, str] | None = None,
    gti: list[tuple[float, float]] | None = None,
    checksum: bool = True,
    extra: list[Any] | None = None,
) -> Path:
    """Write the folder of one Science Window below an archive's root; the folder.

    changes: keywords of both files that differ, ``None`` for one that is left out. event_changes:
    those of the events only. columns, formats: columns of the events that differ. gti: intervals
    in seconds after TSTART.
    """
    folder = archive / "scw" / scw[:4] / scw
    folder.mkdir(parents=True, exist_ok=True)
    header = keywords(scw, **(changes or {}))
    group = fits.BinTableHDU.from_columns(
        [fits.Column("MEMBER_NAME", "32A", array=["ISGR-EVTS-ALL"])], name="GNRL-SCWG-GRP"
    )
    group.header.update(header)
    fits.HDUList([fits.PrimaryHDU(), group]).writeto(folder / "swg.fits", checksum=checksum)

    whole = keywords(scw)
    data = {**events(count, whole), **(columns or {})}
    layout = {**_FORMATS, **(formats or {})}
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(name, layout[name], array=values)
            for name, values in data.items()
            if values is not None
        ],
        name="ISGR-EVTS-ALL",
    )
    table.header.update(header)
    table.header.update({"ONTIME": 1000.0, "LIVETIME": 800.0})
    for name, value in (event_changes or {}).items():
        if value is None:
            table.header.remove(name)
        else:
            table.header[name] = value
    intervals = np.array(gti or [(0.0, 1000.0)]) / 86400 + whole["TSTART"]
    good = fits.BinTableHDU.from_columns(
        [
            fits.Column("START", "D", array=intervals[:, 0]),
            fits.Column("STOP", "D", array=intervals[:, 1]),
        ],
        name="IBIS-GNRL-GTI",
    )
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), table, good, *(extra or [])]).writeto(
        buffer, checksum=checksum
    )
    (folder / "isgri_events.fits.gz").write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return folder


def write_jemx_events(
    folder: Path,
    unit: int = 2,
    *,
    count: int = 300,
    columns: dict[str, Any] | None = None,
    header_changes: dict[str, Any] | None = None,
    gti: list[tuple[float, float]] | None = None,
) -> Path:
    """Add a JEM-X event list to the folder of a Science Window; the file."""
    header = keywords(folder.name)
    rng = np.random.default_rng(unit)
    radius, angle = 120 * np.sqrt(rng.random(count)), 2 * np.pi * rng.random(count)
    data = {
        "TIME": np.sort(rng.uniform(header["TSTART"], header["TSTOP"], count)),
        "PI": rng.integers(46, 224, count),
        "DETX": radius * np.cos(angle),
        "DETY": radius * np.sin(angle),
        "STATUS": np.zeros(count, dtype=int),
        **(columns or {}),
    }
    layout = {"TIME": "D", "PI": "I", "DETX": "E", "DETY": "E", "STATUS": "I"}
    table = fits.BinTableHDU.from_columns(
        [fits.Column(name, layout[name], array=values) for name, values in data.items()],
        name=f"JMX{unit}-FULL-ALL",
    )
    table.header.update({**AXES, "ONTIME": 1000.0, "LIVETIME": 830.0, **(header_changes or {})})
    intervals = np.array(gti or [(0.0, 1000.0)]) / 86400 + header["TSTART"]
    good = fits.BinTableHDU.from_columns(
        [
            fits.Column("START", "D", array=intervals[:, 0]),
            fits.Column("STOP", "D", array=intervals[:, 1]),
        ],
        name=f"JMX{unit}-GNRL-GTI",
    )
    return _packed(folder / f"jmx{unit}_events.fits.gz", table, good)


def write_spi_acs_rates(
    folder: Path, *, counts: Any = None, width: float = 0.05, first_s: float = 0.0
) -> Path:
    """Add count rates of SPI-ACS to the folder of a Science Window; the file."""
    start = keywords(folder.name)["TSTART"]
    values = np.full(2000, 4500) if counts is None else np.asarray(counts)
    time = start + (first_s + (np.arange(len(values)) + 0.5) * width) / 86400
    table = fits.BinTableHDU.from_columns(
        [fits.Column("TIME", "D", array=time), fits.Column("COUNTS", "J", array=values)],
        name="SPI.-ACS.-RATE",
    )
    table.header["TIMEDEL"] = width
    return _packed(folder / "spi_acs_rates.fits.gz", table)


def _packed(path: Path, *tables: Any) -> Path:
    buffer = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(buffer, checksum=True)
    path.write_bytes(gzip.compress(buffer.getvalue(), mtime=0))
    return path
