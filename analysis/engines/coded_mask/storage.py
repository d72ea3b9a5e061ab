"""The engine's values as FITS files, for a cache of step results.

The same value gives the same bytes. Numbers keep their precision but for maps, which are float32 in
the values as well. These files are the engine's own; `analysis.products` writes what users get.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from astropy.io import fits

from analysis.engines.coded_mask.events import EventList, GoodTime
from analysis.engines.coded_mask.images import Mosaic, SkyImage
from analysis.engines.coded_mask.shadowgram import Shadowgram
from analysis.engines.coded_mask.source_search import SourceSearch
from analysis.products.fits_files import write_fits
from analysis.products.sky_maps import Map, SkyMaps
from analysis.products.source_list import read_source_list, source_list_table
from analysis.products.tangent_plane import TangentPlane
from instruments.frame import SpacecraftFrame

_AXES = {"ra_x": "RA_SCX", "dec_x": "DEC_SCX", "ra_z": "RA_SCZ", "dec_z": "DEC_SCZ"}


def write_events(path: Path, events: EventList) -> None:
    """Write an event list: tables EVENTS and GOOD_TIME, image EFFICIENCY."""
    primary = fits.PrimaryHDU()
    primary.header["SCW"] = events.science_window
    primary.header["ERESFWHM"] = events.energy_resolution_fwhm
    primary.header["LIVEFRAC"] = events.good_time.live_fraction
    for name, keyword in _AXES.items():
        primary.header[keyword] = getattr(events.frame, name)
    columns = [
        fits.Column("TIME", "1D", unit="d", array=events.time_ijd),
        fits.Column("ENERGY", "1E", unit="keV", array=events.energy_kev),
        fits.Column("CELL", "1J", array=events.cell),
    ]
    intervals = [
        fits.Column("START", "1D", unit="d", array=events.good_time.starts),
        fits.Column("STOP", "1D", unit="d", array=events.good_time.stops),
    ]
    write_fits(
        path,
        [
            primary,
            fits.BinTableHDU.from_columns(columns, name="EVENTS"),
            fits.BinTableHDU.from_columns(intervals, name="GOOD_TIME"),
            fits.ImageHDU(events.efficiency.astype(np.float64), name="EFFICIENCY"),
        ],
    )


def read_events(path: Path) -> EventList:
    """Read what `write_events` wrote."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus[0].header
        table, intervals = hdus["EVENTS"].data, hdus["GOOD_TIME"].data
        return EventList(
            science_window=header["SCW"],
            frame=SpacecraftFrame.from_axes(
                **{name: float(header[keyword]) for name, keyword in _AXES.items()}
            ),
            good_time=GoodTime(
                np.asarray(intervals["START"], dtype=np.float64),
                np.asarray(intervals["STOP"], dtype=np.float64),
                float(header["LIVEFRAC"]),
            ),
            time_ijd=np.asarray(table["TIME"], dtype=np.float64),
            energy_kev=np.asarray(table["ENERGY"], dtype=np.float32),
            cell=np.asarray(table["CELL"], dtype=np.int32),
            efficiency=np.asarray(hdus["EFFICIENCY"].data, dtype=np.float64),
            energy_resolution_fwhm=float(header["ERESFWHM"]),
        )


def write_shadowgram(path: Path, shadowgram: Shadowgram) -> None:
    """Write a shadowgram: extensions COUNTS and EFFICIENCY."""
    primary = _primary(shadowgram)
    primary.header["SCW"] = shadowgram.science_window
    primary.header["ERESFWHM"] = shadowgram.energy_resolution_fwhm
    for name, keyword in _AXES.items():
        primary.header[keyword] = getattr(shadowgram.frame, name)
    write_fits(
        path,
        [
            primary,
            fits.ImageHDU(shadowgram.counts.astype(np.int32), name="COUNTS"),
            fits.ImageHDU(shadowgram.efficiency.astype(np.float64), name="EFFICIENCY"),
        ],
    )


