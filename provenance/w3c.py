"""A history as a document of the W3C's PROV: PROV-JSON and PROV-XML, written by ``prov``.

The IVOA's classes become the W3C's that they extend; each record keeps its own class as
``prov:type``, and what the W3C has no word for as an attribute ``voprov:…``. A parameter or file of
settings becomes an entity that the activity used; the description of an activity becomes the plan
of an association. voprov's own conversion isn't used: it puts ``name`` into the W3C's namespace,
which has no such term, and says ``wasInfluencedBy`` of all configuration.
"""

import io
from typing import Any

from prov.constants import PROV, PROV_LABEL, PROV_LOCATION, PROV_ROLE, PROV_TYPE, PROV_VALUE
from prov.model import ProvDocument
from prov.serializers.provjson import ProvJSONSerializer
from prov.serializers.provxml import ProvXMLSerializer
from voprov.models.constants import VOPROV

from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.documents import Artefact, Name, Writer
from provenance.history import History
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
)

Attributes = list[tuple[Any, Any]]

_AGENTS = {
    AgentType.PERSON: PROV["Person"],
    AgentType.ORGANIZATION: PROV["Organization"],
    AgentType.SOFTWARE: PROV["SoftwareAgent"],
}


def document(history: History) -> ProvDocument:
    """The history as ``prov``'s document."""
    empty = ProvDocument()
    # voprov puts its namespace among prov's defaults, which prov doesn't write down; whoever
    # reads the document needs it all the same
    empty._namespaces._namespaces[VOPROV.prefix] = VOPROV
    written: ProvDocument = _Writer(empty, history).write()
    return written


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


class _Writer(Writer):
    """Says everything in the W3C's words."""

    def add_kind_of_entity(self, name: Name, kind: KindOfEntity) -> None:
        """An entity that describes others."""
        self.document.entity(
            name,
            [
                *_types("EntityDescription"),
                *_known(
                    (PROV_LABEL, kind.name),
                    (VOPROV["description"], kind.description),
                    (VOPROV["docurl"], kind.docurl),
                    (VOPROV["type"], kind.type),
                    (VOPROV["contentType"], kind.content_type),
                    (VOPROV["valueType"], kind.value_type),
                    (VOPROV["unit"], kind.unit),
                    (VOPROV["ucd"], kind.ucd),
                    (VOPROV["utype"], kind.utype),
                ),
            ],
        )

    def add_kind_of_activity(self, name: Name, kind: KindOfActivity) -> None:
        """A plan. Its roles and parameters are told in the IVOA's documents only."""
        self.document.entity(
            name,
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

    def add_entity(self, name: Name, entity: EntityRecord) -> None:
        """An entity; a mark as bad isn't the end that ``wasInvalidatedBy`` means.

        Analyses may still use such data, which the W3C's constraint 38 forbids after that end.
        """
        is_collection = entity.entity_class is EntityClass.COLLECTION
        self.document.entity(
            name,
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

    def add_activity(self, name: Name, activity: ActivityRecord) -> None:
        """An activity."""
        self.document.activity(
            name,
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

    def add_agent(self, name: Name, agent: AgentRecord) -> None:
        """An agent, less what is private of it."""
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

    def add_artefact(
        self, activity: Name, name: Name, artefact: Artefact, described: str | None
    ) -> None:
        """An entity that the activity used; a parameter came from the entity that had its value."""
        self.document.entity(name, _artefact(artefact))
        self.document.used(activity, name, other_attributes=_types("WasConfiguredBy"))
        if isinstance(artefact, ParameterRecord) and artefact.value_entity:
            origin = self.name(artefact.value_entity)
            self.document.wasDerivedFrom(name, origin, other_attributes=_types("valueEntity"))

    def derived(self, entity: Name, origin: Name) -> None:
        """``wasDerivedFrom``."""
        self.document.wasDerivedFrom(entity, origin)

    def has_member(self, collection: Name, member: Name) -> None:
        """``hadMember``."""
        self.document.hadMember(collection, member)

    def attributed(self, entity: Name, agent: Name, role: str | None) -> None:
        """``wasAttributedTo``, whose role the W3C has no word for (PROV-DM 5.7.2.3)."""
        told = _known((VOPROV["role"], role))
        self.document.wasAttributedTo(entity, agent, other_attributes=told)

    def used(self, activity: Name, entity: Name, use: UsedRecord) -> None:
        """``used``."""
        self.document.used(activity, entity, use.time, other_attributes=_role(use.role))

    def generated(self, entity: Name, activity: Name, made: GeneratedRecord) -> None:
        """``wasGeneratedBy``, with the time that the IVOA's model has in the entity."""
        told = self.entities.get(made.entity.id, made.entity)
        self.document.wasGeneratedBy(
            entity, activity, told.generated_at, other_attributes=_role(made.role)
        )

    def informed(self, activity: Name, informant: Name) -> None:
        """``wasInformedBy``."""
        self.document.wasInformedBy(activity, informant)

    def associated(self, activity: Name, agent: Name, role: str | None) -> None:
        """``wasAssociatedWith``."""
        self.document.wasAssociatedWith(activity, agent, other_attributes=_role(role))

    def entity_described(self, entity: Name, description: Name) -> None:
        """Nothing: the W3C has no such relation, and the entity names its description itself."""

    def activity_described(self, activity: Name, description: Name) -> None:
        """The plan of an association of which no agent is told."""
        self.document.wasAssociatedWith(activity, plan=description)


def _artefact(artefact: Artefact) -> Attributes:
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
    """The attributes that have a value; an empty text says nothing, but of a parameter it does."""
    return [
        (name, value)
        for name, value in attributes
        if value is not None and (value != "" or name is PROV_VALUE)
    ]
