"""A history as RDF: PROV-O with the IVOA's terms beside it, as Turtle or JSON-LD.

Resources have their identifiers as IRIs. Every relation stands twice, as PROV-O means it: by
itself (``prov:used``), and qualified where it has a role or a time (``prov:qualifiedUsage``). What
PROV-O has no word for is said in the model's terms (``voprov:…``). So is when data were marked as
bad, as in the documents of `provenance.w3c`: PROV's invalidation would forbid that they are used
later.
"""

from datetime import datetime
from urllib.parse import quote

from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import PROV, RDF, RDFS, XSD
from rdflib.term import Node

from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.history import History
from provenance.identifiers import description_id
from provenance.qualified_names import writable
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    InvolvedRecord,
    ParameterRecord,
)

VOPROV = Namespace("http://www.ivoa.net/documents/ProvenanceDM/index.html#")

_AGENTS = {
    AgentType.PERSON: PROV.Person,
    AgentType.ORGANIZATION: PROV.Organization,
    AgentType.SOFTWARE: PROV.SoftwareAgent,
}


def graph(history: History) -> Graph:
    """The history as a graph."""
    made = Graph()
    made.bind("prov", PROV)
    made.bind("voprov", VOPROV)
    for entity in history.entities:
        _add_entity(made, entity)
    for activity in history.activities:
        _add_activity(made, activity)
    for agent in history.agents:
        _add_agent(made, agent)
    for kind in history.kinds:
        _add_kind(made, kind)
        for activity in history.activities:
            if (activity.name, activity.version) == (kind.name, kind.version):
                described = iri(description_id("activity", kind.name, kind.version))
                made.add((iri(activity.id), VOPROV.activityDescription, described))
    for entity_kind in history.entity_kinds:
        _add_entity_kind(made, entity_kind)
        for entity in history.entities:
            if entity.description == entity_kind.name:
                described = iri(description_id("entity", entity_kind.name))
                made.add((iri(entity.id), VOPROV.entityDescription, described))
    return made


def to_turtle(written: Graph) -> str:
    """A graph as Turtle."""
    return str(written.serialize(format="turtle"))


def to_json_ld(written: Graph) -> str:
    """A graph as JSON-LD."""
    context = {"prov": str(PROV), "voprov": str(VOPROV), "rdfs": str(RDFS), "xsd": str(XSD)}
    return str(written.serialize(format="json-ld", context=context, indent=1))


def iri(identifier: str) -> URIRef:
    """An identifier as an IRI; characters that none may have are escaped."""
    return URIRef(quote(writable(identifier), safe="!#$%&'()*+,/:;=?@[]~-._"))


def _add_entity(made: Graph, entity: EntityRecord) -> None:
    """An entity, with what it was derived from, holds, and who is responsible."""
    node = iri(entity.id)
    made.add((node, RDF.type, PROV.Entity))
    made.add((node, RDF.type, VOPROV[str(entity.entity_class)]))
    if entity.entity_class is EntityClass.COLLECTION:
        made.add((node, RDF.type, PROV.Collection))
    _say(
        made,
        node,
        (RDFS.label, entity.name),
        (RDFS.comment, entity.comment),
        (PROV.value, entity.value),
        (PROV.generatedAtTime, entity.generated_at),
        (VOPROV.invalidatedAtTime, entity.invalidated_at),
        (VOPROV.location, entity.location),
        (VOPROV.contentType, entity.content_type),
        (VOPROV.checksum, entity.checksum),
        (VOPROV.stepIdentity, entity.step_identity),
    )
    for origin in entity.derived_from:
        made.add((node, PROV.wasDerivedFrom, iri(origin)))
    for member in entity.members:
        made.add((node, PROV.hadMember, iri(member)))
    for involved in entity.attributed_to:
        agent = _add_agent(made, involved.agent)
        made.add((node, PROV.wasAttributedTo, agent))
        _qualify(
            made,
            node,
            PROV.qualifiedAttribution,
            PROV.Attribution,
            (PROV.agent, agent),
            involved.role,
        )


def _add_activity(made: Graph, activity: ActivityRecord) -> None:
    """An activity with all its relations."""
    node = iri(activity.id)
    made.add((node, RDF.type, PROV.Activity))
    made.add((node, RDF.type, VOPROV.Activity))
    _say(
        made,
        node,
        (RDFS.label, activity.name),
        (RDFS.comment, activity.comment),
        (PROV.startedAtTime, activity.start),
        (PROV.endedAtTime, activity.end),
        (VOPROV.version, activity.version),
        (VOPROV.status, str(activity.status)),
    )
    for use in activity.used:
        entity = iri(use.entity.id)
        made.add((node, PROV.used, entity))
        subject = (PROV.entity, entity)
        _qualify(made, node, PROV.qualifiedUsage, PROV.Usage, subject, use.role, use.time)
    for generated in activity.generated:
        entity = iri(generated.entity.id)
        made.add((entity, PROV.wasGeneratedBy, node))
        subject = (PROV.activity, node)
        _qualify(made, entity, PROV.qualifiedGeneration, PROV.Generation, subject, generated.role)
    for informant in activity.informants:
        made.add((node, PROV.wasInformedBy, iri(informant)))
    for involved in activity.agents:
        _associate(made, node, involved)
    for parameter in activity.parameters:
        _add_parameter(made, node, parameter)
    for file in activity.config_files:
        _add_config_file(made, node, file)


def _associate(made: Graph, node: URIRef, involved: InvolvedRecord) -> None:
    """Who is responsible for an activity."""
    agent = _add_agent(made, involved.agent)
    made.add((node, PROV.wasAssociatedWith, agent))
    subject = (PROV.agent, agent)
    _qualify(made, node, PROV.qualifiedAssociation, PROV.Association, subject, involved.role)