def read_shadowgram(path: Path) -> Shadowgram:
    """Read what `write_shadowgram` wrote."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus[0].header
        return Shadowgram(
            science_window=header["SCW"],
            frame=SpacecraftFrame.from_axes(
                **{name: float(header[keyword]) for name, keyword in _AXES.items()}
            ),
            counts=np.asarray(hdus["COUNTS"].data, dtype=np.int32),
            efficiency=np.asarray(hdus["EFFICIENCY"].data, dtype=np.float64),
            energy_resolution_fwhm=float(header["ERESFWHM"]),
            e_min_kev=float(header["EMINKEV"]),
            e_max_kev=float(header["EMAXKEV"]),
            t_start_ijd=float(header["TSTART"]),
            t_stop_ijd=float(header["TSTOP"]),
            ontime_s=float(header["ONTIME"]),
            livetime_s=float(header["LIVETIME"]),
        )


def write_sky_image(path: Path, image: SkyImage) -> None:
    """Write the maps of a Science Window, one extension each."""
    primary = _primary(image)
    primary.header["SCW"] = image.science_window
    write_fits(path, [primary, *_map_hdus(image)])


def read_sky_image(path: Path) -> SkyImage:
    """Read what `write_sky_image` wrote."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus[0].header
        return SkyImage(
            science_window=header["SCW"],
            plane=TangentPlane.from_header(hdus["INTENSITY"].header),
            e_min_kev=float(header["EMINKEV"]),
            e_max_kev=float(header["EMAXKEV"]),
            t_start_ijd=float(header["TSTART"]),
            t_stop_ijd=float(header["TSTOP"]),
            ontime_s=float(header["ONTIME"]),
            livetime_s=float(header["LIVETIME"]),
            intensity=_map(hdus, "INTENSITY"),
            variance=_map(hdus, "VARIANCE"),
            exposure_s=_map(hdus, "EXPOSURE"),
        )


def write_source_search(path: Path, search: SourceSearch) -> None:
    """Write a Science Window's cleaned maps, the residual, the source list and the messages.

    `read_sky_image` reads the cleaned maps, `analysis.products.source_list.read_source_list` the
    list from this file too.
    """
    primary = _primary(search.image)
    primary.header["SCW"] = search.image.science_window
    primary.header["NMESSAGE"] = len(search.messages)
    for number, message in enumerate(search.messages, start=1):
        primary.header[f"MESSAG{number}"] = message
    residual = fits.ImageHDU(search.residual.intensity, name="RESIDUAL")
    residual.header.extend(search.residual.plane.cards())
    write_fits(
        path,
        [primary, *_map_hdus(search.image), residual, source_list_table(search.sources)],
    )


def read_source_search(path: Path) -> SourceSearch:
    """Read what `write_source_search` wrote."""
    image = read_sky_image(path)
    with fits.open(path, memmap=False) as hdus:
        header = hdus[0].header
        count = int(header["NMESSAGE"])
        residual = replace(image, intensity=_map(hdus, "RESIDUAL"))
        messages = tuple(str(header[f"MESSAG{n}"]) for n in range(1, count + 1))
    return SourceSearch(read_source_list(path), image, residual, messages)


def write_mosaic(path: Path, mosaic: Mosaic) -> None:
    """Write a mosaic's maps, one extension each, and its Science Windows as a table."""
    table = fits.BinTableHDU.from_columns(
        [fits.Column(name="SCW", format="16A", array=np.array(mosaic.science_windows))],
        name="SCWS",
    )
    write_fits(path, [_primary(mosaic), *_map_hdus(mosaic), table])


def read_mosaic(path: Path) -> Mosaic:
    """Read what `write_mosaic` wrote."""
    with fits.open(path, memmap=False) as hdus:
        header = hdus[0].header
        return Mosaic(
            science_windows=tuple(str(scw).strip() for scw in hdus["SCWS"].data["SCW"]),
            plane=TangentPlane.from_header(hdus["INTENSITY"].header),
            e_min_kev=float(header["EMINKEV"]),
            e_max_kev=float(header["EMAXKEV"]),
            t_start_ijd=float(header["TSTART"]),
            t_stop_ijd=float(header["TSTOP"]),
            ontime_s=float(header["ONTIME"]),
            livetime_s=float(header["LIVETIME"]),
            intensity=_map(hdus, "INTENSITY"),
            variance=_map(hdus, "VARIANCE"),
            exposure_s=_map(hdus, "EXPOSURE"),
        )


def _primary(value: Shadowgram | SkyMaps) -> fits.PrimaryHDU:
    primary = fits.PrimaryHDU()
    primary.header["EMINKEV"] = value.e_min_kev
    primary.header["EMAXKEV"] = value.e_max_kev
    primary.header["TSTART"] = value.t_start_ijd
    primary.header["TSTOP"] = value.t_stop_ijd
    primary.header["ONTIME"] = value.ontime_s
    primary.header["LIVETIME"] = value.livetime_s
    return primary


def _map_hdus(value: SkyMaps) -> list[fits.ImageHDU]:
    hdus = []
    for name, array in (
        ("INTENSITY", value.intensity),
        ("VARIANCE", value.variance),
        ("EXPOSURE", value.exposure_s),
    ):
        hdu = fits.ImageHDU(array, name=name)
        hdu.header.extend(value.plane.cards())
        hdus.append(hdu)
    return hdus


def _map(hdus: fits.HDUList, name: str) -> Map:
    return np.asarray(hdus[name].data, dtype=np.float32)
