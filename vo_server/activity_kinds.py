"""Job types and steps as kinds of activities: what the provenance says that they do.

Jobs know nothing of provenance, nor provenance of jobs: their declarations meet here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings

from analysis.engines.registry import installed_engines
from analysis.step_vocabulary import MAIN, MANY, MAYBE, ONE
from analysis.steps import ConfigFile, StepKind
from provenance.descriptions import (
    KindOfActivity,
    KindOfConfigFile,
    KindOfEntity,
    KindOfParameter,
    Role,
)
from provenance.numbered import without_number
from uws.parameters import ParameterDescription, describe
from uws.types import FileDescription, JobType

_PREVIEW, _QUALITY = "Preview", "Quality"

#: What the graph says of every step, beside the parameters that it was planned with.
_OF_EVERY_STEP = (
    KindOfParameter("engine", ucd="meta.id;meta.software", description="What computed"),
    KindOfParameter(
        "software_digest",
        ucd="meta.checksum",
        description="Digest of the software that the step consists of",
    ),
)

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

#: What jobs say of themselves, beside the parameters that they were sent.
_SAID_BY_JOBS = (
    KindOfParameter(
        "selection_seed",
        "long",
        description="What chose among more Science Windows than were asked for",
    ),
)
#: What jobs find that is no file.
_VALUES = {
    "reproduce": (
        KindOfEntity(
            "identical",
            "Whether what was made again is what was published, but for dates and ids",
            type="value",
            value_type="boolean",
            ucd="meta.code.qual",
        ),
    )
}


def kinds_of_jobs(job_types: Iterable[JobType[Any]], version: str) -> tuple[KindOfActivity, ...]:
    """Every analysis at this server's ``version``; queries make nothing that lasts."""
    steps = _steps()
    return tuple(
        KindOfActivity(
            job_type.name,
            version=version,
            description=job_type.description,
            docurl=f"{settings.SITE_URL}{job_type.path}/jdl",
            type="Analysis",
            subtype="job",
            usages=_usages_of_job(job_type.name, steps)
            or tuple(_role(file, MANY) for file in job_type.uses),
            generations=(
                *(
                    _role(file, MAYBE if file.name == "log" else ONE, without_number(file.name))
                    for file in job_type.makes
                ),
                *(
                    Role(value.name, value.description, _QUALITY, ONE, (value.name,))
                    for value in _VALUES.get(job_type.name, ())
                ),
            ),
            parameters=(
                *(_kind(parameter) for parameter in describe(job_type.parameters)),
                *_SAID_BY_JOBS,
            ),
        )
        for job_type in job_types
        if job_type.path.startswith("/uws/")
    )


def kinds_of_steps() -> tuple[KindOfActivity, ...]:
    """Every step of every engine that is installed here, of spectral fits and of SPI-ACS."""
    return tuple(
        KindOfActivity(
            kind.name,
            version=kind.version,
            description=kind.description,
            type=kind.work,
            subtype=engine,
            usages=kind.takes,
            generations=(
                Role(kind.name, kind.description, _use(kind.content_type), ONE, (kind.name,)),
            ),
            parameters=(*kind.parameters, *_OF_EVERY_STEP),
            config_files=tuple(_config_file(file) for file in kind.config_files),
        )
        for engine, kind in _steps_by_engine()
    )


def kinds_of_upkeep(version: str) -> tuple[KindOfActivity, ...]:
    """What the archive does at this server's ``version``, and operators with it."""
    checks = (
        KindOfParameter("checks", description="What every file was checked for"),
        KindOfParameter("files", "long", min="0", description="How many files came"),
    )
    changes = tuple(
        KindOfParameter(name, "long", ucd="meta.number", min="0", description=words)
        for name, words in (
            ("added", "Entries that are new"),
            ("removed", "Entries that are gone"),
            ("changed", "Entries with other values"),
        )
    )
    edition = KindOfParameter("replaces", ucd="meta.id", description="The edition before")
    return (
        KindOfActivity(
            "ingest",
            version,
            "Takes files of a Science Window into the archive, after checking them",
            type="ingest",
            generations=tuple(
                Role(name, words, MAIN, ONE if name == "swg" else MAYBE, (name,))
                for name, words in _SCIENCE_WINDOW_FILES.items()
            ),
            parameters=checks,
        ),
        *(
            KindOfActivity(
                name,
                version,
                words,
                type="ingest",
                generations=(Role(table, _TABLES[table], MAIN, ONE, (table,)),),
                parameters=parameters,
            )
            for name, words, table, parameters in (
                (
                    "ingest_catalogue",
                    "Takes an edition of the reference catalogue into the archive, after checking"
                    " it; says what it changes",
                    "reference_catalogue",
                    (*checks, edition, *changes),
                ),
                (
                    "ingest_observations",
                    "Brings the observations up to date with their table, after checking it; says"
                    " what it changes",
                    "observation_table",
                    (*checks, *changes),
                ),
            )
        ),
        *(
            KindOfActivity(
                name,
                version,
                words,
                type="quality",
                usages=(Role(role, "Data that it is said of", MAIN, MANY, _MARKED),),
            )
            for name, role, words in (
                ("mark_bad", "bad", "Says that data are bad; the reason is in its comment"),
                ("mark_good", "good", "Takes back that data are bad"),
            )
        ),
    )


