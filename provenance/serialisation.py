"""A history as a document with the IVOA's classes: PROV-JSON and XML, written by voprov.

W3C's own documents are in `provenance.w3c`, PROV-N of both in `provenance.notation`, RDF in
`provenance.rdf`.
"""

import io
import json
from collections.abc import Mapping
from typing import Any

from voprov.models.model import VOProvDocument
from voprov.serializers.provjson import VOProvJSONSerializer
from voprov.serializers.xml import VOProvXMLSerializer

from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.documents import Artefact, Name, Writer
from provenance.history import History
from provenance.identifiers import description_id
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    ParameterRecord,
    UsedRecord,
)


def document(
    history: History,
    *,
    agents: bool = True,
    configuration: bool = True,
    prefixes: Mapping[str, str] | None = None,
) -> Any:
    """The history as voprov's document. agents, configuration: whether these are in it.

    prefixes: with the namespaces that they stand for in another document, as in this one.
    """
    if not agents:
        history = history.without_agents()
    if not configuration:
        history = history.without_configuration()
    empty = VOProvDocument()
    for prefix, namespace in (prefixes or {}).items():
        empty.add_namespace(prefix, namespace)
    return _Writer(empty, history).write()


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


class _Writer(Writer):
    """Says everything in the IVOA's words."""

    def add_kind_of_entity(self, name: Name, kind: KindOfEntity) -> None:
        """``EntityDescription``, or the description of a dataset or value."""
        common: dict[str, Any] = {
            "description": kind.description,
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

    def add_kind_of_activity(self, name: Name, kind: KindOfActivity) -> None:
        """``ActivityDescription`` with its roles, parameters and files of settings."""
        self.document.activityDescription(
            name, kind.name, kind.version, kind.description, kind.docurl, kind.type, kind.subtype
        )
        for noun, roles, add in (
            ("usage", kind.usages, self.document.usageDescription),
            ("generation", kind.generations, self.document.generationDescription),
        ):
            for role in roles:
                described = self.name(description_id(noun, kind.name, kind.version, role.role))
                add(described, name, role.role, role.description, role.type, role.multiplicity)
                for entity in role.entities:
                    if self.has_kind_of_entity(entity):
                        self.document.relate(self.name(description_id("entity", entity)), described)
        for p in kind.parameters:
            self.document.parameterDescription(
                self.name(description_id("parameter", kind.name, kind.version, p.name)),
                name,
                p.name,
                p.value_type,
                description=p.description,
                unit=p.unit,
                ucd=p.ucd,
                utype=p.utype,
                min=p.min,
                max=p.max,
                options=json.dumps(p.options) if p.options else None,
                default=p.default,
            )
        for file in kind.config_files:
            self.document.configFileDescription(
                self.name(description_id("config_file", kind.name, kind.version, file.name)),
                name,
                file.name,
                file.content_type,
                file.description,
            )

    def add_entity(self, name: Name, entity: EntityRecord) -> None:
        """``Entity`` or one of its subclasses."""
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

    def add_activity(self, name: Name, activity: ActivityRecord) -> None:
        """``Activity``."""
        self.document.activity(
            name,
            activity.name,
            activity.start,
            activity.end,
            activity.comment,
            other_attributes=self._ours(version=activity.version, status=str(activity.status)),
        )

    def add_agent(self, name: Name, agent: AgentRecord) -> None:
        """``Agent``, less what is private of it."""
        self.document.agent(
            name,
            agent.name,
            str(agent.type) if agent.type else None,
            agent.comment,
            affiliation=agent.affiliation,
            url=agent.url,
        )

    def add_artefact(
        self, activity: Name, name: Name, artefact: Artefact, described: str | None
    ) -> None:
        """``Parameter`` or ``ConfigFile``, and ``WasConfiguredBy``."""
        if isinstance(artefact, ParameterRecord):
            self.document.parameter(
                name,
                artefact.name,
                artefact.value,
                other_attributes=self._ours(
                    valueType=artefact.value_type,
                    unit=artefact.unit,
                    ucd=artefact.ucd,
                    valueEntity=self.name(artefact.value_entity) if artefact.value_entity else None,
                ),
            )
            self.document.configuration(activity, name, "Parameter")
        else:
            self.document.configFile(name, artefact.name, artefact.location, artefact.comment)
            self.document.configuration(activity, name, "Configfile")
        if described is not None:
            self.document.description(name, self.name(described))

    def derived(self, entity: Name, origin: Name) -> None:
        """``WasDerivedFrom``."""
        self.document.derivation(entity, origin)

    def has_member(self, collection: Name, member: Name) -> None:
        """``HadMember``."""
        self.document.membership(collection, member)

    def attributed(self, entity: Name, agent: Name, role: str | None) -> None:
        """``WasAttributedTo``."""
        self.document.attribution(entity, agent, role=role)

    def used(self, activity: Name, entity: Name, use: UsedRecord) -> None:
        """``Used``."""
        self.document.usage(activity, entity, role=use.role, time=use.time)

    def generated(self, entity: Name, activity: Name, made: GeneratedRecord) -> None:
        """``WasGeneratedBy``."""
        self.document.generation(entity, activity, role=made.role)

    def informed(self, activity: Name, informant: Name) -> None:
        """``WasInformedBy``."""
        self.document.communication(activity, informant)

    def associated(self, activity: Name, agent: Name, role: str | None) -> None:
        """``WasAssociatedWith``."""
        self.document.association(activity, agent, role=role)

    def entity_described(self, entity: Name, description: Name) -> None:
        """The reference ``entityDescription``."""
        self.document.description(entity, description)

    def activity_described(self, activity: Name, description: Name) -> None:
        """The reference ``activityDescription``."""
        self.document.description(activity, description)

    def _ours(self, **attributes: Any) -> dict[Any, Any]:
        """This server's own attributes, under the model's prefix, where they are known."""
        return {
            self.document.valid_qualified_name(f"voprov:{name}"): value
            for name, value in attributes.items()
            if value is not None
        }
