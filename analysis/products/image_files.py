"""Image products as FITS files, in the form that the mission's own software gives them.

Primary HDU without data, a grouping table that lists the maps (convention of Jennings et al.), then
one extension per map: IMATYPE INTENSITY, VARIANCE, SIGNIFICANCE, EXPOSURE. Units are written as
FITS has them. All times are IJD (TT), but DATE-OBS and DATE-END, which are TT too (TIMESYS).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.io import fits

from analysis.products.detectors import ISGRI, Detector
from analysis.products.fits_files import Card, write_fits
from analysis.products.sky_maps import Map, SkyMaps
from analysis.products.tangent_plane import TangentPlane
from analysis.products.time_coverage import TimeCoverage
from instruments.time import SECONDS_PER_DAY

MOSAIC_EXTENSION = "ISGR-MOSA-IMA"
SCIENCE_WINDOW_EXTENSION = "ISGR-SKY.-IMA"
#: IMATYPE and BUNIT of the maps, in the order of their extensions (from HDU 2 on).
MAPS = (
    ("INTENSITY", "count/s"),
    ("VARIANCE", "count2/s2"),
    ("SIGNIFICANCE", ""),
    ("EXPOSURE", "s"),
)


@dataclass(frozen=True, slots=True, eq=False)
class ImageFile:
    """What `read_image` finds: maps by IMATYPE, where they lie, and the band in keV."""

    maps: dict[str, Map]
    plane: TangentPlane
    e_min_kev: float
    e_max_kev: float
    header: fits.Header


def write_image(
    path: Path,
    maps: SkyMaps,
    *,
    extension: str = MOSAIC_EXTENSION,
    detector: Detector = ISGRI,
    types: Sequence[tuple[str, str]] = MAPS,
    science_windows: Sequence[str] = (),
    cards: Sequence[Card] = (),
) -> None:
    """Write maps with their grouping table; the same arguments give the same bytes.

    extension: of the maps, MOSAIC_EXTENSION, SCIENCE_WINDOW_EXTENSION or another detector's. types:
    IMATYPE and unit of intensity, variance, significance and exposure, in which detectors differ.
    science_windows: whose events are in the maps; listed in the primary header as SCW1, SCW2, …,
    counted in NSCW. cards: further keywords for every header (who made it, from simulated data or
    not, …), with comments.
    """
    primary = fits.PrimaryHDU()
    entries = [*detector.cards(), *_time_cards(maps), *_energy_cards(maps), *cards]
    for keyword, value, comment in entries:
        primary.header[keyword] = (value, comment)
    if science_windows:
        primary.header["NSCW"] = (len(science_windows), "Number of Science Windows")
    for number, science_window in enumerate(science_windows, start=1):
        primary.header[f"SCW{number}"] = (science_window, "Science Window")
    arrays = (maps.intensity, maps.variance, maps.significance, maps.exposure_s)
    images = [
        _image_hdu(maps, array, extension, number, image_type, unit, [*detector.cards(), *cards])
        for number, (array, (image_type, unit)) in enumerate(
            zip(arrays, types, strict=True), start=1
        )
    ]
    names = [image_type for image_type, _ in types]
    grouping = _grouping(maps, extension, names, [*detector.cards(), *cards])
    write_fits(path, [primary, grouping, *images])


def read_image(path: Path) -> ImageFile:
    """Read a mosaic or Science Window image, of this software or of the mission's.

    Raises KeyError where the file holds no map with an IMATYPE.
    """
    with fits.open(path, memmap=False) as hdus:
        images = [hdu for hdu in hdus if isinstance(hdu, fits.ImageHDU) and "IMATYPE" in hdu.header]
        if not images:
            raise KeyError("IMATYPE")
        header = images[0].header
        return ImageFile(
            maps={
                str(hdu.header["IMATYPE"]).strip(): np.asarray(hdu.data, dtype=np.float32)
                for hdu in images
            },
            plane=TangentPlane.from_header(header),
            e_min_kev=float(header["E_MIN"]),
            e_max_kev=float(header["E_MAX"]),
            header=header,
        )


def _image_hdu(
    maps: SkyMaps,
    array: Map,
    extension: str,
    number: int,
    image_type: str,
    unit: str,
    cards: Sequence[Card],
) -> fits.ImageHDU:
    hdu = fits.ImageHDU(np.asarray(array, dtype=np.float32), name=extension, ver=number)
    entries: list[Card] = [
        ("ISDCLEVL", "IMA", "ISDC level of data processing"),
        *_time_cards(maps),
        ("BUNIT", unit, "Unit of the pixels' values"),
        *maps.plane.cards(),
        ("HDUCLASS", "OGIP", "Format conforms mostly to OGIP standards"),
        ("HDUCLAS1", "IMAGE", "Dataset contains a sky image"),
        ("CHANTYPE", "PI", "Type of detector channels"),
        *_energy_cards(maps),
        ("IMATYPE", image_type, "Type of image"),
        ("GRPID1", 1, "EXTVER of the group containing this HDU"),
        *cards,
    ]
    for keyword, value, comment in entries:
        hdu.header[keyword] = (value, comment)
    return hdu


def _grouping(
    maps: SkyMaps, extension: str, types: Sequence[str], cards: Sequence[Card]
) -> fits.BinTableHDU:
    count = len(types)
    constant = np.ones(count)
    telapse_s = (maps.t_stop_ijd - maps.t_start_ijd) * SECONDS_PER_DAY
    columns = [
        _text("MEMBER_XTENSION", 8, ["IMAGE"] * count),
        _text("MEMBER_NAME", 32, [extension] * count),
        fits.Column("MEMBER_VERSION", "1J", array=np.arange(1, count + 1)),
        # PRIMARY is HDU 1, this table HDU 2
        fits.Column("MEMBER_POSITION", "1J", array=np.arange(3, count + 3)),
        _text("MEMBER_LOCATION", 256, [""] * count),
        _text("MEMBER_URI_TYPE", 3, [""] * count),
        _text("IMATYPE", 32, types),
        fits.Column("E_MIN", "1E", unit="keV", array=constant * maps.e_min_kev),
        fits.Column(
            "E_MEAN", "1E", unit="keV", array=constant * (maps.e_min_kev + maps.e_max_kev) / 2
        ),
        fits.Column("E_MAX", "1E", unit="keV", array=constant * maps.e_max_kev),
        fits.Column("TFIRST", "1D", unit="d", array=constant * maps.t_start_ijd),
        fits.Column("TLAST", "1D", unit="d", array=constant * maps.t_stop_ijd),
        fits.Column("TELAPSE", "1D", unit="s", array=constant * telapse_s),
        fits.Column("ONTIME", "1D", unit="s", array=constant * maps.ontime_s),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="GROUPING", ver=1)
    entries: list[Card] = [
        ("GRPNAME", f"{extension}-IDX", "Grouping Table name"),
        ("IDXMEMBR", extension, "Extname of the members of the index"),
        ("BASETYPE", "DAL_GROUP", "Data Access Layer base type"),
        ("ISDCLEVL", "IMA", "ISDC level of data processing"),
        *_time_cards(maps),
        *cards,
    ]
    for keyword, value, comment in entries:
        table.header[keyword] = (value, comment)
    return table


def _text(name: str, width: int, values: Sequence[str]) -> fits.Column:
    return fits.Column(name, f"{width}A", array=np.array(values, dtype=f"U{width}"))


def _time_cards(maps: SkyMaps) -> list[Card]:
    return TimeCoverage(maps.t_start_ijd, maps.t_stop_ijd, maps.ontime_s, maps.livetime_s).cards()


def _energy_cards(maps: SkyMaps) -> list[Card]:
    return [
        ("E_MIN", maps.e_min_kev, "[keV] Lower energy limit"),
        ("E_MEAN", (maps.e_min_kev + maps.e_max_kev) / 2, "[keV] Mean energy"),
        ("E_MAX", maps.e_max_kev, "[keV] Upper energy limit"),
    ]
