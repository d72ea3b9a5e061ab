"""Whether two makings of one result agree: to the byte, or within the step's stated tolerance."""

import filecmp
from pathlib import Path

from analysis.steps import Tolerance

#: The same to the byte.
EXACT = Tolerance()


def agree(one: Path, other: Path, tolerance: Tolerance = EXACT) -> bool:
    """Whether the files are equal, or FITS files whose values lie within the tolerance."""
    if filecmp.cmp(one, other, shallow=False):
        return True
    if tolerance == EXACT or other.suffix != ".fits":
        return False
    from astropy.io.fits import FITSDiff

    # checksums of the parts differ with any bit of them
    return bool(
        FITSDiff(
            str(one),
            str(other),
            rtol=tolerance.relative,
            atol=tolerance.absolute,
            ignore_keywords=["CHECKSUM", "DATASUM"],
            ignore_comments=["CHECKSUM", "DATASUM"],
        ).identical
    )
