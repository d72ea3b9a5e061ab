"""SPI-ACS: the count rate of SPI's anticoincidence shield, and its file of a Science Window.

The shield of 91 BGO crystals sees gamma rays from nearly the whole sky. The mission sends one
number every 50 ms: counts of all crystals together; neither energies nor directions are known.
The published products built of it (`spi_acs_lc` of the INTEGRAL Online Data Analysis) are count
rates; the mission's own file of these counts is not documented publicly, so name and structure of
``spi_acs_rates.fits.gz`` are ours. Times are IJD (TT) at the spacecraft, see `instruments.time`.
"""

from instruments.fits_structure import FitsColumn, Keyword, TableStructure
from instruments.isgri_files import SCIENCE_WINDOW_KEYWORDS

#: Length of the bins that the counts come in.
TIME_BIN_S = 0.05
#: About where the shield is sensitive, keV; its threshold differs from crystal to crystal.
ENERGY_MIN_KEV = 80.0
ENERGY_MAX_KEV = 10_000.0

RATE_FILE = "spi_acs_rates.fits.gz"
#: INSTRUME of the products.
INSTRUMENT = "SPI-ACS"

#: A row per bin, in order of time. Bins that were lost have no row. Counts are as they came: no
#: dead time is taken off.
RATES = TableStructure(
    extension="SPI.-ACS.-RATE",
    columns=(
        FitsColumn("TIME", "1D", "Middle of the bin, IJD (TT)", "d"),
        FitsColumn("COUNTS", "1J", "Counts of the whole shield in the bin", "count"),
    ),
    keywords=(
        *SCIENCE_WINDOW_KEYWORDS,
        Keyword("INSTRUME", str, "Instrument name", required=False),
        Keyword("TIMEDEL", float, "Length of a bin", "s"),
    ),
)
