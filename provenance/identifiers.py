"""Identifiers of provenance: IVOIDs that never change and are never given twice.

``authority`` is the IVOA authority of this server (the setting ``VO_AUTHORITY``). The identifier
of a published product is its ``obs_publisher_did``, given by whoever publishes it.
"""

from urllib.parse import quote
from uuid import uuid4


def new_activity_id(authority: str) -> str:
    """An identifier for an activity that just began."""
    return f"ivo://{authority}/activity?{uuid4()}"


def new_entity_id(authority: str) -> str:
    """An identifier for a result that isn't published: one generation of one file or value."""
    return f"ivo://{authority}/entity?{uuid4()}"


def agent_id(authority: str, name: str) -> str:
    """The identifier of the agent of that name: the same name gives the same agent."""
    return f"ivo://{authority}/agent?{quote(name, safe='.-_~:@+')}"
