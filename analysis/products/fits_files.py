"""Writing FITS files that are the same, byte for byte, for the same content."""

from collections.abc import Sequence
from pathlib import Path

from astropy.io import fits

#: Keyword, value and comment of a header card.
Card = tuple[str, str | int | float | bool, str]


def write_fits(
    path: Path, hdus: Sequence[fits.PrimaryHDU | fits.ImageHDU | fits.BinTableHDU]
) -> None:
    """Write HDUs with CHECKSUM and DATASUM to a new file, whose name must not end in ``.gz``.

    Nothing in the file tells when it was written: its digest identifies its content.
    """
    for hdu in hdus:
        # astropy writes the present time into these comments unless told otherwise
        hdu.add_checksum(when="FITS 4.0, section 4.4.2.7")
    fits.HDUList(list(hdus)).writeto(path, overwrite=True, output_verify="exception")