def kinds_of_entities(job_types: Iterable[JobType[Any]]) -> tuple[KindOfEntity, ...]:
    """What the archive holds, and what steps and jobs of analyses make."""
    kinds = {
        kind.name: KindOfEntity(
            kind.name,
            kind.description,
            type=_category(kind.content_type),
            content_type=kind.content_type,
        )
        for _, kind in _steps_by_engine()
    }
    for job_type in job_types:
        for file in job_type.makes if job_type.path.startswith("/uws/") else ():
            name = without_number(file.name)
            kinds.setdefault(
                name,
                KindOfEntity(
                    name,
                    file.description,
                    type=_category(file.media_type),
                    content_type=file.media_type or None,
                ),
            )
    # pictures of all sorts have this name
    kinds["preview"] = KindOfEntity(
        "preview", "Picture of a result", type="visualization", content_type="image/png"
    )
    return (
        *(
            KindOfEntity(name, words, type="data", content_type="application/fits")
            for name, words in (*_SCIENCE_WINDOW_FILES.items(), *_TABLES.items())
        ),
        KindOfEntity(
            "science_window", "A Science Window: the collection of its files", type="data"
        ),
        KindOfEntity("job_results", "All that one job gave", type="data"),
        *kinds.values(),
        *(value for values in _VALUES.values() for value in values),
    )


_SCIENCE_WINDOW_FILES = {
    "swg": "The group that names a Science Window's files, with its attitude and times",
    "isgri_events": "Events of ISGRI in one Science Window",
    "jmx1_events": "Events of JEM-X 1 in one Science Window",
    "jmx2_events": "Events of JEM-X 2 in one Science Window",
    "spi_acs_rates": "Count rates of SPI-ACS in one Science Window",
}
_TABLES = {
    "reference_catalogue": "An edition of the INTEGRAL reference catalogue of sources",
    "observation_table": "The table of observations, with their release dates",
}
_MARKED = ("science_window", *_SCIENCE_WINDOW_FILES)


def _steps_by_engine() -> list[tuple[str, StepKind]]:
    """Every kind of step, with the name of its engine."""
    # matplotlib and iminuit are for those who ask, not for the web server
    from analysis.all_sky.steps import ALL_SKY
    from analysis.fitting.steps import FITTING

    engines = (*installed_engines(), FITTING, ALL_SKY)
    return [(engine.name, kind) for engine in engines for kind in engine.kinds]


def _steps() -> list[StepKind]:
    return [kind for _, kind in _steps_by_engine()]


def _usages_of_job(name: str, kinds: Iterable[StepKind]) -> tuple[Role, ...]:
    """The roles in which a job takes in results of steps; ``kinds``: all that there are."""
    known = {kind.name: kind for kind in kinds}
    return tuple(
        Role(step, known[step].description, MAIN, MAYBE, (step,))
        for step in _OF_JOBS.get(name, ())
        if step in known
    )


def _config_file(file: ConfigFile) -> KindOfConfigFile:
    return KindOfConfigFile(file.name, file.content_type, file.description)


def _role(file: FileDescription, multiplicity: str, entity: str | None = None) -> Role:
    """The role of a file that jobs use or make."""
    return Role(
        file.name,
        file.description,
        _use(file.media_type, file.name),
        multiplicity,
        (entity,) if entity else (),
    )


def _use(media_type: str, name: str = "") -> str:
    """The type of a usage or generation, in the model's terms (its table 16)."""
    if name in ("log", "comparison"):
        return {"log": "Log", "comparison": _QUALITY}[name]
    return _PREVIEW if media_type.startswith("image/") else MAIN


def _category(media_type: str) -> str:
    """What category of entity a file is, in the examples' words of the model's section 2.5.2."""
    if media_type.startswith("text/plain"):
        return "document"
    return "visualization" if media_type.startswith("image/") else "data"


def _kind(parameter: ParameterDescription) -> KindOfParameter:
    """A parameter in the words of the provenance model."""
    return KindOfParameter(
        parameter.name,
        value_type=parameter.datatype,
        unit=parameter.unit or None,
        ucd=parameter.ucd or None,
        utype=parameter.utype or None,
        min=_text(parameter.minimum),
        max=_text(parameter.maximum),
        default=parameter.default,
        options=parameter.options,
        description=parameter.description or None,
    )


def _text(limit: float | None) -> str | None:
    """A limit as its parameter's value would be written."""
    return None if limit is None else f"{limit:g}"
