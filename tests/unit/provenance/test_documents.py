"""Whatever a history says, every format says it, and what is written is read back equal."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import prov_constraints
import prov_notation
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st
from prov.model import ProvDocument
from prov.serializers.provxml import ProvXMLSerializer
from provenance_documents import check_prov_json, check_prov_xml, read_voprov_xml, statements
from rdflib.compare import isomorphic
from voprov.serializers.provjson import VOProvJSONSerializer

from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
    rdf,
    serialisation,
    w3c,
)
from provenance.descriptions import (
    KindOfActivity,
    KindOfConfigFile,
    KindOfEntity,
    KindOfParameter,
    Role,
)
from provenance.history import History
from provenance.notation import to_provn

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
AWKWARD = (
    "", " ", '"', "'", "\\", "\\N", 'say "no"\\', "a\nb", "\r\n", "\t", "<&>", "]]>", "<!-- -->",
    "é ✓ \U0001f52d", "7 up", "0", "-", "%", "%%", "a=b", "[x]", "@en", "\x07", "\x00", "\ufffe",
    "NaN", "true", "null", "prov:type", "http://x.org/#a b",
)  # fmt: skip
texts = st.sampled_from(AWKWARD) | st.text(max_size=8)
maybe = st.none() | texts
# an operator may give a server another authority
authorities = st.sampled_from(["x", "y", "x.y"])
locals_ = st.text("ab09_-./:@~!+,;=()'", min_size=1, max_size=8).filter(lambda t: "//" not in t)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Some entities, the activities that made the later ones from the earlier, and their kinds."""
    names = draw(st.lists(st.tuples(authorities, locals_), min_size=2, max_size=4, unique=True))
    people = tuple(
        InvolvedRecord(
            AgentRecord(
                f"ivo://{authority}/agent?{name}",
                draw(texts),
                draw(st.none() | st.sampled_from(AgentType)),
                draw(maybe),
                affiliation=draw(maybe),
                url=draw(maybe),
            ),
            draw(maybe),
        )
        for authority, name in draw(
            st.lists(st.tuples(authorities, locals_), max_size=2, unique=True)
        )
    )
    entities, activities = [], []
    for number, (authority, name) in enumerate(names):
        cls = draw(st.sampled_from(EntityClass))
        before = tuple(entity.id for entity in entities)
        made = NOON + timedelta(minutes=2 * number)
        entities.append(
            EntityRecord(
                f"ivo://{authority}/entity?{name}",
                draw(maybe),
                draw(maybe),
                draw(maybe),
                draw(maybe),
                generated_at=made,
                comment=draw(maybe),
                entity_class=cls,
                description=draw(st.none() | st.just("kind")),
                value=draw(texts) if cls is EntityClass.VALUE else None,
                members=before if cls is EntityClass.COLLECTION else (),
                derived_from=before[:1],
                attributed_to=people[:1],
            )
        )
        activities.append(
            ActivityRecord(
                f"ivo://{authority}/activity?{name}",
                "work",
                draw(st.sampled_from([None, "1"])),
                made - timedelta(minutes=1),
                made,
                draw(st.sampled_from(Status)),
                draw(maybe),
                used=tuple(
                    UsedRecord(EntityRecord.reference(i), draw(maybe), made) for i in before
                ),
                generated=(GeneratedRecord(EntityRecord.reference(entities[-1].id), draw(maybe)),),
                agents=people,
                parameters=tuple(
                    ParameterRecord(
                        p,
                        draw(texts),
                        "char",
                        draw(maybe),
                        draw(maybe),
                        value_entity=draw(st.sampled_from((None, *before))),
                    )
                    for p in draw(st.lists(texts.filter(bool), max_size=2))
                ),
                config_files=tuple(
                    ConfigFileRecord(draw(texts.filter(bool)), draw(texts), draw(maybe))
                    for _ in range(draw(st.integers(0, 1)))
                ),
                informants=tuple(a.id for a in activities[-1:]),
            )
        )
    kind = KindOfActivity(
        "work",
        "1",
        draw(maybe),
        usages=(Role("in", draw(maybe), "Main", "1..*", ("kind",)),),
        parameters=(KindOfParameter(draw(texts.filter(bool)), default=draw(maybe)),),
        config_files=(KindOfConfigFile(draw(texts.filter(bool)), "text/plain", draw(maybe)),),
    )
    return History(
        tuple(activities),
        tuple(entities),
        kinds=(kind,),
        entity_kinds=(KindOfEntity("kind", draw(maybe), content_type="application/fits"),),
    )


def _named(document: Any) -> set[str]:
    """The identifiers of a document's records."""
    return {record.identifier.uri for record in document.get_records() if record.identifier}


