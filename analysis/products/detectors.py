"""How files name INTEGRAL's detectors, and the extensions that hold their products."""

from dataclasses import dataclass

from astropy.io import fits

from analysis.products.fits_files import Card


@dataclass(frozen=True, slots=True)
class Detector:
    """Names of a detector.

    name: INSTRUME. layer: DETNAM, where the instrument has several detectors. obscore_name:
    ``instrument_name`` in ObsCore. spectrum_extension, light_curve_extension: EXTNAME of its
    products; empty where it gives none. fit_range_kev: energies in which its spectra are fitted
    unless told otherwise.
    """

    name: str
    layer: str
    obscore_name: str
    spectrum_extension: str
    light_curve_extension: str
    fit_range_kev: tuple[float, float] | None = None

    def cards(self) -> list[Card]:
        """TELESCOP, INSTRUME and, where the instrument has several detectors, DETNAM."""
        cards: list[Card] = [
            ("TELESCOP", "INTEGRAL", "Telescope or mission name"),
            ("INSTRUME", self.name, "Instrument name"),
        ]
        if self.layer:
            cards.append(("DETNAM", self.layer, "Name of the detector layer"))
        return cards


#: Below 30 keV the mission's response of ISGRI is not to be relied upon: left out by default.
ISGRI = Detector("IBIS", "ISGRI", "IBIS/ISGRI", "ISGR-EVTS-SPE", "ISGR-SRC.-LCR", (30.0, 300.0))
JEMX_1 = Detector("JMX1", "", "JEM-X 1", "JMX1-PHA1-SPE", "JMX1-SRC.-LCR", (5.0, 20.0))
JEMX_2 = Detector("JMX2", "", "JEM-X 2", "JMX2-PHA1-SPE", "JMX2-SRC.-LCR", (5.0, 20.0))
SPI_ACS = Detector("SPI-ACS", "", "SPI-ACS", "", "RATE")
DETECTORS = (ISGRI, JEMX_1, JEMX_2, SPI_ACS)


def detector_in(header: fits.Header) -> Detector | None:
    """The detector that a header names by INSTRUME, if it is one of `DETECTORS`."""
    name = str(header.get("INSTRUME", "")).strip()
    return next((detector for detector in DETECTORS if detector.name == name), None)
