"""Job types and steps as kinds of activities: what the provenance says that they do.

Jobs know nothing of provenance, nor provenance of jobs: their declarations meet here.
"""

from collections.abc import Iterable
from typing import Any

from analysis.engines.registry import installed_engines
from provenance.descriptions import KindOfActivity, KindOfParameter, Role
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
    """Every step of every engine that is installed here, and of spectral fits."""
    # matplotlib and iminuit are for those who ask, not for the web server
    from analysis.fitting.steps import FITTING

    return tuple(
        KindOfActivity(
            kind.name,
            version=kind.version,
            description=kind.description,
            type="step",
            subtype=engine.name,
            generations=(Role(kind.name, description=kind.description, multiplicity="1"),),
        )
        for engine in (*installed_engines(), FITTING)
        for kind in engine.kinds
    )


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
