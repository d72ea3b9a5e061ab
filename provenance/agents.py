"""Agents that this server itself names: software by its version, people by their public name."""

from importlib.metadata import version as installed_version
from uuid import NAMESPACE_URL, uuid5

from provenance.identifiers import agent_id
from provenance.records import AgentRecord, AgentType

#: Roles of agents in the model's terms (ProvenanceDM 1.0, table 11).
OPERATOR, CREATOR = "Operator", "Creator"


def software(authority: str, name: str, version: str | None = None) -> AgentRecord:
    """A program or package at one version, which is part of its name and identifier.

    ``version`` None means the version of the installed Python package ``name``; raises
    ``importlib.metadata.PackageNotFoundError`` where there is none.
    """
    title = f"{name} {version or installed_version(name)}"
    return AgentRecord(agent_id(authority, title.replace(" ", "-")), title, type=AgentType.SOFTWARE)


def person(authority: str, name: str, user_id: int | None = None) -> AgentRecord:
    """A user, under the name that others may read; never an address or an e-mail.

    user_id: the account's, which the identifier is made from, so that it stays when the name
    changes; it can't be read from it.
    """
    if user_id is None:
        return AgentRecord(agent_id(authority, f"user:{name}"), name, type=AgentType.PERSON)
    return AgentRecord(person_id(authority, user_id), name, type=AgentType.PERSON)


def person_id(authority: str, user_id: int) -> str:
    """The identifier of the person with that account."""
    return agent_id(authority, f"person:{uuid5(NAMESPACE_URL, f'{authority}/account/{user_id}')}")


def operators(authority: str) -> AgentRecord:
    """Those who run this server, as one: who of them it was, administrators alone can read."""
    title = f"Operators of {authority}"
    return AgentRecord(agent_id(authority, "operators"), title, AgentType.ORGANIZATION)


def maker_of_files(authority: str, origin: str) -> AgentRecord:
    """Whoever files that came from elsewhere say that they were made by."""
    return AgentRecord(agent_id(authority, f"origin:{origin}"), origin)
