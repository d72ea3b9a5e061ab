"""A history as a document of the W3C's PROV: PROV-N, PROV-JSON and PROV-XML, written by ``prov``.

The IVOA's classes become the W3C's that they extend; each record keeps its own class as
``prov:type``, and what the W3C has no word for as an attribute ``voprov:…``. A parameter or file of
settings becomes an entity that the activity used; the description of an activity becomes the plan
of an association. voprov's own conversion isn't used: it puts ``name`` into the W3C's namespace,
which has no such term, and says ``wasInfluencedBy`` of all configuration.
"""

import io
from typing import Any
from urllib.parse import quote

from prov.constants import PROV, PROV_LABEL, PROV_LOCATION, PROV_ROLE, PROV_TYPE, PROV_VALUE
from prov.model import ProvDocument
from prov.serializers.provjson import ProvJSONSerializer
from prov.serializers.provxml import ProvXMLSerializer
from voprov.models.constants import VOPROV

from provenance.history import History
from provenance.identifiers import description_id
from provenance.qualified_names import parts_of, writable
from provenance.records import (
    ActivityRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    InvolvedRecord,
    ParameterRecord,
)

Attributes = list[tuple[Any, Any]]

_AGENTS = {
    AgentType.PERSON: PROV["Person"],
    AgentType.ORGANIZATION: PROV["Organization"],
    AgentType.SOFTWARE: PROV["SoftwareAgent"],
}


def document(history: History) -> ProvDocument:
    """The history as ``prov``'s document."""
    made = _Document(history)
    for entity in history.entities:
        made.add_entity(entity)
    for activity in history.activities:
        made.add_activity(activity)
    for entity in history.entities:
        made.add_entity_relations(entity)
    for activity in history.activities:
        made.add_activity_relations(activity)
    return made.document


def to_provn(written: ProvDocument) -> str:
    """A document as PROV-N."""
    return str(written.get_provn())


def to_json(written: ProvDocument) -> str:
    """A document as PROV-JSON."""
    stream = io.StringIO()
    ProvJSONSerializer(written).serialize(stream, indent=1)
    return stream.getvalue()


def to_xml(written: ProvDocument) -> str:
    """A document as PROV-XML."""
    stream = io.BytesIO()
    ProvXMLSerializer(written).serialize(stream)
    return stream.getvalue().decode()


