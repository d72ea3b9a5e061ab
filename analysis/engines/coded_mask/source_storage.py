"""Lists, spectra and light curves of many sources as FITS files, for a cache of step results.

The engine's own files; `analysis.products` writes what users get. The same value gives the same
bytes.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from analysis.engines.coded_mask.modelled_sources import Modelled, ModelledSource
from analysis.engines.coded_mask.mosaic_search import MosaicSearch
from analysis.products.fits_files import write_fits
from analysis.products.source_light_curve import SourceLightCurve
from analysis.products.source_list import source_list_table
from analysis.products.source_spectrum import SourceSpectrum

_ARRAYS_OF_SPECTRA = {"rate": "1D", "error": "1D", "quality": "1I"}
_NUMBERS_OF_SPECTRA = {
    "ra": "RA",
    "dec": "DEC",
    "ontime_s": "ONTIME",
    "livetime_s": "LIVETIME",
    "source_exposure_s": "SRCEXPO",
    "t_start_ijd": "TSTART",
    "t_stop_ijd": "TSTOP",
}
_ARRAYS_OF_CURVES = {
    "time_ijd": "1D",
    "width_s": "1D",
    "rate": "1D",
    "error": "1D",
    "exposed": "1D",
    "detector_rate": "1D",
    "background": "1D",
    "background_error": "1D",
    "science_window": "1J",
}
_NUMBERS_OF_CURVES = {
    "ra": "RA",
    "dec": "DEC",
    "e_min_kev": "EMINKEV",
    "e_max_kev": "EMAXKEV",
    "time_bin_s": "TIMEBIN",
    "ontime_s": "ONTIME",
    "livetime_s": "LIVETIME",
    "t_start_ijd": "TSTART",
    "t_stop_ijd": "TSTOP",
}


def write_mosaic_sources(path: Path, search: MosaicSearch) -> None:
    """Write a mosaic's source list; MODELLED and FIELDS say how its Science Windows model it."""
    sources, fields = search.modelled.sources, search.modelled.fields
    modelled = [
        fits.Column("name", "100A", array=np.array([s.name for s in sources], dtype="U")),
        *(
            fits.Column(name, "1D", unit="deg", array=[getattr(s, name) for s in sources])
            for name in ("ra", "dec", "error_deg")
        ),
        *(
            fits.Column(name, "1L", array=np.array([getattr(s, name) for s in sources], dtype="?"))
            for name in ("new_source", "bright")
        ),
    ]
    seen = [(scw, n) for scw, numbers in sorted(fields.items()) for n in numbers]
    pairs = [
        fits.Column("scw", "16A", array=np.array([scw for scw, _ in seen], dtype="U")),
        fits.Column("row", "1J", array=np.array([n for _, n in seen], dtype=np.int32)),
    ]
    members = fits.BinTableHDU.from_columns(pairs, name="FIELDS")
    members.header["SCWS"] = json.dumps(sorted(fields))
    write_fits(
        path,
        [
            fits.PrimaryHDU(),
            source_list_table(search.sources),
            fits.BinTableHDU.from_columns(modelled, name="MODELLED"),
            members,
        ],
    )


def read_modelled(path: Path) -> Modelled:
    """How the Science Windows of a mosaic model its sources, from `write_mosaic_sources`."""
    with fits.open(path, memmap=False) as hdus:
        fields: dict[str, list[int]] = {s: [] for s in json.loads(hdus["FIELDS"].header["SCWS"])}
        for row in hdus["FIELDS"].data:
            fields[str(row["scw"]).strip()].append(int(row["row"]))
        sources = tuple(
            ModelledSource(
                str(row["name"]).strip(),
                float(row["ra"]),
                float(row["dec"]),
                float(row["error_deg"]),
                bool(row["new_source"]),
                bool(row["bright"]),
            )
            for row in hdus["MODELLED"].data
        )
    return Modelled(sources, {scw: tuple(rows) for scw, rows in fields.items()})


def write_spectra(path: Path, spectra: Sequence[SourceSpectrum]) -> None:
    """Write spectra, one extension each; none is a file without extensions."""
    hdus: list[fits.PrimaryHDU | fits.BinTableHDU] = [fits.PrimaryHDU()]
    for spectrum in spectra:
        edges = spectrum.channel_edges_kev
        columns = [
            fits.Column("e_min", "1D", unit="keV", array=edges[:-1]),
            fits.Column("e_max", "1D", unit="keV", array=edges[1:]),
            *_columns(spectrum, _ARRAYS_OF_SPECTRA),
        ]
        hdu = _hdu(spectrum, columns, _NUMBERS_OF_SPECTRA)
        hdu.header["FWHMS"] = json.dumps(spectrum.resolutions)
        hdus.append(hdu)
    write_fits(path, hdus)


def read_spectra(path: Path) -> tuple[SourceSpectrum, ...]:
    """Read what `write_spectra` wrote."""
    with fits.open(path, memmap=False) as hdus:
        return tuple(
            SourceSpectrum(
                name=str(hdu.header["NAME"]),
                new_source=bool(hdu.header["NEW"]),
                channel_edges_kev=np.append(hdu.data["e_min"], hdu.data["e_max"][-1]),
                science_windows=tuple(json.loads(hdu.header["SCWS"])),
                resolutions=tuple((f, s) for f, s in json.loads(hdu.header["FWHMS"])),
                **_read(hdu, _ARRAYS_OF_SPECTRA, _NUMBERS_OF_SPECTRA),
            )
            for hdu in hdus[1:]
        )


def write_light_curves(path: Path, curves: Sequence[SourceLightCurve]) -> None:
    """Write light curves, one extension each; none is a file without extensions."""
    hdus: list[fits.PrimaryHDU | fits.BinTableHDU] = [fits.PrimaryHDU()]
    hdus += [
        _hdu(curve, _columns(curve, _ARRAYS_OF_CURVES), _NUMBERS_OF_CURVES) for curve in curves
    ]
    write_fits(path, hdus)


def read_light_curves(path: Path) -> tuple[SourceLightCurve, ...]:
    """Read what `write_light_curves` wrote."""
    with fits.open(path, memmap=False) as hdus:
        return tuple(
            SourceLightCurve(
                name=str(hdu.header["NAME"]),
                new_source=bool(hdu.header["NEW"]),
                science_windows=tuple(json.loads(hdu.header["SCWS"])),
                **_read(hdu, _ARRAYS_OF_CURVES, _NUMBERS_OF_CURVES),
            )
            for hdu in hdus[1:]
        )


def _columns(
    value: SourceSpectrum | SourceLightCurve, formats: dict[str, str]
) -> list[fits.Column]:
    return [fits.Column(name, code, array=getattr(value, name)) for name, code in formats.items()]


def _hdu(
    value: SourceSpectrum | SourceLightCurve, columns: list[fits.Column], numbers: dict[str, str]
) -> fits.BinTableHDU:
    hdu = fits.BinTableHDU.from_columns(columns)
    hdu.header["NAME"] = value.name
    hdu.header["NEW"] = value.new_source
    hdu.header["SCWS"] = json.dumps(value.science_windows)
    for name, keyword in numbers.items():
        hdu.header[keyword] = getattr(value, name)
    return hdu


def _read(
    hdu: fits.BinTableHDU, formats: dict[str, str], numbers: dict[str, str]
) -> dict[str, Any]:
    types = {"1D": np.float64, "1I": np.int16, "1J": np.int32}
    return {
        **{name: np.asarray(hdu.data[name], dtype=types[code]) for name, code in formats.items()},
        **{name: float(hdu.header[keyword]) for name, keyword in numbers.items()},
    }
