"""What provenance says of the steps of analyses: what each takes in, in which role, and is set to.

One word means one thing in every engine: roles and parameters are told once, by their names; of
each step stands here only which of the roles it has, and what kind of work it is (both in the
terms of ProvenanceDM 1.0, tables 12 and 16).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from analysis.steps import StepKind
from provenance.descriptions import KindOfConfigFile, KindOfParameter, Role

#: One, one or none, one or more: how many entities have a role.
ONE, MAYBE, MANY = "1", "0..1", "1..*"

MAIN, CALIBRATION, SETUP = "Main", "Calibration", "Setup"
PREVIEW, QUALITY = "Preview", "Quality"


@dataclass(frozen=True, slots=True)
class Takes:
    """How many entities a step takes in one role, and which kinds of them."""

    role: str
    multiplicity: str
    entities: tuple[str, ...]


_EVENT_FILES = ("isgri_events", "jmx1_events", "jmx2_events")
_CATALOGUE = Takes("catalogue", MAYBE, ("reference_catalogue",))


def _sources(kind: str) -> Takes:
    return Takes("sources", MAYBE, (kind,))


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


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a step.

    work: its kind of work. takes: its inputs. parameters: names, those of every step apart.
    """

    work: str
    takes: tuple[Takes, ...]
    parameters: tuple[str, ...] = ()


_BAND = ("e_min_kev", "e_max_kev")
_GRID = ("start_ijd", "stop_ijd", "time_bin_s")
_DRAWN = ("title", "notice", "detection_threshold")
_OSA_SELECTED = ("selected", "selected_positions")
_OSA_WANTED = ("wanted", "wanted_positions")

