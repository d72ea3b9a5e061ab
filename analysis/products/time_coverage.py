"""When a product's photons came: the times that every header of the mission states."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from astropy.io import fits

from analysis.products.fits_files import Card
from analysis.products.fits_reading import keyword_number, keyword_text
from instruments.time import IJD_ORIGIN_MJD, SECONDS_PER_DAY

#: IJD 0 in TT, the scale of TIMESYS.
IJD_ORIGIN_DATE = datetime(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class TimeCoverage:
    """First and last good time, IJD (TT); good time; good time without dead time, seconds."""

    t_start_ijd: float
    t_stop_ijd: float
    ontime_s: float
    livetime_s: float

    def cards(self) -> list[Card]:
        """The keywords of an extension; all times are IJD (TT), DATE-OBS and DATE-END TT."""
        elapsed_s = (self.t_stop_ijd - self.t_start_ijd) * SECONDS_PER_DAY
        return [
            *frame_cards(),
            # DATEREF, MJD-OBS, MJD-END: or else readers work them out and warn that they did
            ("DATE-OBS", _date(self.t_start_ijd), "Start of the good time, TT"),
            ("DATE-END", _date(self.t_stop_ijd), "End of the good time, TT"),
            ("MJD-OBS", IJD_ORIGIN_MJD + self.t_start_ijd, "[d] DATE-OBS as MJD"),
            ("MJD-END", IJD_ORIGIN_MJD + self.t_stop_ijd, "[d] DATE-END as MJD"),
            ("TSTART", self.t_start_ijd, "[d] Start of the good time, IJD"),
            ("TSTOP", self.t_stop_ijd, "[d] End of the good time, IJD"),
            ("TFIRST", self.t_start_ijd, "[d] Start of the good time, IJD"),
            ("TLAST", self.t_stop_ijd, "[d] End of the good time, IJD"),
            ("TELAPSE", elapsed_s, "[s] From start to end"),
            ("ONTIME", self.ontime_s, "[s] Sum of good time intervals"),
            ("DEADC", self.livetime_s / self.ontime_s, "Dead-time correction factor"),
            ("EXPOSURE", self.livetime_s, "[s] Good time without dead time"),
        ]

    @classmethod
    def of(cls, path: Path, hdu: fits.BinTableHDU) -> "TimeCoverage":
        """What an extension states; raises `analysis.products.fits_reading.ProductFileError`.

        Seconds are what ONTIME and TELAPSE hold, except in light curves merged by the mission's
        service, where both are in days; there TELAPSE is TSTOP minus TSTART. Files with times in
        seconds (TIMEUNIT) have TSTART and TSTOP since MJDREF in them.
        """
        per_day = SECONDS_PER_DAY if keyword_text(hdu, "TIMEUNIT") == "s" else 1.0
        start = keyword_number(path, hdu, "TSTART") / per_day
        stop = keyword_number(path, hdu, "TSTOP") / per_day
        elapsed_s = (stop - start) * SECONDS_PER_DAY
        ontime = keyword_number(path, hdu, "ONTIME", elapsed_s)
        telapse = keyword_number(path, hdu, "TELAPSE", elapsed_s)
        if math.isclose(telapse, stop - start, rel_tol=1e-6):
            ontime *= SECONDS_PER_DAY
        live = keyword_number(path, hdu, "DEADC", 1.0)
        return cls(start, stop, ontime, keyword_number(path, hdu, "EXPOSURE", ontime * live))


def frame_cards() -> list[Card]:
    """What the times of a file mean: days since IJD 0, TT."""
    return [
        ("MJDREF", IJD_ORIGIN_MJD, "[d] Modified Julian Date of time origin"),
        ("DATEREF", "2000-01-01", "MJDREF as a date"),
        ("TIMESYS", "TT", "Time scale"),
        ("TIMEUNIT", "d", "Time unit"),
        ("TIMEREF", "LOCAL", "Time reference frame"),
    ]


def _date(ijd: float) -> str:
    # TT knows no leap seconds, so that days may be counted
    return (IJD_ORIGIN_DATE + timedelta(days=ijd)).isoformat(timespec="seconds")
