"""What roles and parameters of steps mean: one word means one thing in every engine.

A step's declaration picks from here; a site's own engine may do so too, or make its own `Role` and
`KindOfParameter`. These two are given on, so that a module of steps imports nothing of provenance,
which would count among the software that its results come from. Types of uses: ProvenanceDM 1.0,
table 16.
"""

from collections.abc import Mapping

from provenance.descriptions import KindOfParameter, Role

__all__ = [
    "BAND",
    "CALIBRATION",
    "EVENT_FILES",
    "GRID",
    "MAIN",
    "MANY",
    "MAYBE",
    "ONE",
    "SETUP",
    "KindOfParameter",
    "Role",
    "known_parameters",
    "takes",
]

#: One, one or none, one or more: how many entities have a role.
ONE, MAYBE, MANY = "1", "0..1", "1..*"
MAIN, CALIBRATION, SETUP = "Main", "Calibration", "Setup"

EVENT_FILES = ("isgri_events", "jmx1_events", "jmx2_events")
BAND = ("e_min_kev", "e_max_kev")
GRID = ("start_ijd", "stop_ijd", "time_bin_s")

#: What the entities are to a step, in words, and the type of their use.
_ROLES: Mapping[str, tuple[str, str]] = {
    "events": ("Events, with the times when they count", MAIN),
    "rates": ("Count rates of one Science Window", MAIN),
    "catalogue": ("Names and positions of known sources", SETUP),
    "shadowgram": ("Counts by pixels of the detector", MAIN),
    "sky_image": ("Images of single Science Windows", MAIN),
    "image": ("Images of single Science Windows", MAIN),
    "mosaic": ("The images of all Science Windows, joined", MAIN),
    "sources": ("The list of sources that an image shows", MAIN),
    "spectra": ("Spectra of single Science Windows", MAIN),
    "light_curves": ("Light curves of single Science Windows", MAIN),
    "bins": ("Counts of single Science Windows, in bins of time", MAIN),
    "light_curve": ("The light curve that is drawn", MAIN),
    "spectrum": ("The spectrum that is fitted", MAIN),
    "rmf": ("The redistribution matrix of the spectrum", CALIBRATION),
    "arf": ("The ancillary response of the spectrum", CALIBRATION),
    "fit": ("The fit that is drawn", MAIN),
}

_PARAMETERS: Mapping[str, KindOfParameter] = {
    p.name: p
    for p in (
        KindOfParameter("instrument", ucd="meta.id;instr", description="The instrument"),
        KindOfParameter("scw", ucd="meta.id;obs", description="The Science Window"),
        KindOfParameter("windows", ucd="meta.id;obs", description="The Science Windows, in order"),
        KindOfParameter(
            "e_min_kev", "double", "keV", "em.energy;stat.min", description="Begin of the band"
        ),
        KindOfParameter(
            "e_max_kev", "double", "keV", "em.energy;stat.max", description="End of the band"
        ),
        KindOfParameter(
            "time_bin_s", "double", "s", "time.interval", min="0", description="Length of a bin"
        ),
        KindOfParameter("start_ijd", "double", "d", "time.start", description="Begin, IJD (TT)"),
        KindOfParameter("stop_ijd", "double", "d", "time.end", description="End, IJD (TT)"),
        KindOfParameter("threshold", "double", ucd="stat.snr", min="0",
                        description="Least significance of a source that is cleaned of"),
        KindOfParameter("detection_threshold", "double", ucd="stat.snr", min="0",
                        description="Least significance of a source that is drawn"),
        KindOfParameter("selected", ucd="meta.record;src",
                        description="The user's own sources, instead of the catalogue's"),
        KindOfParameter("selected_positions", "double", "deg", "pos.eq",
                        description="Their right ascensions and declinations in turn, ICRS"),
        KindOfParameter("wanted", ucd="meta.record;src",
                        description="Sources that are extracted in any case"),
        KindOfParameter("wanted_positions", "double", "deg", "pos.eq",
                        description="Their right ascensions and declinations in turn, ICRS"),
        KindOfParameter("sources", ucd="meta.record;src",
                        description="Sources that are modelled, with their positions"),
        KindOfParameter("model", ucd="meta.id;meta.modelled",
                        description="The model that is fitted"),
        KindOfParameter("title", ucd="meta.title", description="What stands above a picture"),
        KindOfParameter("notice", ucd="meta.note", description="What stands below a picture"),
    )
}  # fmt: skip


def takes(role: str, multiplicity: str, *entities: str) -> Role:
    """How many entities a step takes in one role, and of which kinds; raises `KeyError`."""
    return Role(role, *_ROLES[role], multiplicity, entities)


def known_parameters(*names: str) -> tuple[KindOfParameter, ...]:
    """The parameters that these words mean; raises `KeyError`."""
    return tuple(_PARAMETERS[name] for name in names)
