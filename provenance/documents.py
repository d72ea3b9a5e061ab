"""How a history becomes a document of statements, whatever words the statements are made of.

A document of the IVOA's classes (`provenance.serialisation`) and one of the W3C's
(`provenance.w3c`) have the same things in the same order: descriptions, entities and activities,
then all that relates them. Here is that order; what each thing is called is the writer's affair.
"""

from abc import ABC, abstractmethod
from dataclasses import fields, is_dataclass, replace
from functools import singledispatch
from typing import Any
from urllib.parse import quote

from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.history import History
from provenance.identifiers import description_id
from provenance.qualified_names import parts_of, writable
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    ConfigFileRecord,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
)

Artefact = ParameterRecord | ConfigFileRecord
Name = Any
"""A qualified name of the document; ``prov`` gives its classes no types."""


class Writer(ABC):
    """Makes a document of a history; `write` says in which order.

    history: its texts are those that every format can hold. entities: by identifier.
    """

    def __init__(self, document: Any, history: History) -> None:
        """``document`` is empty yet."""
        self.document = document
        self.history: History = _writable(history)
        self.entities = {entity.id: entity for entity in self.history.entities}
        self._kinds = {(kind.name, kind.version): kind for kind in self.history.kinds}
        self._entity_kinds = {kind.name for kind in self.history.entity_kinds}
        self._known_agents: set[str] = set()

    def write(self) -> Any:
        """The whole document."""
        for entity_kind in self.history.entity_kinds:
            self.add_kind_of_entity(
                self.name(description_id("entity", entity_kind.name)), entity_kind
            )
        for kind in self.history.kinds:
            described = description_id("activity", kind.name, kind.version)
            self.add_kind_of_activity(self.name(described), kind)
        for entity in self.history.entities:
            self.add_entity(self.name(entity.id), entity)
        for activity in self.history.activities:
            self.add_activity(self.name(activity.id), activity)
        for agent in self.history.agents:
            self._agent(agent)
        for entity in self.history.entities:
            self._relate_entity(self.name(entity.id), entity)
        for activity in self.history.activities:
            self._relate_activity(self.name(activity.id), activity)
        return self.document

    def name(self, identifier: str) -> Name:
        """The qualified name of an identifier; its namespace is registered as it is needed."""
        prefix, namespace, local = parts_of(identifier)
        return self.document.add_namespace(prefix, namespace)[local]

    def has_kind_of_entity(self, name: str | None) -> bool:
        """Whether that description is part of the document."""
        return name in self._entity_kinds

    @abstractmethod
    def add_kind_of_entity(self, name: Name, kind: KindOfEntity) -> None:
        """A description of entities."""

    @abstractmethod
    def add_kind_of_activity(self, name: Name, kind: KindOfActivity) -> None:
        """A description of activities, with all that belongs to it."""

    @abstractmethod
    def add_entity(self, name: Name, entity: EntityRecord) -> None:
        """An entity by itself."""

    @abstractmethod
    def add_activity(self, name: Name, activity: ActivityRecord) -> None:
        """An activity by itself."""

    @abstractmethod
    def add_agent(self, name: Name, agent: AgentRecord) -> None:
        """An agent by itself, once."""

    @abstractmethod
    def add_artefact(
        self, activity: Name, name: Name, artefact: Artefact, described: str | None
    ) -> None:
        """A parameter or file of settings, and that the activity was configured by it.

        described: the identifier of its description, where the document has one.
        """

    @abstractmethod
    def derived(self, entity: Name, origin: Name) -> None:
        """An entity came from another."""

    @abstractmethod
    def has_member(self, collection: Name, member: Name) -> None:
        """A collection holds an entity."""

    @abstractmethod
    def attributed(self, entity: Name, agent: Name, role: str | None) -> None:
        """An agent is responsible for an entity."""

    @abstractmethod
    def used(self, activity: Name, entity: Name, use: UsedRecord) -> None:
        """An activity took an entity in."""

    @abstractmethod
    def generated(self, entity: Name, activity: Name, made: GeneratedRecord) -> None:
        """An activity made an entity."""

    @abstractmethod
    def informed(self, activity: Name, informant: Name) -> None:
        """An activity was told the outcome of another."""

    @abstractmethod
    def associated(self, activity: Name, agent: Name, role: str | None) -> None:
        """An agent is responsible for an activity."""

    @abstractmethod
    def entity_described(self, entity: Name, description: Name) -> None:
        """An entity is of a described kind."""

    @abstractmethod
    def activity_described(self, activity: Name, description: Name) -> None:
        """An activity is of a described kind."""

    def _relate_entity(self, name: Name, entity: EntityRecord) -> None:
        for origin in entity.derived_from:
            self.derived(name, self.name(origin))
        for member in entity.members:
            self.has_member(name, self.name(member))
        for involved in entity.attributed_to:
            self.attributed(name, self._agent(involved.agent), involved.role)
        if entity.description is not None and self.has_kind_of_entity(entity.description):
            self.entity_described(name, self.name(description_id("entity", entity.description)))

    def _relate_activity(self, name: Name, activity: ActivityRecord) -> None:
        kind = self._kinds.get((activity.name, activity.version))
        if kind is not None:
            plan = description_id("activity", kind.name, kind.version)
            self.activity_described(name, self.name(plan))
        for use in activity.used:
            self.used(name, self.name(use.entity.id), use)
        for made in activity.generated:
            self.generated(self.name(made.entity.id), name, made)
        for informant in activity.informants:
            self.informed(name, self.name(informant))
        for involved in activity.agents:
            self.associated(name, self._agent(involved.agent), involved.role)
        artefacts: tuple[Artefact, ...] = (*activity.parameters, *activity.config_files)
        for number, artefact in enumerate(artefacts):
            # the model gives these no identifier: it is unique in the activity
            own = self.name(f"{activity.id}.{number}.{quote(artefact.name, safe='')}")
            self.add_artefact(name, own, artefact, _description_of(artefact, kind))

    def _agent(self, agent: AgentRecord) -> Name:
        """The name of an agent, which is added when it is met first."""
        name = self.name(agent.id)
        if agent.id not in self._known_agents:
            self._known_agents.add(agent.id)
            self.add_agent(name, agent)
        return name


def _description_of(artefact: Artefact, kind: KindOfActivity | None) -> str | None:
    """The identifier of what describes a parameter or file of settings, where something does."""
    if kind is None:
        return None
    noun, known = (
        ("parameter", {p.name for p in kind.parameters})
        if isinstance(artefact, ParameterRecord)
        else ("config_file", {file.name for file in kind.config_files})
    )
    if artefact.name not in known:
        return None
    return description_id(noun, kind.name, kind.version, artefact.name)


@singledispatch
def _writable(value: Any) -> Any:
    """The same with texts as every format can hold them."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {}
    for field in fields(value):
        old = getattr(value, field.name)
        new = _writable(old)
        if new is not old:
            changes[field.name] = new
    return replace(value, **changes) if changes else value


@_writable.register
def _(value: str) -> str:
    # an enumeration's members are texts, too, and stay what they are
    return writable(value) if type(value) is str else value


@_writable.register
def _(value: tuple) -> Any:  # type: ignore[type-arg]
    new = tuple(_writable(item) for item in value)
    return value if all(a is b for a, b in zip(new, value, strict=True)) else new