_STEPS: Mapping[str, _Told] = {
    "events": _Told("Selection", (Takes("events", ONE, _EVENT_FILES),), ("instrument", "scw")),
    "shadowgram": _Told("Reduction", (Takes("events", ONE, ("events",)),), ("instrument", *_BAND)),
    "sky_image": _Told(
        "Reconstruction",
        (Takes("shadowgram", ONE, ("shadowgram",)), _CATALOGUE),
        ("instrument", "selected"),
    ),
    "mosaic": _Told("Reduction", (Takes("image", MANY, ("sky_image", "clean")),), ("instrument",)),
    "mosaic_sources": _Told(
        "Analysis",
        (
            Takes("mosaic", ONE, ("mosaic",)),
            Takes("sky_image", MANY, ("sky_image",)),
            Takes("shadowgram", MANY, ("shadowgram",)),
            _CATALOGUE,
        ),
        ("instrument", "selected", "threshold"),
    ),
    "source_lists": _Told("Selection", (Takes("sky_image", MANY, ("sky_image",)),)),
    "clean": _Told(
        "Reconstruction",
        (Takes("shadowgram", ONE, ("shadowgram",)),),
        ("instrument", "sources"),
    ),
    "preview": _Told(
        "Analysis", (Takes("mosaic", ONE, ("mosaic",)), _sources("mosaic_sources")), _DRAWN
    ),
    "spectra": _Told(
        "Reconstruction",
        (Takes("events", ONE, ("events",)),),
        ("instrument", "sources"),
    ),
    "spectra_sum": _Told(
        "Reduction",
        (Takes("spectra", MANY, ("spectra",)), _sources("mosaic_sources")),
        ("instrument", "wanted"),
    ),
    "light_curves": _Told(
        "Reconstruction",
        (Takes("events", ONE, ("events",)),),
        ("instrument", "sources", *_BAND, "time_bin_s"),
    ),
    "light_curves_joined": _Told(
        "Reduction",
        (Takes("light_curves", MANY, ("light_curves",)), _sources("mosaic_sources")),
        ("instrument", "wanted"),
    ),
    "osa_image": _Told(
        "Reconstruction",
        (Takes("events", ONE, _EVENT_FILES), _CATALOGUE),
        ("scw", "instrument", *_BAND, *_OSA_SELECTED),
    ),
    "osa_mosaic": _Told(
        "Reduction",
        (Takes("image", MANY, ("osa_image",)), _CATALOGUE),
        ("windows", "instrument", *_BAND, *_OSA_SELECTED),
    ),
    "osa_sources": _Told("Analysis", (Takes("mosaic", ONE, ("osa_mosaic",)),)),
    "osa_source_lists": _Told("Selection", (Takes("image", MANY, ("osa_image",)),)),
    "osa_preview": _Told(
        "Analysis", (Takes("mosaic", ONE, ("osa_mosaic",)), _sources("osa_sources")), _DRAWN
    ),
    "osa_spectra": _Told(
        "Reconstruction",
        (Takes("events", ONE, _EVENT_FILES), _CATALOGUE, _sources("osa_sources")),
        ("scw", "instrument", *_OSA_WANTED),
    ),
    "osa_spectra_sum": _Told(
        "Reduction",
        (Takes("spectra", MANY, ("osa_spectra",)),),
        ("windows", "instrument", *_OSA_WANTED),
    ),
    "osa_light_curves": _Told(
        "Reconstruction",
        (Takes("events", ONE, _EVENT_FILES), _CATALOGUE, _sources("osa_sources")),
        ("scw", "instrument", *_OSA_WANTED, *_BAND, "time_bin_s"),
    ),
    "osa_light_curves_join": _Told(
        "Reduction",
        (Takes("light_curves", MANY, ("osa_light_curves",)),),
        ("windows", "instrument", *_OSA_WANTED, *_BAND),
    ),
    "spectral_fit": _Told(
        "Analysis",
        (
            Takes("spectrum", ONE, ("spectrum",)),
            Takes("rmf", ONE, ("rmf",)),
            Takes("arf", MAYBE, ("arf",)),
        ),
        ("model", *_BAND),
    ),
    "spectral_fit_picture": _Told(
        "Analysis", (Takes("fit", ONE, ("spectral_fit",)),), ("title", "notice")
    ),
    "spi_acs_bins": _Told("Reduction", (Takes("rates", ONE, ("spi_acs_rates",)),), ("scw", *_GRID)),
    "spi_acs_light_curve": _Told("Reduction", (Takes("bins", MANY, ("spi_acs_bins",)),)),
    "spi_acs_picture": _Told(
        "Analysis", (Takes("light_curve", ONE, ("spi_acs_light_curve",)),), ("notice", *_GRID)
    ),
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

_OSA_ANALYSES = ("ibis_science_analysis", "jemx_science_analysis")
#: The executables of OSA's steps, each of which has its file of settings.
_OSA_FILES: Mapping[str, tuple[str, ...]] = {
    "osa_image": ("og_create", *_OSA_ANALYSES),
    "osa_mosaic": ("og_create", *_OSA_ANALYSES),
    "osa_spectra": ("og_create", "j_rebin_rmf", *_OSA_ANALYSES),
    "osa_spectra_sum": ("og_create", "src_collect", "spe_pick"),
    "osa_light_curves": ("og_create", *_OSA_ANALYSES, "ii_light"),
    "osa_light_curves_join": ("og_create", "src_collect", "lc_pick"),
}

#: The steps whose results each job type's products are taken from.
_OF_IMAGES = (
    "mosaic", "mosaic_sources", "source_lists", "preview",
    "osa_mosaic", "osa_sources", "osa_source_lists", "osa_preview",
)  # fmt: skip
_OF_SPECTRA = ("spectra_sum", "osa_spectra_sum")
_OF_LIGHT_CURVES = ("light_curves_joined", "osa_light_curves_join")
_OF_JOBS: Mapping[str, tuple[str, ...]] = {
    "isgri_image": _OF_IMAGES,
    "jemx_image": _OF_IMAGES,
    "isgri_spectrum": _OF_SPECTRA,
    "jemx_spectrum": _OF_SPECTRA,
    "isgri_lc": _OF_LIGHT_CURVES,
    "jemx_lc": _OF_LIGHT_CURVES,
    "spi_acs_lc": ("spi_acs_light_curve", "spi_acs_picture"),
    "spectral_fit": ("spectral_fit", "spectral_fit_picture"),
}

_ALWAYS = (
    KindOfParameter("engine", ucd="meta.id;meta.software", description="What computed"),
    KindOfParameter(
        "software_digest",
        ucd="meta.checksum",
        description="Digest of the software that the step consists of",
    ),
)


def work_of(kind: StepKind) -> str | None:
    """The kind of work that a step is; ``None`` where nothing is told of it here."""
    told = _STEPS.get(kind.name)
    return told.work if told else None


def usages_of(kind: StepKind) -> tuple[Role, ...]:
    """The roles in which a step takes entities in."""
    told = _STEPS.get(kind.name)
    return tuple(
        Role(takes.role, *_ROLES[takes.role], takes.multiplicity, takes.entities)
        for takes in (told.takes if told else ())
    )


def parameters_of(kind: StepKind) -> tuple[KindOfParameter, ...]:
    """The parameters that a step may have.

    Steps that nothing is told of here (a site's own engine) have the units that they declare.
    """
    told = _STEPS.get(kind.name)
    if told is None:
        own = (KindOfParameter(name, "double", unit) for name, unit in kind.units.items())
        return (*own, *_ALWAYS)
    return (*(_PARAMETERS[name] for name in told.parameters), *_ALWAYS)


def usages_of_job(name: str, kinds: Iterable[StepKind]) -> tuple[Role, ...]:
    """The roles in which a job takes in results of steps; ``kinds``: all that there are."""
    known = {kind.name: kind for kind in kinds}
    return tuple(
        Role(step, known[step].description, MAIN, MAYBE, (step,))
        for step in _OF_JOBS.get(name, ())
        if step in known
    )


def config_files_of(kind: StepKind) -> tuple[KindOfConfigFile, ...]:
    """The files of settings that a step may read: those of OSA's executables."""
    return tuple(
        KindOfConfigFile(f"{name}.par", "text/plain", f"Values of the parameters of {name}")
        for name in _OSA_FILES.get(kind.name, ())
    )
