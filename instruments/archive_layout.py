"""Where things lie below the root of an archive of INTEGRAL data.

Folders of Science Windows come from `ScienceWindowId.folder`. ``obs/observations.fits`` is this
project's own and optional: an archive without it is complete. Then proposal, title and principal
investigator are unknown, and data become public one year after they were taken unless keyword PS
of ``swg.fits`` says that they are public already.
"""

from pathlib import PurePosixPath

from instruments.fits_structure import FitsColumn, Keyword, TableStructure

#: Folders of Science Windows: ``scw/RRRR/RRRRPPPPSSSF.VVV``.
SCIENCE_WINDOWS = PurePosixPath("scw")
#: Reference catalogues; of several, the one with the highest number counts.
CATALOGUES = PurePosixPath("cat/hec")
CATALOGUE_PATTERN = "gnrl_refr_cat_[0-9][0-9][0-9][0-9].fits"
REFERENCE_CATALOGUE_FILE = CATALOGUES / "gnrl_refr_cat_0043.fits"
#: What is known of observations beyond the keywords of their Science Windows.
OBSERVATIONS_FILE = PurePosixPath("obs/observations.fits")
#: Keyword ORIGIN of files whose photons are simulated; nothing of them was observed.
SIMULATION_ORIGIN = "vo_server simulator"
#: How long data stay with their proposer where nothing else is said.
PROPRIETARY_YEARS = 1

#: A row per observation; OBS_ID is that keyword of its Science Windows. An empty RELEASE says
#: nothing, and the rule above holds. PS is of the whole observation, as in its Science Windows.
OBSERVATIONS = TableStructure(
    extension="OBSERVATIONS",
    columns=(
        FitsColumn("OBS_ID", "11A", "Observation, AATPPPPOOOO"),
        FitsColumn("PROP_ID", "7A", "Proposal, AATPPPP: announcement, type, number"),
        FitsColumn("TITLE", "120A", "Title of the proposal"),
        FitsColumn("PI_NAME", "60A", "Principal investigator"),
        FitsColumn("OBS_TYPE", "16A", "Type of the observation"),
        FitsColumn("OBJECT", "60A", "Target"),
        FitsColumn("RA_OBJ", "1D", "Right ascension of the target (ICRS)", "deg"),
        FitsColumn("DEC_OBJ", "1D", "Declination of the target (ICRS)", "deg"),
        FitsColumn("RELEASE", "10A", "Public from this UTC day on, YYYY-MM-DD"),
        FitsColumn("PS", "8A", "Data rights: public or private"),
        FitsColumn("REMARK", "240A", "What else to know, in a sentence"),
    ),
    keywords=(
        Keyword("DATE", str, "When this file was made, UTC", required=False),
        Keyword("ORIGIN", str, "Who made this file", required=False),
    ),
)
