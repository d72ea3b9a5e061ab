"""Writing FITS files that are the same, byte for byte, for the same content."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from astropy.io import fits

AnyHdu = TypeVar("AnyHdu", bound="fits.PrimaryHDU | fits.ImageHDU | fits.BinTableHDU")

#: Keyword, value and comment of a header card.
Card = tuple[str, str | int | float | bool, str]


def write_fits(
    path: Path, hdus: Sequence[fits.PrimaryHDU | fits.ImageHDU | fits.BinTableHDU]
) -> None:
    """Write HDUs with CHECKSUM and DATASUM to a new file, whose name must not end in ``.gz``.

    Nothing in the file tells when it was written: its digest identifies its content.
    """
    fits.HDUList([checksummed(hdu) for hdu in hdus]).writeto(
        path, overwrite=True, output_verify="exception"
    )


def checksummed(hdu: AnyHdu) -> AnyHdu:
    """The HDU itself, with CHECKSUM and DATASUM of what it holds now.

    Where values go on in CONTINUE cards, LONGSTRN says so to readers older than FITS 4.0.
    """
    if any(len(card.image) > fits.Card.length for card in hdu.header.cards):
        hdu.header["LONGSTRN"] = ("OGIP 1.0", "Long strings go on in CONTINUE cards")
    # astropy writes the present time into these comments unless told otherwise
    hdu.add_checksum(when="FITS 4.0, section 4.4.2.7")
    return hdu
