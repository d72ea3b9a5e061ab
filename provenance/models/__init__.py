"""The tables of the Provenance Data Model 1.0: one per class, and one per multiple reference.

A model's ``identifier`` is the class' ``id`` attribute; ``id`` is the short key that relations
are stored with. Names of attributes are the model's in snake case. No room but this one uses
them: others hand over records (`provenance.records`).
"""

from provenance.models.configuration import ConfigFile, Parameter, WasConfiguredBy
from provenance.models.core import (
    Activity,
    Agent,
    Entity,
    HadMember,
    Used,
    WasAssociatedWith,
    WasAttributedTo,
    WasDerivedFrom,
    WasGeneratedBy,
    WasInformedBy,
)
from provenance.models.description import (
    ActivityDescription,
    ConfigFileDescription,
    DatasetDescription,
    EntityDescription,
    GenerationDescription,
    GenerationDescriptionEntity,
    ParameterDescription,
    UsageDescription,
    UsageDescriptionEntity,
    ValueDescription,
)
from provenance.models.lineage import Lineage, LineageSource, PathKind, PathKinds
from provenance.models.outbox import Outgoing

__all__ = [
    "Activity",
    "ActivityDescription",
    "Agent",
    "ConfigFile",
    "ConfigFileDescription",
    "DatasetDescription",
    "Entity",
    "EntityDescription",
    "GenerationDescription",
    "GenerationDescriptionEntity",
    "HadMember",
    "Lineage",
    "LineageSource",
    "Outgoing",
    "Parameter",
    "ParameterDescription",
    "PathKind",
    "PathKinds",
    "UsageDescription",
    "UsageDescriptionEntity",
    "Used",
    "ValueDescription",
    "WasAssociatedWith",
    "WasAttributedTo",
    "WasConfiguredBy",
    "WasDerivedFrom",
    "WasGeneratedBy",
    "WasInformedBy",
]
