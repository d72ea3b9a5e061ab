"""Identifiers of provenance: IVOIDs that never change and are never given twice.

``authority`` is the IVOA authority of this server (the setting ``VO_AUTHORITY``). The identifier
of a published product is its ``obs_publisher_did``, given by whoever publishes it.
"""

from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid4, uuid5

PAGE = "/provenance?ID="
"""Path of the page for people about what has the identifier that follows."""

PROVSAP = "/provsap?DEPTH=ALL&ID="
"""Path of the whole history of what has the identifier that follows."""


def new_activity_id(authority: str) -> str:
    """An identifier for an activity that just began."""
    return f"ivo://{authority}/activity?{uuid4()}"


def activity_id_of(authority: str, key: str) -> str:
    """The identifier of an activity that several tell of, who all know it by this unique key."""
    return f"ivo://{authority}/activity?{uuid5(NAMESPACE_URL, f'ivo://{authority}/{key}')}"


def new_entity_id(authority: str) -> str:
    """An identifier for a result that isn't published: one generation of one file or value."""
    return f"ivo://{authority}/entity?{uuid4()}"


def agent_id(authority: str, name: str) -> str:
    """The identifier of the agent of that name: the same name gives the same agent."""
    return f"ivo://{authority}/agent?{quote(name, safe='.-_~:@+')}"


def description_id(noun: str, name: str, version: str | None = None, part: str = "") -> str:
    """A name for a description in a document: the model gives these no identifier.

    noun: what is described (``activity``, ``entity``, ``parameter``, …). part: the role, parameter
    or file of settings, of those that belong to a kind of activity.
    """
    words = [name if version is None else f"{name}-{version}", *([part] if part else [])]
    local = ".".join(quote(word, safe="-_~@+") for word in words)
    return f"urn:voprov:description:{noun}?{local}"


def page_url(site_url: str, identifier: str) -> str:
    """Where people read about an entity, activity or agent; the same for ever, as it is."""
    return f"{site_url}{PAGE}{quote(identifier, safe='')}"
