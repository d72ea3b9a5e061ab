"""A history as a document with the IVOA's classes: PROV-N, PROV-JSON and XML, written by voprov.

W3C's own documents are in `provenance.w3c`, RDF in `provenance.rdf`.
"""

import io
from typing import Any
from urllib.parse import quote

from voprov.models.model import VOProvDocument
from voprov.serializers.provjson import VOProvJSONSerializer
from voprov.serializers.xml import VOProvXMLSerializer

from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.history import History
from provenance.identifiers import description_id
from provenance.qualified_names import parts_of, writable_or_none
from provenance.records import ActivityRecord, EntityClass, EntityRecord, InvolvedRecord


def document(history: History, *, agents: bool = True, configuration: bool = True) -> Any:
    """The history as voprov's document. agents, configuration: whether these are in it."""
    if not agents:
        history = history.without_agents()
    if not configuration:
        history = history.without_configuration()
    made = _Document(history)
    for kind in history.entity_kinds:
        made.add_kind_of_entity(kind)
    for activity_kind in history.kinds:
        made.add_kind_of_activity(activity_kind)
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


def to_xml(written: Any) -> str:
    """A document as XML, with voprov's elements."""
    stream = io.BytesIO()
    VOProvXMLSerializer(written).serialize(stream)
    return stream.getvalue().decode()


