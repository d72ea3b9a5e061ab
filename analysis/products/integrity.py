"""Whether a FITS file is still what was written: FITS 4.0, section 4.4.2.7 and appendix J.

Every HDU of a product holds CHECKSUM, by which the ones' complement sum over all of its bytes,
taken as big-endian words of 32 bits, is zero with all bits set. No other file is needed for that.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.io import fits

_ZERO = 0xFFFFFFFF


def broken_hdus(path: Path) -> tuple[str, ...]:
    """The names of the HDUs that aren't what CHECKSUM says, and of what can't be read at all.

    HDUs without CHECKSUM are passed over. A file that isn't FITS is one that can't be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # astropy's: what is wrong is what this tells
        try:
            return tuple(_broken(path))
        except (OSError, ValueError, TypeError) as problem:
            return (f"the file ({type(problem).__name__})",)


def _broken(path: Path) -> Iterator[str]:
    size, end = path.stat().st_size, 0
    with fits.open(path, memmap=False) as hdus, path.open("rb") as file:
        for hdu in hdus:
            place = hdu.fileinfo()
            end = place["datLoc"] + place["datSpan"]
            file.seek(place["hdrLoc"])
            content = file.read(end - place["hdrLoc"])
            if end > size or ("CHECKSUM" in hdu.header and _sum(content) != _ZERO):
                yield hdu.name or "PRIMARY"
    if end < size:
        yield "what follows the last HDU"


def _sum(content: bytes) -> int:
    """The ones' complement sum of the bytes; FITS blocks are whole words."""
    if len(content) % 4:
        return 0
    total = int(np.frombuffer(content, dtype=">u4").sum(dtype=np.uint64))
    while total >> 32:
        total = (total & _ZERO) + (total >> 32)
    return total
