"""The tables of schema ``provenance`` as TAP publishes them.

One table per class of the Provenance Data Model 1.0 and one per multiple reference; attributes in
snake case, with utypes ``voprov:`` and the model's vodml-id. There is no published list of columns
for a provenance schema in TAP; this one is derived from the model. Columns without utype are this
server's own, or keys that join the tables.

The rows are those that everybody may see (the views of the migrations); e-mail, phone and postal
address of agents are not published.
"""

from adql.schema import Schema
from provenance.tables.columns import SCHEMA
from provenance.tables.configuration import CONFIGURATION
from provenance.tables.core import CORE, LINEAGE, RELATIONS
from provenance.tables.descriptions import DESCRIPTIONS


def published_schemas() -> tuple[Schema, ...]:
    """The schema that this room publishes."""
    return (
        Schema(
            SCHEMA,
            "Where the data come from: the IVOA Provenance Data Model 1.0 as tables, one per class "
            "or relation, and the lineage of every entity at any depth",
            (*CORE, *RELATIONS, *CONFIGURATION, *DESCRIPTIONS, LINEAGE),
        ),
    )
