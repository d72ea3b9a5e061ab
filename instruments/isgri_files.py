"""Files of a Science Window as far as ISGRI needs them: ``swg.fits`` and ``isgri_events.fits.gz``.

Simulator, ingest and analysis write and read by these values. Times are IJD (TT), see
`instruments.time`; the axes' meaning stands in `instruments.frame`, the pixels' in
`instruments.isgri`.
"""

from instruments.fits_structure import FitsColumn, Keyword, TableStructure
from instruments.science_window import ScienceWindowKind

SCIENCE_WINDOW_FILE = "swg.fits"
EVENT_FILE = "isgri_events.fits.gz"

#: The values of keyword PS.
PUBLIC = "public"
PRIVATE = "private"

#: Optional image extension of the detector's cells (`instruments.isgri.detector_image`): state of
#: each, 0 (off or noisy) to 1, dead time excluded. Without it, it is found from the counts.
PIXEL_EFFICIENCY_EXTENSION = "ISGR-EFFI-SHD"
#: Optional keyword of the events: energy resolution (FWHM) as a fraction of the energy.
RESOLUTION_KEYWORD = "ERESFWHM"

#: Who is this Science Window; in the headers of both files.
SCIENCE_WINDOW_KEYWORDS = (
    Keyword("TELESCOP", str, "Telescope or mission name", allowed=("INTEGRAL",)),
    Keyword("SWID", str, "Science Window identifier, 12 digits"),
    Keyword("REVOL", int, "Revolution number"),
    Keyword(
        "SW_TYPE",
        str,
        "Type of the Science Window",
        allowed=tuple(kind.name for kind in ScienceWindowKind),
    ),
    Keyword("SWBOUND", str, "Reason for Science Window ending", required=False),
    Keyword("TSTART", float, "Start of the Science Window, IJD (TT)", "d"),
    Keyword("TSTOP", float, "End of the Science Window, IJD (TT)", "d"),
    Keyword("TELAPSE", float, "Elapsed time", "s", required=False),
    Keyword("RA_SCX", float, "Right ascension of the pointing, X (ICRS)", "deg"),
    Keyword("DEC_SCX", float, "Declination of axis X (ICRS)", "deg"),
    Keyword("RA_SCZ", float, "Right ascension of axis Z (ICRS)", "deg"),
    Keyword("DEC_SCZ", float, "Declination of axis Z (ICRS)", "deg"),
    Keyword("OBS_ID", str, "Observation, AATPPPPOOOO", required=False),
    Keyword("OBS_TYPE", str, "Type of the observation", required=False),
    Keyword("EXPID", str, "Exposure identifier", required=False),
    Keyword("OBJECT", str, "Target of the observation", required=False),
    Keyword("PS", str, "Data rights", required=False, allowed=(PUBLIC, PRIVATE)),
    Keyword("DATE", str, "When this file was made, UTC", required=False),
    Keyword("ORIGIN", str, "Who made this file", required=False),
)

#: How to read the times; the same in every file, so a reader need not find them.
TIME_KEYWORDS = (
    Keyword("MJDREF", float, "Modified Julian Date of IJD 0", "d", required=False),
    Keyword("TIMESYS", str, "Time scale", required=False, allowed=("TT",)),
    Keyword("TIMEUNIT", str, "Unit of TSTART, TSTOP, TIME", required=False, allowed=("d",)),
)

#: Columns of a FITS grouping table (the convention of Jennings et al. 1995).
SCIENCE_WINDOW_GROUP = TableStructure(
    extension="GNRL-SCWG-GRP",
    columns=(
        FitsColumn("MEMBER_XTENSION", "8A", "Kind of the member's extension"),
        FitsColumn("MEMBER_NAME", "32A", "EXTNAME of the member"),
        FitsColumn("MEMBER_VERSION", "1J", "EXTVER of the member"),
        FitsColumn("MEMBER_POSITION", "1J", "Position of the member in its file, from 1"),
        FitsColumn("MEMBER_LOCATION", "256A", "File of the member, relative to this file"),
        FitsColumn("MEMBER_URI_TYPE", "3A", "Kind of the location"),
    ),
    keywords=SCIENCE_WINDOW_KEYWORDS,
)

EVENTS = TableStructure(
    extension="ISGR-EVTS-ALL",
    columns=(
        FitsColumn("TIME", "1D", "Time of the event, IJD (TT)", "d"),
        FitsColumn("ISGRI_ENERGY", "1E", "Measured energy", "keV"),
        FitsColumn("DETY", "1I", "Cell along Y, 0..129"),
        FitsColumn("DETZ", "1I", "Cell along Z, 0..133"),
        FitsColumn("RISE_TIME", "1B", "Rise time of the pulse; 16..116 is used"),
        FitsColumn("SELECT_FLAG", "1B", "0: good"),
    ),
    keywords=(
        *SCIENCE_WINDOW_KEYWORDS,
        Keyword("ONTIME", float, "Sum of the good time intervals", "s"),
        Keyword("LIVETIME", float, "ONTIME without dead time", "s"),
        Keyword(RESOLUTION_KEYWORD, float, "FWHM of the energy, relative", required=False),
    ),
)

#: The good time is the union of these intervals.
GOOD_TIME_INTERVALS = TableStructure(
    extension="IBIS-GNRL-GTI",
    columns=(
        FitsColumn("START", "1D", "Start of a good time interval, IJD (TT)", "d"),
        FitsColumn("STOP", "1D", "End of a good time interval, IJD (TT)", "d"),
    ),
)