class _Document:
    """A document that grows."""

    def __init__(self, history: History) -> None:
        self.document = VOProvDocument()
        self._known_agents: set[str] = set()
        self._kinds = {(kind.name, kind.version): kind for kind in history.kinds}
        self._entity_kinds = {kind.name for kind in history.entity_kinds}

    def add_kind_of_entity(self, kind: KindOfEntity) -> None:
        """``EntityDescription``, or the description of a dataset or value."""
        name = self._name(description_id("entity", kind.name))
        common: dict[str, Any] = {
            "description": writable_or_none(kind.description),
            "docurl": kind.docurl,
            "type": kind.type,
        }
        if kind.value_type is not None:
            self.document.valueDescription(
                name,
                kind.name,
                kind.value_type,
                unit=kind.unit,
                ucd=kind.ucd,
                utype=kind.utype,
                **common,
            )
        elif kind.content_type is not None:
            self.document.datasetDescription(name, kind.name, kind.content_type, **common)
        else:
            self.document.entityDescription(name, kind.name, **common)

    def add_kind_of_activity(self, kind: KindOfActivity) -> None:
        """``ActivityDescription`` with its roles, parameters and files of settings."""
        name = self._name(description_id("activity", kind.name, kind.version))
        self.document.activityDescription(
            name,
            kind.name,
            kind.version,
            writable_or_none(kind.description),
            kind.docurl,
            kind.type,
            kind.subtype,
        )
        for noun, roles, add in (
            ("usage", kind.usages, self.document.usageDescription),
            ("generation", kind.generations, self.document.generationDescription),
        ):
            for role in roles:
                described = self._name(description_id(noun, kind.name, kind.version, role.role))
                add(described, name, role.role, role.description, role.type, role.multiplicity)
                for entity in role.entities:
                    if entity in self._entity_kinds:
                        self.document.relate(
                            self._name(description_id("entity", entity)), described
                        )
        for p in kind.parameters:
            self.document.parameterDescription(
                self._name(description_id("parameter", kind.name, kind.version, p.name)),
                name,
                p.name,
                p.value_type,
                description=writable_or_none(p.description),
                unit=p.unit,
                ucd=p.ucd,
                utype=p.utype,
                min=p.min,
                max=p.max,
                options=", ".join(p.options) or None,
                default=p.default,
            )
        for file in kind.config_files:
            self.document.configFileDescription(
                self._name(description_id("config_file", kind.name, kind.version, file.name)),
                name,
                file.name,
                file.content_type,
                writable_or_none(file.description),
            )

    def add_entity(self, entity: EntityRecord) -> None:
        """An entity by itself."""
        name = self._name(entity.id)
        ours = self._ours(
            contentType=entity.content_type,
            checksum=entity.checksum,
            stepIdentity=entity.step_identity,
        )
        common: dict[str, Any] = {
            "name": writable_or_none(entity.name),
            "location": writable_or_none(entity.location),
            "generatedAtTime": entity.generated_at,
            "invalidatedAtTime": entity.invalidated_at,
            "comment": writable_or_none(entity.comment),
        }
        match entity.entity_class:
            case EntityClass.VALUE:
                value = writable_or_none(entity.value)
                self.document.valueEntity(name, value, **common, other_attributes=ours)
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
            writable_or_none(activity.comment),
            other_attributes=self._ours(version=activity.version, status=str(activity.status)),
        )

    def add_entity_relations(self, entity: EntityRecord) -> None:
        """What an entity was derived from, holds, follows, and who is responsible."""
        name = self._name(entity.id)
        for origin in entity.derived_from:
            self.document.derivation(name, self._name(origin))
        for member in entity.members:
            self.document.membership(name, self._name(member))
        for involved in entity.attributed_to:
            self.document.attribution(name, self._agent(involved), role=involved.role)
        if entity.description in self._entity_kinds:
            self.document.description(
                name, self._name(description_id("entity", entity.description))
            )

    def add_activity_relations(self, activity: ActivityRecord) -> None:
        """What an activity used and made, was told and set to, and who is responsible."""
        name = self._name(activity.id)
        kind = self._kinds.get((activity.name, activity.version))
        if kind is not None:
            described = description_id("activity", kind.name, kind.version)
            self.document.description(name, self._name(described))
        for use in activity.used:
            self.document.usage(name, self._name(use.entity.id), role=use.role, time=use.time)
        for made in activity.generated:
            self.document.generation(self._name(made.entity.id), name, role=made.role)
        for informant in activity.informants:
            self.document.communication(name, self._name(informant))
        for involved in activity.agents:
            self.document.association(name, self._agent(involved), role=involved.role)
        # The model gives parameters and files no identifier: these are unique in the activity.
        known = {p.name for p in kind.parameters} if kind else set()
        for number, parameter in enumerate(activity.parameters):
            local = self._name(f"{activity.id}.{number}.{quote(parameter.name, safe='')}")
            self.document.parameter(
                local,
                parameter.name,
                writable_or_none(parameter.value),
                other_attributes=self._ours(unit=parameter.unit, ucd=parameter.ucd),
            )
            self.document.configuration(name, local, "Parameter")
            if kind is not None and parameter.name in known:
                described = description_id("parameter", kind.name, kind.version, parameter.name)
                self.document.description(local, self._name(described))
        for number, file in enumerate(activity.config_files, start=len(activity.parameters)):
            local = self._name(f"{activity.id}.{number}.{quote(file.name, safe='')}")
            self.document.configFile(
                local,
                file.name,
                writable_or_none(file.location),
                writable_or_none(file.comment),
            )
            self.document.configuration(name, local, "Configfile")

    def _agent(self, involved: InvolvedRecord) -> Any:
        """The name of an agent, which is added when it is met first."""
        agent = involved.agent
        name = self._name(agent.id)
        if agent.id not in self._known_agents:
            self._known_agents.add(agent.id)
            self.document.agent(
                name,
                writable_or_none(agent.name),
                str(agent.type) if agent.type else None,
                writable_or_none(agent.comment),
                affiliation=writable_or_none(agent.affiliation),
                url=agent.url,
            )
        return name

    def _name(self, identifier: str) -> Any:
        """The qualified name of an identifier; its namespace is registered as it is needed."""
        prefix, namespace, local = parts_of(identifier)
        return self.document.add_namespace(prefix, namespace)[local]

    def _ours(self, **attributes: str | None) -> dict[Any, str]:
        """This server's own attributes, under the model's prefix, where they are known."""
        return {
            self.document.valid_qualified_name(f"voprov:{name}"): value
            for name, value in attributes.items()
            if value is not None
        }
