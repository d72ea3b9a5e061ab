"""The embedded engine: images of coded-mask telescopes by balanced cross-correlation.

Pure functions, values in and values out, each a step of an analysis:

    shadowgram_of   EventList, band                 -> Shadowgram
    sky_image       Shadowgram                      -> SkyImage (as decoded, side lobes included)
    find_sources    Shadowgram, catalogue           -> SourceSearch (sources, cleaned SkyImage)
    mosaic          cleaned SkyImages               -> Mosaic
    mosaic_sources  Mosaic, Shadowgrams, lists      -> MosaicSearch (sources)
    clean           Shadowgram, sources             -> SkyImage without side lobes of these sources

After a mosaic's sources are known, its Science Windows may be cleaned of them and joined once more:
ghosts of sources too faint for a single Science Window are gone then too.

`storage` writes and reads the values as FITS files. The engine imports `instruments`, the formats
of `analysis.products` and the errors of `analysis`, nothing else of the house: no database, no
cache, no Django.
"""

from analysis.engines.coded_mask.cleaning import clean
from analysis.engines.coded_mask.decoding import sky_image
from analysis.engines.coded_mask.images import Mosaic, SkyImage
from analysis.engines.coded_mask.mosaic_search import MosaicSearch, mosaic_sources
from analysis.engines.coded_mask.mosaicking import mosaic
from analysis.engines.coded_mask.shadowgram import Shadowgram, shadowgram_of
from analysis.engines.coded_mask.source_search import SourceSearch, find_sources
from analysis.engines.coded_mask.storage import (
    read_mosaic,
    read_shadowgram,
    read_sky_image,
    read_source_search,
    write_mosaic,
    write_shadowgram,
    write_sky_image,
    write_source_search,
)

__all__ = [
    "Mosaic",
    "MosaicSearch",
    "Shadowgram",
    "SkyImage",
    "SourceSearch",
    "clean",
    "find_sources",
    "mosaic",
    "mosaic_sources",
    "read_mosaic",
    "read_shadowgram",
    "read_sky_image",
    "read_source_search",
    "shadowgram_of",
    "sky_image",
    "write_mosaic",
    "write_shadowgram",
    "write_sky_image",
    "write_source_search",
]
