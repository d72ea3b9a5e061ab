"""A reference catalogue and an observation table as a stranger would write them."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits
from strangers_archive import CRAB


def write_catalogue(
    root: Path, number: int = 43, names: tuple[str, ...] = ("Crab", "Cyg X-1")
) -> Path:
    """An edition of the catalogue, with sources of these names."""
    path = root / "cat" / "hec" / f"gnrl_refr_cat_{number:04d}.fits"
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(names)
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("SOURCE_ID", "16A", array=[f"J{n:06d}" for n in range(count)]),
            fits.Column("NAME", "40A", array=list(names)),
            fits.Column("RA_OBJ", "D", array=np.linspace(CRAB[0], 300.0, count)),
            fits.Column("DEC_OBJ", "D", array=np.linspace(CRAB[1], 35.0, count)),
            fits.Column("ERR_RAD", "E", array=np.full(count, 0.001)),
            fits.Column("ISGR_FLUX_1", "E", array=np.full(count, np.nan)),
            fits.Column("ISGRI_FLAG", "I", array=np.arange(count)[::-1]),
        ],
        name="GNRL-REFR-CAT",
    )
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path


def write_observations(root: Path, **changes: Any) -> Path:
    """A table of one observation."""
    row = {
        "OBS_ID": "88600010001",
        "PROP_ID": "8860001",
        "TITLE": "Crab calibration",
        "PI_NAME": "A. Nobody",
        "OBS_TYPE": "CALIBRATION",
        "OBJECT": "Crab",
        "RA_OBJ": CRAB[0],
        "DEC_OBJ": CRAB[1],
        "RELEASE": "",
        "PS": "public",
        "REMARK": "Invented.",
        **changes,
    }
    path = root / "obs" / "observations.fits"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = [
        fits.Column(name, "D" if isinstance(value, float) else "120A", array=[value])
        for name, value in row.items()
    ]
    table = fits.BinTableHDU.from_columns(columns, name="OBSERVATIONS")
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    return path