def _names(history: History) -> set[str]:
    """The identifiers of a history's entities and activities."""
    return {thing.id for thing in (*history.entities, *history.activities)}


@settings(max_examples=40, deadline=None)
@given(histories())
def test_a_document_of_the_ivoas_reads_back_equal(history: History) -> None:
    document = serialisation.document(history)
    assert _names(history) <= _named(document)
    said = serialisation.to_json(document)
    assert VOProvJSONSerializer(None).deserialize(io.StringIO(said)) == document
    assert read_voprov_xml(serialisation.to_xml(document)) == statements(document)
    assert prov_notation.read_notation(to_provn(document)) == prov_notation.statements(document)


def _without_empty_values(history: History) -> History:
    def changed(thing: Any) -> Any:
        return replace(thing, value="empty") if thing.value == "" else thing

    return replace(
        history,
        entities=tuple(changed(entity) for entity in history.entities),
        activities=tuple(
            replace(activity, parameters=tuple(changed(p) for p in activity.parameters))
            for activity in history.activities
        ),
    )


@settings(max_examples=40, deadline=None)
@given(histories())
def test_a_document_of_the_w3cs_is_valid_and_reads_back_equal(history: History) -> None:
    document = w3c.document(history)
    assert _names(history) <= _named(document)
    said = w3c.to_json(document)
    check_prov_json(said)
    assert ProvDocument.deserialize(content=said, format="json") == document
    written = w3c.to_xml(document).encode()
    check_prov_xml(written)
    # prov's reader of XML takes an empty value for none, or for the word None
    filled = w3c.document(_without_empty_values(history))
    written = w3c.to_xml(filled).encode()
    assert ProvXMLSerializer().deserialize(io.BytesIO(written)) == filled
    assert prov_notation.read_notation(to_provn(document)) == prov_notation.statements(document)
    assert prov_constraints.violations(document) == []


# rdflib's own reader of JSON-LD uses a class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@settings(max_examples=25, deadline=None)
@given(histories())
def test_rdf_reads_back_equal(history: History) -> None:
    graph = rdf.graph(history)
    for form, said in (("turtle", rdf.to_turtle(graph)), ("json-ld", rdf.to_json_ld(graph))):
        assert isomorphic(rdflib.Graph().parse(data=said, format=form), graph)


def _broken(number: int) -> ProvDocument:
    document = ProvDocument()
    document.add_namespace("x", "http://x.org/")
    early, late = NOON, NOON + timedelta(hours=1)
    entities = [document.entity(f"x:e{n}") for n in range(2)]
    activities = [document.activity(f"x:a{n}", early, late) for n in range(2)]
    match number:
        case 24:
            for activity in activities:
                document.wasGeneratedBy(entities[0], activity)
        case 30:
            document.activity("x:backwards", late, early)
        case 33:
            document.used(activities[0], entities[0], late + timedelta(hours=1))
        case 34:
            document.wasGeneratedBy(entities[0], activities[0], late + timedelta(hours=1))
        case 35:
            document.activity("x:later", late + timedelta(hours=1), late + timedelta(hours=2))
            document.wasInformedBy(activities[0], "x:later")
        case 37:
            document.wasGeneratedBy(entities[0], activities[0], late)
            document.used(activities[1], entities[0], early)
        case 42:
            document.wasDerivedFrom(entities[0], entities[1])
            document.wasDerivedFrom(entities[1], entities[0])
        case 50:
            document.used(activities[0], activities[1])
        case 55:
            document.entity("x:a0")
        case 56:
            empty = document.entity("x:empty", {"prov:type": document.valid_qualified_name(
                "prov:EmptyCollection")})  # fmt: skip
            document.hadMember(empty, entities[0])
    return document


@pytest.mark.parametrize("number", [24, 30, 33, 34, 35, 37, 42, 50, 55, 56])
def test_a_document_that_breaks_a_constraint_is_found_out(number: int) -> None:
    found = prov_constraints.violations(_broken(number))
    assert found
    assert all(str(number) in words.partition(":")[0].split("/") for words in found)


@pytest.mark.parametrize(
    "wrong",
    [
        {"entity": []},
        {"entity": {"x:e": {"prov:label": {"type": "xsd:string"}}}},
        {"used": {"_:1": {"prov:activity": "x:a"}}},
        {"wasInformedBy": {"_:1": {"prov:informed": "x:a"}}},
        {"parameter": {}},
        {"prefix": {"x": 1}},
        {"entity": {"x:e": {"prov:label": []}}},
    ],
)
def test_prov_json_that_the_schema_refuses_is_found_out(wrong: dict[str, object]) -> None:
    document = {"prefix": {"x": "http://x.org/"}, **wrong}
    with pytest.raises(AssertionError):
        check_prov_json(json.dumps(document))
