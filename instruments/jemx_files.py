"""JEM-X's files of a Science Window: ``jmx1_events.fits.gz`` and ``jmx2_events.fits.gz``.

Names of files and extensions, STATUS and DETX, DETY are the mission's (OSA user manual, corrected
event data); the choice of columns and the header's keywords are ours. Times are IJD (TT), see
`instruments.time`.
"""

from functools import cache

from instruments.fits_structure import FitsColumn, Keyword, TableStructure
from instruments.isgri_files import SCIENCE_WINDOW_KEYWORDS
from instruments.jemx import UNITS

#: Optional keyword of the events: resolution (FWHM) at 10 keV as a fraction of the energy.
RESOLUTION_KEYWORD = "ERESFWHM"


def event_file(unit: int) -> str:
    """Name of the event file of JEM-X 1 or 2."""
    return f"jmx{_unit(unit)}_events.fits.gz"


@cache
def events(unit: int) -> TableStructure:
    """The table of events of JEM-X 1 or 2."""
    return TableStructure(
        extension=f"JMX{_unit(unit)}-FULL-ALL",
        columns=(
            FitsColumn("TIME", "1D", "Time of the event, IJD (TT)", "d"),
            FitsColumn("PI", "1I", "Channel of the corrected energy, 0..255"),
            FitsColumn("DETX", "1E", "Place along X, from the detector's centre", "mm"),
            FitsColumn("DETY", "1E", "Place along Y, from the detector's centre", "mm"),
            FitsColumn("STATUS", "1I", "0: good for all purposes"),
        ),
        keywords=(
            *SCIENCE_WINDOW_KEYWORDS,
            Keyword("INSTRUME", str, "Instrument name", required=False),
            Keyword("ONTIME", float, "Sum of the good time intervals", "s"),
            Keyword("LIVETIME", float, "ONTIME without dead time", "s"),
            Keyword(RESOLUTION_KEYWORD, float, "FWHM at 10 keV, relative", required=False),
        ),
    )


@cache
def good_time_intervals(unit: int) -> TableStructure:
    """The table of good times of JEM-X 1 or 2: their union counts."""
    return TableStructure(
        extension=f"JMX{_unit(unit)}-GNRL-GTI",
        columns=(
            FitsColumn("START", "1D", "Start of a good time interval, IJD (TT)", "d"),
            FitsColumn("STOP", "1D", "End of a good time interval, IJD (TT)", "d"),
        ),
    )


def _unit(unit: int) -> int:
    if unit not in UNITS:
        raise ValueError(f"There is no JEM-X {unit}.")
    return unit