class _Document:
    """A document that grows."""

    def __init__(self, history: History) -> None:
        self.document = ProvDocument()
        # voprov puts its namespace among prov's defaults, which prov doesn't write down; whoever
        # reads the document needs it all the same
        self.document._namespaces._namespaces[VOPROV.prefix] = VOPROV
        self._known_agents: set[str] = set()
        self._kinds = {(kind.name, kind.version): kind for kind in history.kinds}
        self._entity_kinds = {kind.name: kind for kind in history.entity_kinds}
        for entity_kind in history.entity_kinds:
            self.document.entity(
                self._name(description_id("entity", entity_kind.name)),
                [
                    *_types("EntityDescription"),
                    *_known(
                        (PROV_LABEL, entity_kind.name),
                        (VOPROV["description"], entity_kind.description),
                        (VOPROV["contentType"], entity_kind.content_type),
                        (VOPROV["valueType"], entity_kind.value_type),
                        (VOPROV["unit"], entity_kind.unit),
                        (VOPROV["ucd"], entity_kind.ucd),
                    ),
                ],
            )
        for kind in history.kinds:
            self.document.entity(
                self._name(description_id("activity", kind.name, kind.version)),
                [
                    (PROV_TYPE, PROV["Plan"]),
                    *_types("ActivityDescription"),
                    *_known(
                        (PROV_LABEL, kind.name),
                        (VOPROV["version"], kind.version),
                        (VOPROV["description"], kind.description),
                        (VOPROV["docurl"], kind.docurl),
                        (VOPROV["type"], kind.type),
                        (VOPROV["subtype"], kind.subtype),
                    ),
                ],
            )

    def add_entity(self, entity: EntityRecord) -> None:
        """An entity by itself."""
        is_collection = entity.entity_class is EntityClass.COLLECTION
        self.document.entity(
            self._name(entity.id),
            [
                # the W3C has this class itself
                *(
                    [(PROV_TYPE, PROV["Collection"])]
                    if is_collection
                    else _types(str(entity.entity_class))
                ),
                *_known(
                    (PROV_LABEL, entity.name),
                    (PROV_LOCATION, entity.location),
                    (PROV_VALUE, entity.value),
                    (VOPROV["comment"], entity.comment),
                    (VOPROV["contentType"], entity.content_type),
                    (VOPROV["checksum"], entity.checksum),
                    (VOPROV["stepIdentity"], entity.step_identity),
                    (VOPROV["generatedAtTime"], entity.generated_at),
                    (VOPROV["invalidatedAtTime"], entity.invalidated_at),
                    (VOPROV["entityDescription"], entity.description),
                ),
            ],
        )

    def add_activity(self, activity: ActivityRecord) -> None:
        """An activity by itself."""
        self.document.activity(
            self._name(activity.id),
            activity.start,
            activity.end,
            [
                *_types("Activity"),
                *_known(
                    (PROV_LABEL, activity.name),
                    (VOPROV["version"], activity.version),
                    (VOPROV["status"], str(activity.status)),
                    (VOPROV["comment"], activity.comment),
                ),
            ],
        )

    def add_entity_relations(self, entity: EntityRecord) -> None:
        """What an entity was derived from, holds, and who is responsible."""
        name = self._name(entity.id)
        for origin in entity.derived_from:
            self.document.wasDerivedFrom(name, self._name(origin))
        for member in entity.members:
            self.document.hadMember(name, self._name(member))
        for involved in entity.attributed_to:
            self.document.wasAttributedTo(
                name, self._agent(involved), other_attributes=_known((PROV_ROLE, involved.role))
            )

    def add_activity_relations(self, activity: ActivityRecord) -> None:
        """What an activity used and made, was told and set to, and who is responsible."""
        name = self._name(activity.id)
        for use in activity.used:
            self.document.used(
                name, self._name(use.entity.id), use.time, other_attributes=_role(use.role)
            )
        for made in activity.generated:
            self.document.wasGeneratedBy(
                self._name(made.entity.id), name, other_attributes=_role(made.role)
            )
        for informant in activity.informants:
            self.document.wasInformedBy(name, self._name(informant))
        for involved in activity.agents:
            self.document.wasAssociatedWith(
                name, self._agent(involved), other_attributes=_role(involved.role)
            )
        kind = self._kinds.get((activity.name, activity.version))
        if kind is not None:
            plan = self._name(description_id("activity", kind.name, kind.version))
            self.document.wasAssociatedWith(name, plan=plan)
        artefacts: tuple[ParameterRecord | ConfigFileRecord, ...] = (
            *activity.parameters,
            *activity.config_files,
        )
        for number, artefact in enumerate(artefacts):
            local = self._name(f"{activity.id}.{number}.{quote(artefact.name, safe='')}")
            self.document.entity(local, _artefact(artefact))
            self.document.used(name, local, other_attributes=_types("WasConfiguredBy"))

    def _agent(self, involved: InvolvedRecord) -> Any:
        """The name of an agent, which is added when it is met first."""
        agent = involved.agent
        name = self._name(agent.id)
        if agent.id not in self._known_agents:
            self._known_agents.add(agent.id)
            self.document.agent(
                name,
                [
                    *([(PROV_TYPE, _AGENTS[agent.type])] if agent.type else []),
                    *_known(
                        (PROV_LABEL, agent.name),
                        (VOPROV["comment"], agent.comment),
                        (VOPROV["affiliation"], agent.affiliation),
                        (VOPROV["url"], agent.url),
                    ),
                ],
            )
        return name

    def _name(self, identifier: str) -> Any:
        """The qualified name of an identifier; its namespace is registered as it is needed."""
        prefix, namespace, local = parts_of(identifier)
        return self.document.add_namespace(prefix, namespace)[local]


def _artefact(artefact: ParameterRecord | ConfigFileRecord) -> Attributes:
    """What a parameter or a file of settings is, as an entity."""
    if isinstance(artefact, ConfigFileRecord):
        return [
            *_types("ConfigFile"),
            *_known(
                (PROV_LABEL, artefact.name),
                (PROV_LOCATION, artefact.location),
                (VOPROV["comment"], artefact.comment),
            ),
        ]
    return [
        *_types("Parameter"),
        *_known(
            (PROV_LABEL, artefact.name),
            (PROV_VALUE, artefact.value),
            (VOPROV["valueType"], artefact.value_type),
            (VOPROV["unit"], artefact.unit),
            (VOPROV["ucd"], artefact.ucd),
        ),
    ]


def _types(name: str) -> Attributes:
    """The class of the IVOA's model."""
    return [(PROV_TYPE, VOPROV[name])]


def _role(role: str | None) -> Attributes:
    """What something was to an activity."""
    return _known((PROV_ROLE, role))


def _known(*attributes: tuple[Any, Any]) -> Attributes:
    """The attributes that have a value, texts as XML can hold them."""
    return [
        (name, writable(value) if isinstance(value, str) else value)
        for name, value in attributes
        if value is not None
    ]
