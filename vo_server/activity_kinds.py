"""Job types as kinds of activities, so that the provenance says what their parameters mean.

Jobs know nothing of provenance, nor provenance of jobs: their declarations meet here.
"""

from collections.abc import Iterable
from typing import Any

from provenance.descriptions import KindOfActivity, KindOfParameter
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