def _add_agent(made: Graph, agent: AgentRecord) -> URIRef:
    """An agent; what is private of it is not said."""
    node = iri(agent.id)
    made.add((node, RDF.type, PROV.Agent))
    if agent.type:
        made.add((node, RDF.type, _AGENTS[agent.type]))
    _say(
        made,
        node,
        (RDFS.label, agent.name),
        (RDFS.comment, agent.comment),
        (VOPROV.affiliation, agent.affiliation),
        (VOPROV.url, agent.url),
    )
    return node


def _add_parameter(made: Graph, activity: URIRef, parameter: ParameterRecord) -> None:
    """A parameter that an activity ran with."""
    node = BNode()
    made.add((activity, VOPROV.wasConfiguredBy, node))
    made.add((node, RDF.type, VOPROV.Parameter))
    _say(
        made,
        node,
        (RDFS.label, parameter.name),
        (PROV.value, parameter.value),
        (VOPROV.valueType, parameter.value_type),
        (VOPROV.unit, parameter.unit),
        (VOPROV.ucd, parameter.ucd),
    )
    if parameter.value_entity:
        made.add((node, VOPROV.valueEntity, iri(parameter.value_entity)))


def _add_config_file(made: Graph, activity: URIRef, file: ConfigFileRecord) -> None:
    """A file of settings that an activity ran with."""
    node = BNode()
    made.add((activity, VOPROV.wasConfiguredBy, node))
    made.add((node, RDF.type, VOPROV.ConfigFile))
    _say(
        made,
        node,
        (RDFS.label, file.name),
        (RDFS.comment, file.comment),
        (VOPROV.location, file.location),
    )


def _add_kind(made: Graph, kind: KindOfActivity) -> None:
    """The description of an activity, which is a plan in PROV-O's words."""
    node = iri(description_id("activity", kind.name, kind.version))
    made.add((node, RDF.type, PROV.Plan))
    made.add((node, RDF.type, VOPROV.ActivityDescription))
    _say(
        made,
        node,
        (RDFS.label, kind.name),
        (RDFS.comment, kind.description),
        (VOPROV.version, kind.version),
        (VOPROV.docurl, kind.docurl),
        (VOPROV.type, kind.type),
        (VOPROV.subtype, kind.subtype),
    )
    for noun, predicate, cls, roles in (
        ("usage", VOPROV.usageDescription, VOPROV.UsageDescription, kind.usages),
        (
            "generation",
            VOPROV.generationDescription,
            VOPROV.GenerationDescription,
            kind.generations,
        ),
    ):
        for role in roles:
            part = iri(description_id(noun, kind.name, kind.version, role.role))
            made.add((node, predicate, part))
            made.add((part, RDF.type, cls))
            _say(
                made,
                part,
                (VOPROV.role, role.role),
                (RDFS.comment, role.description),
                (VOPROV.type, role.type),
                (VOPROV.multiplicity, role.multiplicity),
            )
            for entity in role.entities:
                described = iri(description_id("entity", entity))
                made.add((part, VOPROV.entityDescription, described))
    for parameter in kind.parameters:
        part = iri(description_id("parameter", kind.name, kind.version, parameter.name))
        made.add((node, VOPROV.parameterDescription, part))
        made.add((part, RDF.type, VOPROV.ParameterDescription))
        _say(
            made,
            part,
            (RDFS.label, parameter.name),
            (RDFS.comment, parameter.description),
            (VOPROV.valueType, parameter.value_type),
            (VOPROV.unit, parameter.unit),
            (VOPROV.ucd, parameter.ucd),
            (VOPROV.utype, parameter.utype),
            (VOPROV["min"], parameter.min),
            (VOPROV["max"], parameter.max),
            (VOPROV.default, parameter.default),
            *((VOPROV.options, option) for option in parameter.options),
        )
    for file in kind.config_files:
        part = iri(description_id("config_file", kind.name, kind.version, file.name))
        made.add((node, VOPROV.configFileDescription, part))
        made.add((part, RDF.type, VOPROV.ConfigFileDescription))
        _say(
            made,
            part,
            (RDFS.label, file.name),
            (RDFS.comment, file.description),
            (VOPROV.contentType, file.content_type),
        )


def _add_entity_kind(made: Graph, kind: KindOfEntity) -> None:
    """The description of an entity."""
    node = iri(description_id("entity", kind.name))
    made.add((node, RDF.type, VOPROV.EntityDescription))
    _say(
        made,
        node,
        (RDFS.label, kind.name),
        (RDFS.comment, kind.description),
        (VOPROV.docurl, kind.docurl),
        (VOPROV.type, kind.type),
        (VOPROV.contentType, kind.content_type),
        (VOPROV.valueType, kind.value_type),
        (VOPROV.unit, kind.unit),
        (VOPROV.ucd, kind.ucd),
        (VOPROV.utype, kind.utype),
    )


def _qualify(
    made: Graph,
    node: URIRef,
    predicate: URIRef,
    cls: URIRef,
    subject: tuple[URIRef, URIRef],
    role: str | None,
    time: datetime | None = None,
) -> None:
    """A relation with its role and time, where it has any."""
    if role is None and time is None:
        return
    relation = BNode()
    made.add((node, predicate, relation))
    made.add((relation, RDF.type, cls))
    made.add((relation, *subject))
    _say(made, relation, (VOPROV.role, role), (PROV.atTime, time))


def _say(made: Graph, node: Node, *statements: tuple[URIRef, str | datetime | None]) -> None:
    """What is known of a resource, as literals."""
    for predicate, value in statements:
        if isinstance(value, datetime):
            made.add((node, predicate, Literal(value.isoformat(), datatype=XSD.dateTime)))
        elif value is not None:
            made.add((node, predicate, Literal(writable(value))))
