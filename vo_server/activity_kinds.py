"""Job types and steps as kinds of activities: what the provenance says that they do.

Jobs know nothing of provenance, nor provenance of jobs: their declarations meet here.
"""

from collections.abc import Iterable
from typing import Any

from analysis.engines.registry import installed_engines
from provenance.descriptions import KindOfActivity, KindOfEntity, KindOfParameter, Role
from uws.parameters import ParameterDescription, describe
from uws.types import JobType


def kinds_of_jobs(job_types: Iterable[JobType[Any]], version: str) -> tuple[KindOfActivity, ...]:
    """Every analysis at this server's ``version``; queries make nothing that lasts."""
    return tuple(
        KindOfActivity(
            job_type.name,
            version=version,
            description=job_type.description,
            type="analysis",
            parameters=tuple(_kind(parameter) for parameter in describe(job_type.parameters)),
        )
        for job_type in job_types
        if job_type.path.startswith("/uws/")
    )


def kinds_of_steps() -> tuple[KindOfActivity, ...]:
    """Every step of every engine that is installed here, of spectral fits and of SPI-ACS."""
    # matplotlib and iminuit are for those who ask, not for the web server
    from analysis.all_sky.steps import ALL_SKY
    from analysis.fitting.steps import FITTING

    return tuple(
        KindOfActivity(
            kind.name,
            version=kind.version,
            description=kind.description,
            type="step",
            subtype=engine.name,
            generations=(
                Role(
                    kind.name,
                    description=kind.description,
                    multiplicity="1",
                    entities=(kind.name,),
                ),
            ),
        )
        for engine in (*installed_engines(), FITTING, ALL_SKY)
        for kind in engine.kinds
    )


def kinds_of_upkeep(version: str) -> tuple[KindOfActivity, ...]:
    """What the archive does at this server's ``version``, and operators with it."""
    files = Role("files", "Files that came", multiplicity="1..*", entities=tuple(_ARCHIVE_FILES))
    checks = KindOfParameter("checks", description="What every file was checked for")
    count = KindOfParameter("files", "long", min="1", description="How many files came")
    return (
        KindOfActivity(
            "ingest",
            version,
            "Takes files of a Science Window into the archive, after checking them",
            type="ingest",
            generations=(files,),
            parameters=(checks, count),
        ),
        KindOfActivity(
            "ingest_catalogue",
            version,
            "Takes an edition of the reference catalogue into the archive, after checking it",
            type="ingest",
            generations=(
                Role(
                    "reference_catalogue",
                    "The edition",
                    multiplicity="1",
                    entities=("reference_catalogue",),
                ),
            ),
            parameters=(checks, count),
        ),
        *(
            KindOfActivity(
                name,
                description=words,
                type="quality",
                usages=(Role(role, "Data that it is said of", multiplicity="1..*"),),
            )
            for name, role, words in (
                ("mark_bad", "bad", "Says that data are bad; the reason is in its comment"),
                ("mark_good", "good", "Takes back that data are bad"),
            )
        ),
    )


def kinds_of_entities() -> tuple[KindOfEntity, ...]:
    """What the archive holds, and what steps of analyses make."""
    from analysis.all_sky.steps import ALL_SKY
    from analysis.fitting.steps import FITTING

    return (
        *(
            KindOfEntity(name, words, type="raw", content_type="application/fits")
            for name, words in _ARCHIVE_FILES.items()
        ),
        KindOfEntity("science_window", "A Science Window: the collection of its files"),
        KindOfEntity("job_results", "All that one job gave"),
        *(
            KindOfEntity(kind.name, kind.description, type="step", content_type=kind.content_type)
            for engine in (*installed_engines(), FITTING, ALL_SKY)
            for kind in engine.kinds
        ),
    )


_ARCHIVE_FILES = {
    "swg": "The group that names a Science Window's files, with its attitude and times",
    "isgri_events": "Events of ISGRI in one Science Window",
    "jmx1_events": "Events of JEM-X 1 in one Science Window",
    "jmx2_events": "Events of JEM-X 2 in one Science Window",
    "spi_acs_rates": "Count rates of SPI-ACS in one Science Window",
    "reference_catalogue": "An edition of the INTEGRAL reference catalogue of sources",
}


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
