"""The description side of the model as values: what kinds of activities and entities there are.

Whoever offers a job type or a step declares it with these; `provenance.description_store.describe`
puts them into the tables. Terms are those of the IVOA Provenance Data Model 1.0.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KindOfEntity:
    """``voprov:EntityDescription``; with a content type, ``voprov:DatasetDescription``.

    content_type: media type, of datasets only. value_type: VOTable's datatype, of values only,
    for which unit, ucd and utype go with it (``voprov:ValueDescription``).
    """

    name: str
    description: str | None = None
    docurl: str | None = None
    type: str | None = None
    content_type: str | None = None
    value_type: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None


@dataclass(frozen=True, slots=True)
class Role:
    """``voprov:UsageDescription`` or ``voprov:GenerationDescription``.

    multiplicity: ``min..max``, or one number for both. entities: names of the kinds that have it.
    """

    role: str
    description: str | None = None
    type: str | None = None
    multiplicity: str | None = None
    entities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KindOfParameter:
    """``voprov:ParameterDescription``; limits, default and options are texts as values are."""

    name: str
    value_type: str = "char"
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    min: str | None = None
    max: str | None = None
    default: str | None = None
    options: tuple[str, ...] = ()
    description: str | None = None


@dataclass(frozen=True, slots=True)
class KindOfConfigFile:
    """``voprov:ConfigFileDescription``."""

    name: str
    content_type: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class KindOfActivity:
    """``voprov:ActivityDescription`` with all that belongs to it, at one version."""

    name: str
    version: str | None = None
    description: str | None = None
    docurl: str | None = None
    type: str | None = None
    subtype: str | None = None
    usages: tuple[Role, ...] = ()
    generations: tuple[Role, ...] = ()
    parameters: tuple[KindOfParameter, ...] = ()
    config_files: tuple[KindOfConfigFile, ...] = ()
