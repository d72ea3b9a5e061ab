"""OSA's command lines: each call's executable and its parameters, ``name=value``.

Names, levels and values are those of the IBIS Analysis User Manual (OSA 11, list of
ibis_science_analysis parameters; section "Run ii_light") and of the JEM-X Analysis User Manual.
Nothing here runs anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass

#: Shortest time bins that ``ii_lc_extract`` is made for; below, ``ii_light`` is used.
SHORTEST_STANDARD_BIN_S = 60.0
#: Channels of ISGRI's spectra: logarithmic, 62 between these energies.
SPECTRUM_BINS = "-62"
SPECTRUM_LIMITS = "15 800"
#: 2**4 channels of JEM-X's spectra, and the name that the same binning has for the matrix.
JEMX_CHANNEL_POWER = "-4"
JEMX_BIN_LIST = "STD_016"


@dataclass(frozen=True, slots=True)
class OsaCommand:
    """A call of OSA.

    parameters: in the order in which they are written. folder: where it runs, below the working
    folder.
    """

    executable: str
    parameters: Mapping[str, str]
    folder: str = "."

    @property
    def words(self) -> list[str]:
        """Executable and parameters, as handed to the system: no shell reads them."""
        return [self.executable, *(f"{name}={value}" for name, value in self.parameters.items())]


@dataclass(frozen=True, slots=True)
class OsaInstrument:
    """How OSA names an instrument.

    name: of ``og_create``. group: observation group's file; short: in files' names and of
    ``spe_pick``. number: of JEM-X, 0 for ISGRI.
    """

    name: str
    group: str
    short: str
    number: int = 0


INSTRUMENTS = {
    "isgri": OsaInstrument("IBIS", "og_ibis.fits", "isgri"),
    "jemx1": OsaInstrument("JMX1", "og_jmx1.fits", "jmx1", 1),
    "jemx2": OsaInstrument("JMX2", "og_jmx2.fits", "jmx2", 2),
}
#: Name of the observation group in every working folder.
GROUP_ID = "vo"
GROUP_FOLDER = f"obs/{GROUP_ID}"


@dataclass(frozen=True, slots=True)
class Band:
    """An energy band in keV; JEM-X's programs want its channels, first and last."""

    e_min_kev: float
    e_max_kev: float
    channels: tuple[int, int] | None = None

    @property
    def parameters(self) -> dict[str, str]:
        """The band as the instrument's program takes it."""
        if self.channels is not None:
            first, last = self.channels
            return {"nChanBins": "1", "chanLow": str(first), "chanHigh": str(last)}
        return {
            "IBIS_II_ChanNum": "1",
            "IBIS_II_E_band_min": _number(self.e_min_kev),
            "IBIS_II_E_band_max": _number(self.e_max_kev),
        }


@dataclass(frozen=True, slots=True)
class OsaSettings:
    """What every call needs to know of the site: master index, its alias, reference catalogue."""

    ic_group: str
    ic_alias: str
    catalogue: str


def og_create(instrument: OsaInstrument) -> OsaCommand:
    """Make the observation group of the Science Windows that ``scw.lis`` lists."""
    return OsaCommand(
        "og_create",
        {
            "idxSwg": "scw.lis",
            "ogid": GROUP_ID,
            "baseDir": "./",
            "instrument": instrument.name,
        },
    )


def image(instrument: OsaInstrument, site: OsaSettings, band: Band) -> OsaCommand:
    """Images of single Science Windows (levels COR to IMA)."""
    if instrument.number:
        return _jemx(instrument, site, "COR", "IMA", band.parameters)
    return _ibis(
        site,
        "COR",
        "IMA",
        {
            **band.parameters,
            "OBS1_SearchMode": "3",
            "OBS1_ToSearch": "5",
            "OBS1_CleanMode": "1",
            "OBS1_MinCatSouSnr": "4",
            "OBS1_MinNewSouSnr": "5",
            "OBS1_NegModels": "1",
            "OBS1_DoPart2": "1",
            "OBS1_SouFit": "0",
        },
    )


def mosaic(instrument: OsaInstrument, site: OsaSettings, band: Band) -> OsaCommand:
    """The mosaic of images that the group has already (level IMA2)."""
    if instrument.number:
        return _jemx(instrument, site, "IMA2", "IMA2", band.parameters)
    return _ibis(
        site,
        "IMA2",
        "IMA2",
        {
            **band.parameters,
            "OBS1_SearchMode": "2",
            "OBS1_ToSearch": "500",
            "OBS1_CleanMode": "1",
            "OBS1_MinCatSouSnr": "6",
            "OBS1_MinNewSouSnr": "6",
            "OBS1_NegModels": "0",
            "OBS1_DoPart2": "2",
            "OBS1_SouFit": "0",
        },
    )


def j_rebin_rmf(instrument: OsaInstrument, site: OsaSettings) -> OsaCommand:
    """JEM-X's redistribution matrix in the channels of its spectra."""
    return OsaCommand(
        "j_rebin_rmf",
        {
            "ic_master": site.ic_group,
            "jemx_num": str(instrument.number),
            "binlist": JEMX_BIN_LIST,
            "outfile": f"{instrument.short}_rebinned_rmf.fits",
        },
        GROUP_FOLDER,
    )


