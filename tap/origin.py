"""Where a result comes from, and how to cite it.

DALI 1.2, section 4.4.4, and the names of the IVOA's note "Data Origin in the VO" 1.1, section 4.
"""

import re
from datetime import UTC, datetime

from django.conf import settings

from dali.tables import Info

#: ADS's: year, journal, volume, page and the author's initial, in 19 characters.
_BIBCODE = re.compile(r"\d{4}[A-Za-z0-9.&]{14}[A-Z.]")


def infos(query: str) -> tuple[Info, ...]:
    """What every result says of itself; what the operator hasn't set is left out."""
    citation = settings.VO_CITATION
    kind = "meta.bib.bibcode" if _BIBCODE.fullmatch(citation) else "meta.bib"
    told = (
        Info("QUERY", query),
        Info("SERVICE", f"{settings.SITE_URL}/tap"),
        Info("standardID", "ivo://ivoa.net/std/TAP"),
        Info("server_software", f"vo_server/{settings.VO_VERSION}"),
        Info("request_date", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")),
        Info("publisher", settings.VO_PUBLISHER),
        Info("contact", settings.VO_CONTACT),
        Info("citation", citation, "To be cited where these data are used", kind),
        Info("rights", settings.VO_RIGHTS),
        Info("rights_uri", settings.VO_RIGHTS_URI),
    )
    return tuple(info for info in told if info.value)
