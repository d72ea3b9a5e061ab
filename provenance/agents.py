"""Agents that this server itself names: software by its version, people by their public name."""

from importlib.metadata import version as installed_version

from provenance.identifiers import agent_id
from provenance.records import AgentRecord, AgentType


def software(authority: str, name: str, version: str | None = None) -> AgentRecord:
    """A program or package at one version, which is part of its name and identifier.

    ``version`` None means the version of the installed Python package ``name``; raises
    ``importlib.metadata.PackageNotFoundError`` where there is none.
    """
    title = f"{name} {version or installed_version(name)}"
    return AgentRecord(agent_id(authority, title.replace(" ", "-")), title, type=AgentType.SOFTWARE)


def person(authority: str, name: str) -> AgentRecord:
    """A user, under the name that others may read; never an address or an e-mail."""
    return AgentRecord(agent_id(authority, f"user:{name}"), name, type=AgentType.PERSON)
