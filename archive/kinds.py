"""What the files of a Science Window are called as products, by instrument."""

from instruments.jemx import UNITS

#: ISGRI's event list.
EVENT_KIND = "isgri_events"
#: JEM-X's event lists, by unit.
JEMX_KINDS = {unit: f"jmx{unit}_events" for unit in UNITS}
#: Count rates of SPI-ACS.
SPI_ACS_KIND = "spi_acs_rates"
