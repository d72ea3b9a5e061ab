"""A history as a document that other programs read: PROV-N and PROV-JSON with the IVOA's terms.

The documents are written by voprov. Identifiers are IVOIDs; what precedes ``?`` becomes the
namespace of a qualified name, so that the whole identifier can be put together again.
"""

import io
from typing import Any
from urllib.parse import quote

from voprov.models.model import VOProvDocument
from voprov.serializers.provjson import VOProvJSONSerializer

from provenance.history import History
from provenance.records import ActivityRecord, EntityClass, EntityRecord, InvolvedRecord


def document(history: History, *, agents: bool = True, configuration: bool = True) -> Any:
    """The history as voprov's document. agents, configuration: whether these are in it."""
    made = _Document(agents, configuration)
    for entity in history.entities:
        made.add_entity(entity)
    for activity in history.activities:
        made.add_activity(activity)
    for entity in history.entities:
        made.add_entity_relations(entity)
    for activity in history.activities:
        made.add_activity_relations(activity)
    return made.document


def to_provn(written: Any) -> str:
    """A document as PROV-N, for people to read."""
    return str(written.get_provn())


def to_json(written: Any) -> str:
    """A document as PROV-JSON.

    voprov's own ``serialize`` loads all its formats, one of which needs a package that isn't here.
    """
    stream = io.StringIO()
    VOProvJSONSerializer(written).serialize(stream, indent=1)
    return stream.getvalue()


class _Document:
    """A document that grows."""

    def __init__(self, agents: bool, configuration: bool) -> None:
        self.document = VOProvDocument()
        self._agents = agents
        self._configuration = configuration
        self._known_agents: set[str] = set()

    def add_entity(self, entity: EntityRecord) -> None:
        """An entity by itself."""
        name = self._name(entity.id)
        ours = self._ours(
            contentType=entity.content_type,
            checksum=entity.checksum,
            stepIdentity=entity.step_identity,
        )
        common: dict[str, Any] = {
            "name": entity.name,
            "location": entity.location,
            "generatedAtTime": entity.generated_at,
            "invalidatedAtTime": entity.invalidated_at,
            "comment": entity.comment,
        }
        match entity.entity_class:
            case EntityClass.VALUE:
                self.document.valueEntity(name, entity.value, **common, other_attributes=ours)
            case EntityClass.DATASET:
                self.document.datasetEntity(name, **common, other_attributes=ours)
            case EntityClass.COLLECTION:
                kind = {"prov:type": self.document.valid_qualified_name("voprov:Collection")}
                self.document.entity(name, **common, other_attributes={**kind, **ours})
            case EntityClass.ENTITY:
                self.document.entity(name, **common, other_attributes=ours)

    def add_activity(self, activity: ActivityRecord) -> None:
        """An activity by itself."""
        self.document.activity(
            self._name(activity.id),
            activity.name,
            activity.start,
            activity.end,
            activity.comment,
            other_attributes=self._ours(version=activity.version, status=str(activity.status)),
        )

    def add_entity_relations(self, entity: EntityRecord) -> None:
        """What an entity was derived from, holds, and who is responsible."""
        name = self._name(entity.id)
        for origin in entity.derived_from:
            self.document.derivation(name, self._name(origin))
        for member in entity.members:
            self.document.membership(name, self._name(member))
        for involved in entity.attributed_to if self._agents else ():
            self.document.attribution(name, self._agent(involved), role=involved.role)

    def add_activity_relations(self, activity: ActivityRecord) -> None:
        """What an activity used and made, was told and set to, and who is responsible."""
        name = self._name(activity.id)
        for use in activity.used:
            self.document.usage(name, self._name(use.entity.id), role=use.role, time=use.time)
        for made in activity.generated:
            self.document.generation(self._name(made.entity.id), name, role=made.role)
        for informant in activity.informants:
            self.document.communication(name, self._name(informant))
        for involved in activity.agents if self._agents else ():
            self.document.association(name, self._agent(involved), role=involved.role)
        for number, parameter in enumerate(activity.parameters if self._configuration else ()):
            # The model gives parameters no identifier: this one is unique in the activity.
            local = f"{activity.id}.{number}.{quote(parameter.name, safe='')}"
            self.document.parameter(
                self._name(local),
                parameter.name,
                parameter.value,
                other_attributes=self._ours(unit=parameter.unit, ucd=parameter.ucd),
            )
            self.document.configuration(name, self._name(local), "Parameter")

    def _agent(self, involved: InvolvedRecord) -> Any:
        """The name of an agent, which is added when it is met first."""
        agent = involved.agent
        name = self._name(agent.id)
        if agent.id not in self._known_agents:
            self._known_agents.add(agent.id)
            self.document.agent(
                name,
                agent.name,
                str(agent.type) if agent.type else None,
                agent.comment,
                affiliation=agent.affiliation,
                url=agent.url,
            )
        return name

    def _name(self, identifier: str) -> Any:
        """The qualified name of an identifier; its namespace is registered as it is needed."""
        head, mark, local = identifier.rpartition("?")
        if not mark:
            head, mark, local = identifier.rpartition("/")
        prefix = "".join(c for c in head.rpartition("/")[2] if c.isalnum()) or "id"
        return self.document.add_namespace(prefix, head + mark)[local]

    def _ours(self, **attributes: str | None) -> dict[Any, str]:
        """This server's own attributes, under the model's prefix, where they are known."""
        return {
            self.document.valid_qualified_name(f"voprov:{name}"): value
            for name, value in attributes.items()
            if value is not None
        }
