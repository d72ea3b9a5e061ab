"""Where data come from: the IVOA Provenance Data Model, recorded, stored and asked.

What runs without Django is offered here: the values and the recorder. `provenance.store` enters
records into the tables, `provenance.tables` says what TAP publishes of them.
"""

from provenance.recorder import Recorder, activity, parameter
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
)

__all__ = [
    "ActivityRecord",
    "AgentRecord",
    "AgentType",
    "ConfigFileRecord",
    "EntityClass",
    "EntityRecord",
    "GeneratedRecord",
    "InvolvedRecord",
    "ParameterRecord",
    "Recorder",
    "Status",
    "UsedRecord",
    "activity",
    "parameter",
]