def spectra(instrument: OsaInstrument, site: OsaSettings, sources: str) -> OsaCommand:
    """Spectra of the sources of a catalogue in single Science Windows (levels COR to SPE)."""
    if instrument.number:
        more = {
            "response": f"{instrument.short}_rebinned_rmf.fits",
            "nChanBins": JEMX_CHANNEL_POWER,
            "skipLevels": "LCR",
            "CAT_I_usrCat": sources,
        }
        return _jemx(instrument, site, "COR", "SPE", more)
    return _ibis(
        site,
        "COR",
        "SPE",
        {
            "SCW2_cat_for_extract": sources,
            "IBIS_SI_inEnergyValues": "",
            "IBIS_nregions_spe": "1",
            "IBIS_nbins_spe": SPECTRUM_BINS,
            "IBIS_energy_boundaries_spe": SPECTRUM_LIMITS,
        },
    )


def light_curves(
    instrument: OsaInstrument,
    site: OsaSettings,
    sources: str,
    band: Band,
    time_bin_s: float,
) -> OsaCommand:
    """Light curves of the sources of a catalogue in single Science Windows (to level LCR)."""
    if instrument.number:
        more = {
            **band.parameters,
            "skipLevels": "SPE",
            "LCR_timeStep": _number(time_bin_s),
            "CAT_I_usrCat": sources,
        }
        return _jemx(instrument, site, "COR", "LCR", more)
    return _ibis(
        site,
        "COR",
        "LCR",
        {
            **band.parameters,
            "SCW2_cat_for_extract": sources,
            "ILCR_delta_t": _number(time_bin_s),
            "ILCR_num_e": "1",
            "ILCR_e_min": _number(band.e_min_kev),
            "ILCR_e_max": _number(band.e_max_kev),
        },
    )


def ii_light(science_window: str, band: Band, time_bin_s: float) -> OsaCommand:
    """Light curves in short bins of one Science Window whose level SPE is done."""
    folder = f"scw/{science_window}"
    revolution = f"../../scw/{science_window[:4]}/rev.001/idx"
    return OsaCommand(
        "ii_light",
        {
            "inSwg": f"{folder}/swg_ibis.fits",
            "num_e": "1",
            "e_min": _number(band.e_min_kev),
            "e_max": _number(band.e_max_kev),
            "delta_t": _number(time_bin_s),
            "outLC": f"{folder}/isgri_lcr.fits(ISGR-SRC.-LCR-IDX.tpl)",
            "GTIname": "MERGED_ISGRI",
            "context": f"{revolution}/isgri_context_index.fits",
            "idxSwitch": f"{revolution}/isgri_pxlswtch_index.fits",
            "idxNoise": f"{revolution}/isgri_prp_noise_index.fits",
            "backDol": "rebinned_back_ima.fits",
            "corrDol": "rebinned_corr_ima.fits",
            "pifDOL": f"{folder}/isgri_pif.fits",
            "source_selectDol": "",
            "onlydet": "no",
        },
        GROUP_FOLDER,
    )


def src_collect(instrument: OsaInstrument) -> OsaCommand:
    """List the sources that the group's Science Windows have results of, in ``sources.fits``."""
    return OsaCommand(
        "src_collect",
        {
            "group": f"{instrument.group}[1]",
            "instName": instrument.short,
            "results": "sources.fits",
        },
        GROUP_FOLDER,
    )


def spe_pick(instrument: OsaInstrument, source: str, number: int) -> OsaCommand:
    """Sum a source's spectra over the group's Science Windows."""
    return OsaCommand(
        "spe_pick",
        {
            "group": f"{instrument.group}[1]",
            "source": source,
            "instrument": instrument.short,
            "sumname": f"source{number}",
            "single": "n",
        },
        GROUP_FOLDER,
    )


def lc_pick(instrument: OsaInstrument, source: str, number: int, band: Band) -> OsaCommand:
    """Join a source's light curves of the group's Science Windows."""
    return OsaCommand(
        "lc_pick",
        {
            "group": f"{instrument.group}[1]",
            "source": source,
            "instrument": instrument.short,
            "lc": f"source{number}_lc.fits",
            # JEM-X: every band that there is, since its limits are those of channels
            "emin": "" if instrument.number else _number(band.e_min_kev),
            "emax": "" if instrument.number else _number(band.e_max_kev),
        },
        GROUP_FOLDER,
    )


def _ibis(site: OsaSettings, start: str, end: str, more: Mapping[str, str]) -> OsaCommand:
    return OsaCommand(
        "ibis_science_analysis",
        {
            "ogDOL": "og_ibis.fits[1]",
            "startLevel": start,
            "endLevel": end,
            "CAT_refCat": f"{site.catalogue}[ISGRI_FLAG>0]",
            "IC_Group": site.ic_group,
            "IC_Alias": site.ic_alias,
            "SWITCH_disableIsgri": "no",
            "SWITCH_disablePICsIT": "yes",
            "SWITCH_disableCompton": "yes",
            "GENERAL_clobber": "yes",
            "chatter": "2",
            **more,
        },
        GROUP_FOLDER,
    )


def _jemx(
    instrument: OsaInstrument,
    site: OsaSettings,
    start: str,
    end: str,
    more: Mapping[str, str],
) -> OsaCommand:
    return OsaCommand(
        "jemx_science_analysis",
        {
            "ogDOL": f"{instrument.group}[1]",
            "jemxNum": str(instrument.number),
            "startLevel": start,
            "endLevel": end,
            "IC_Group": site.ic_group,
            "IC_Alias": site.ic_alias,
            "CAT_I_refCat": site.catalogue,
            "clobber": "yes",
            "chatter": "2",
            **more,
        },
        GROUP_FOLDER,
    )


def _number(value: float) -> str:
    return f"{value:g}"
