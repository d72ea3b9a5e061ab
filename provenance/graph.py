"""A provenance document as a graph, whoever wrote it: activities, entities and what links them.

Reads PROV-JSON with the W3C's terms or the IVOA's (`provenance.serialisation` writes it), with no
database at hand: a product tells its own history anywhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from provenance.records import AgentType
from provenance.surroundings import SOURCE

_ENTITY_KINDS = ("entity", "datasetEntity", "valueEntity")


@dataclass(frozen=True, slots=True)
class Node:
    """An activity, entity or agent.

    attributes: by the part of their names that follows the prefix (``checksum``, ``location``).
    """

    id: str
    name: str
    attributes: Mapping[str, str]

    def get(self, attribute: str) -> str:
        """The attribute's value, or nothing."""
        return self.attributes.get(attribute, "")


@dataclass(frozen=True, slots=True)
class Graph:
    """A history. Identifiers are those of the document, with its prefixes.

    used: per activity, the entities it took in, with their roles. generated_by: per entity, the
    activity that made it and the role. parameters: per activity, names and values. agents: per
    activity, the software and machines that were involved; people: the persons and organizations,
    under the names that they went by when the document was written; sources: the revision of the
    source that it ran from, which changes with every commit, of documents too (whether the code of
    a step is the same, its software digest tells). units: of parameters, by activity and name.
    prefixes: what the document's stand for.
    """

    entities: Mapping[str, Node]
    activities: Mapping[str, Node]
    used: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    generated_by: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    parameters: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    agents: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    units: Mapping[tuple[str, str], str] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def full(self, identifier: str) -> str:
        """The whole identifier, as ADQL and ProvSAP know it, of one with a prefix."""
        prefix, colon, local = identifier.partition(":")
        space = self.prefixes.get(prefix)
        return f"{space}{local}" if colon and space is not None else identifier

    def last(self) -> tuple[str, ...]:
        """The entities that were made and that no activity of the graph used."""
        taken = {entity for uses in self.used.values() for entity, _ in uses}
        return tuple(entity for entity in self.generated_by if entity not in taken)


def read(document: Mapping[str, Any]) -> Graph:
    """The graph of a PROV-JSON document that was parsed as JSON.

    Raises ``ValueError`` where it isn't one.
    """
    used: dict[str, list[tuple[str, str]]] = {}
    generated: dict[str, tuple[str, str]] = {}
    parameters: dict[str, list[tuple[str, str]]] = {}
    agents: dict[str, list[str]] = {}
    people: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    units: dict[tuple[str, str], str] = {}
    activities = {node.id: node for node in _nodes(document, "activity")}
    entities = {node.id: node for kind in _ENTITY_KINDS for node in _nodes(document, kind)}
    known = {node.id: node for node in _nodes(document, "agent")}
    artefacts = {node.id: node for node in _nodes(document, "parameter")}
    for relation in _nodes(document, "used"):
        link = (relation.get("entity"), relation.get("role"))
        used.setdefault(relation.get("activity"), []).append(link)
    for relation in _nodes(document, "wasGeneratedBy"):
        generated[relation.get("entity")] = (relation.get("activity"), relation.get("role"))
    for relation in _nodes(document, "wasAssociatedWith"):
        agent = known.get(relation.get("agent"))
        if agent is not None:
            if relation.get("role") == SOURCE:
                named = sources
            else:
                named = people if _is_of_people(agent) else agents
            named.setdefault(relation.get("activity"), []).append(agent.name)
    for relation in _nodes(document, "wasConfiguredBy"):
        artefact = artefacts.get(relation.get("configurator"))
        if artefact is not None:
            setting = (artefact.name, artefact.get("value"))
            parameters.setdefault(relation.get("configured"), []).append(setting)
            units[relation.get("configured"), artefact.name] = artefact.get("unit")
    return Graph(
        entities,
        activities,
        {activity: tuple(uses) for activity, uses in used.items()},
        generated,
        {activity: tuple(settings) for activity, settings in parameters.items()},
        {activity: tuple(names) for activity, names in agents.items()},
        {activity: tuple(names) for activity, names in people.items()},
        {activity: tuple(names) for activity, names in sources.items()},
        units,
        _prefixes(document),
    )


def _is_of_people(agent: Node) -> bool:
    """Whether it is a person or an organization, in the model's words or in PROV's."""
    kinds = {kind.rpartition(":")[2] for kind in agent.get("type").split(",")}
    return not kinds.isdisjoint((AgentType.PERSON, AgentType.ORGANIZATION))


def _prefixes(document: Mapping[str, Any]) -> dict[str, str]:
    prefixes = document.get("prefix", {})
    if not isinstance(prefixes, Mapping):
        raise ValueError("PROV-JSON: prefix is no object")
    return {prefix: _text(space) for prefix, space in prefixes.items()}


def _nodes(document: Mapping[str, Any], kind: str) -> Iterator[Node]:
    """The records of one kind; PROV-JSON lets several share a name."""
    records = document.get(kind, {})
    if not isinstance(records, Mapping):
        raise ValueError(f"PROV-JSON: {kind} is no object")
    for identifier, content in records.items():
        for record in content if isinstance(content, list) else [content]:
            if not isinstance(record, Mapping):
                raise ValueError(f"PROV-JSON: {kind} {identifier} is no object")
            attributes = {key.rpartition(":")[2]: _text(value) for key, value in record.items()}
            name = attributes.get("name") or attributes.get("label") or identifier
            yield Node(identifier, name, attributes)


def _text(value: Any) -> str:
    """A value's text; PROV-JSON wraps what has a type, and lists what there are several of."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    if isinstance(value, Mapping):
        return str(value.get("$", ""))
    return str(value)
