"""The general reference catalogue of the archive, ``cat/hec/gnrl_refr_cat_NNNN.fits``.

Readers need `REQUIRED_COLUMNS` only. In the mission's file CLASS is a number; here, and where a
file says so by its format, it is a word. Rates are in the instruments' INTENSITY convention
(`instruments.isgri.EFFECTIVE_AREA_CM2`, `instruments.jemx.EFFECTIVE_AREA_CM2`).
"""

from instruments.fits_structure import FitsColumn, Keyword, TableStructure

#: ISGRI_FLAG: 0 not seen by ISGRI; from 1 a source to look for.
ISGRI_FLAG_UNSEEN = 0
ISGRI_FLAG_SEEN = 1
ISGRI_FLAG_BRIGHT = 2
ISGRI_FLAG_VERY_BRIGHT = 5
#: Bands of ISGR_FLUX_1 and ISGR_FLUX_2, keV.
ISGRI_FLUX_BANDS_KEV = ((20.0, 40.0), (40.0, 80.0))
#: JEMX_FLAG: 0 not seen by JEM-X; from 1 a source to look for.
JEMX_FLAG_UNSEEN = 0
JEMX_FLAG_SEEN = 1
#: Bands of JEMX_FLUX_1 and JEMX_FLUX_2, keV.
JEMX_FLUX_BANDS_KEV = ((3.0, 10.0), (10.0, 30.0))

REFERENCE_CATALOGUE = TableStructure(
    extension="GNRL-REFR-CAT",
    columns=(
        FitsColumn("SOURCE_ID", "16A", "Identifier of the source in this catalogue"),
        FitsColumn("DAY_ID", "1D", "When the source was entered, IJD", "d"),
        FitsColumn("NAME", "100A", "Common name"),
        FitsColumn("CLASS", "32A", "Class of the source"),
        FitsColumn("RA_OBJ", "1D", "Right ascension (ICRS)", "deg"),
        FitsColumn("DEC_OBJ", "1D", "Declination (ICRS)", "deg"),
        FitsColumn("ERR_RAD", "1E", "Error radius", "deg"),
        FitsColumn("SPA_MODL", "32A", "Spatial model"),
        FitsColumn("SPA_NPAR", "1I", "Number of parameters of the spatial model"),
        FitsColumn("SPA_PARS", "10E", "Parameters of the spatial model"),
        FitsColumn("SPE_MODL", "64A", "Spectral model, as XSPEC names it"),
        FitsColumn("SPE_NPAR", "1I", "Number of parameters of the spectral model"),
        FitsColumn("SPE_PARS", "10E", "Parameters of the spectral model"),
        FitsColumn("VAR_MODL", "32A", "Model of variability"),
        FitsColumn("VAR_NPAR", "1I", "Number of parameters of variability"),
        FitsColumn("VAR_PARS", "10E", "Parameters of variability"),
        FitsColumn("SPI_FLUX_1", "1E", "SPI flux, soft band; NaN: unknown", "ph/cm**2/s"),
        FitsColumn("SPI_FLUX_2", "1E", "SPI flux, hard band; NaN: unknown", "ph/cm**2/s"),
        FitsColumn("ISGR_FLUX_1", "1E", "ISGRI rate 20-40 keV", "count/s"),
        FitsColumn("ISGR_FLUX_2", "1E", "ISGRI rate 40-80 keV", "count/s"),
        FitsColumn("PICS_FLUX_1", "1E", "PICsIT rate, soft band; NaN: unknown", "count/s"),
        FitsColumn("PICS_FLUX_2", "1E", "PICsIT rate, hard band; NaN: unknown", "count/s"),
        FitsColumn("JEMX_FLUX_1", "1E", "JEM-X rate 3-10 keV; NaN: unknown", "count/s"),
        FitsColumn("JEMX_FLUX_2", "1E", "JEM-X rate 10-30 keV; NaN: unknown", "count/s"),
        FitsColumn("E_MIN", "1E", "Lower energy of FLUX", "keV"),
        FitsColumn("E_MAX", "1E", "Upper energy of FLUX", "keV"),
        FitsColumn("FLUX", "1E", "Photon flux from E_MIN to E_MAX", "ph/cm**2/s"),
        FitsColumn("FLUX_ERR", "1E", "Error of FLUX", "ph/cm**2/s"),
        FitsColumn("SEL_FLAG", "1I", "Selection flag"),
        FitsColumn("FLAG", "1I", "General flag"),
        FitsColumn("ISGRI_FLAG", "1I", "0: unseen; 1, 2, 5: ever brighter for ISGRI"),
        FitsColumn("JEMX_FLAG", "1I", "0: unseen; from 1: to be looked for by JEM-X"),
    ),
    keywords=(
        Keyword("DATE", str, "When this file was made, UTC", required=False),
        Keyword("ORIGIN", str, "Who made this file", required=False),
    ),
)

REQUIRED_COLUMNS = ("SOURCE_ID", "NAME", "RA_OBJ", "DEC_OBJ", "ERR_RAD", "ISGRI_FLAG")
