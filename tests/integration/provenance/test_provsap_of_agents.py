"""ProvSAP of an agent: what it is, and what it is responsible for."""

import io
import json
from datetime import UTC, datetime
from itertools import product
from typing import Any

import prov_notation
import pytest
import rdflib
from astropy.io.votable import parse
from django.contrib.auth import get_user_model
from django.test import Client
from lxml import etree
from prov.model import ProvDocument
from prov.serializers.provxml import ProvXMLSerializer
from prov_constraints import violations
from provenance_documents import check_prov_json, check_prov_xml, read_voprov_xml, statements
from rdflib.compare import isomorphic

from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    UsedRecord,
    history,
    rdf,
    serialisation,
    w3c,
)
from provenance.folding import fold
from provenance.history import History, backwards, forwards
from provenance.provsap import FORMATS
from provenance.store import enter

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADA = AgentRecord(
    "ivo://x/agent?ada", "Ada Lovelace", AgentType.PERSON, "Wrote the first program.",
    "ada@example.org", "Analytical Engine", "0044", "St James's Square", "https://x.org/ada",
)  # fmt: skip
SOFTWARE = AgentRecord("ivo://x/agent?vo_server-1", "vo_server 1", AgentType.SOFTWARE)
SECRET = AgentRecord("ivo://x/agent?secret", "Somebody", AgentType.PERSON)
RAW, IMAGE, SPECTRUM, LATER = (
    f"ivo://x/entity?{name}" for name in ("raw", "image", "spectrum", "later")
)
JOB, STEP, FIT, HIDDEN = (f"ivo://x/activity?{name}" for name in ("job", "step", "fit", "hidden"))
WORDED = ("PROV-JSON", "PROV-XML", "PROV-N", "PROV-VOTABLE", "PROV-TURTLE", "PROV-JSONLD")


def entity(identifier: str, *creators: AgentRecord, public: bool = True) -> EntityRecord:
    involved = tuple(InvolvedRecord(agent, "Creator") for agent in creators)
    return EntityRecord(identifier, name=identifier, attributed_to=involved, public=public)


def activity(
    identifier: str, used: str, made: str, *agents: AgentRecord, public: bool = True
) -> ActivityRecord:
    return ActivityRecord(
        identifier, identifier.partition("?")[2], "1", NOON, NOON,
        used=(UsedRecord(EntityRecord.reference(used), "in", NOON),),
        generated=(GeneratedRecord(EntityRecord.reference(made), "out"),),
        agents=tuple(InvolvedRecord(agent, "Operator") for agent in agents), public=public,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def recorded() -> None:
    """Ada ran a job and made a spectrum; later others fitted it, and somebody ran a hidden job."""
    enter(
        [
            entity(RAW), entity(IMAGE), entity(SPECTRUM, ADA), entity(LATER),
            entity("ivo://x/entity?none", SECRET, ADA, public=False),
            activity(JOB, RAW, IMAGE, ADA, SOFTWARE),
            activity(STEP, IMAGE, SPECTRUM, SOFTWARE),
            activity(FIT, SPECTRUM, LATER, SOFTWARE),
            activity(HIDDEN, RAW, "ivo://x/entity?none", SECRET, ADA, public=False),
        ]
    )  # fmt: skip


def names(found: History) -> set[str]:
    records: list[Any] = [*found.activities, *found.entities, *found.agents]
    return {record.id.partition("?")[2] for record in records}


def ask(client: Client, **asked: Any) -> Any:
    answer = client.get("/provsap", {"ID": ADA.id, **asked})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("depth", [0, 1, None])
def test_an_agent_comes_from_nothing_and_is_told_with_its_attributes(depth: int | None) -> None:
    found = backwards([ADA.id], depth)
    assert names(found) == {"ada"}
    (agent,) = found.agents
    assert (agent.name, agent.type, agent.comment) == (ADA.name, ADA.type, ADA.comment)
    assert (agent.affiliation, agent.url) == (ADA.affiliation, ADA.url)
    assert (agent.email, agent.phone, agent.address) == (None, None, None)


def test_forward_goes_to_what_the_agent_is_responsible_for_then_to_what_became_of_it() -> None:
    assert names(forwards([ADA.id], 0)) == {"ada"}
    assert names(forwards([ADA.id], 1)) == {"ada", "job", "spectrum"}
    assert names(forwards([ADA.id], 2)) == {"ada", "job", "spectrum", "image", "fit", "later"}
    whole = forwards([ADA.id], None)
    assert names(whole) == {"ada", "job", "spectrum", "image", "fit", "later", "step"}
    assert names(forwards([ADA.id, RAW], 1)) == {"ada", "job", "spectrum", "raw", "image"}
    for found in (forwards([ADA.id], 1), whole):
        (job,) = (a for a in found.activities if a.id == JOB)
        assert [(part.agent.id, part.role) for part in job.agents] == [
            (ADA.id, "Operator"), (SOFTWARE.id, "Operator"),
        ]  # fmt: skip


def test_hidden_work_and_those_who_did_nothing_else_stay_unknown(client: Client) -> None:
    for identifier in (SECRET.id, "ivo://x/agent?none"):
        answer = client.get("/provsap", {"ID": identifier})
        assert answer.status_code == 404
        assert "nothing public is known" in answer.text
    assert {"hidden", "none"}.isdisjoint(names(forwards([ADA.id], None)))
    client.force_login(get_user_model().objects.create_superuser("root", "r@example.org", "x"))
    told = ask(client, ID=SECRET.id, DIRECTION="FORWARD", RESPONSEFORMAT="json")
    assert "activity:hidden" in told.json()["activity"]


@pytest.mark.parametrize(("direction", "agents"), [*product(("BACK", "FORWARD"), "01")])
def test_every_format_tells_of_the_agent_and_of_what_it_is_responsible_for(
    client: Client, direction: str, agents: str
) -> None:
    asked = {"DIRECTION": direction, "AGENTS": agents}
    for form in FORMATS:
        for model in form.models:
            answer = ask(client, **asked, RESPONSEFORMAT=form.name, MODEL=model)
            if form.name == "PROV-PNG":
                assert answer.content.startswith(b"\x89PNG")
                continue
            where = f"{form.name} {model}"
            assert "Ada Lovelace" in answer.text, where
            assert ("vo_server 1" in answer.text) == (direction == "FORWARD" and agents == "1")
            assert "ada@example.org" not in answer.text
            for word in ("job", "Creator", "Operator"):
                assert (word in answer.text) == (direction == "FORWARD"), where
            for word in (ADA.affiliation, ADA.comment, ADA.url):
                assert str(word) in answer.text.replace("\\u0027", "'"), where


# rdflib's own reader of JSON-LD uses a class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize("direction", ["BACK", "FORWARD"])
def test_every_document_reads_back_equal_and_those_of_the_w3c_are_valid(
    client: Client, direction: str
) -> None:
    from voprov.serializers.provjson import VOProvJSONSerializer

    found = (backwards if direction == "BACK" else forwards)([ADA.id], 1)
    ours, theirs, graph = serialisation.document(found), w3c.document(found), rdf.graph(found)
    told = {
        (form, model): ask(client, DIRECTION=direction, RESPONSEFORMAT=form, MODEL=model)
        for form, model in product(WORDED, ("IVOA", "W3C"))
        if (form, model) != ("PROV-VOTABLE", "W3C")
    }
    ours_read = VOProvJSONSerializer(None).deserialize(io.StringIO(told["PROV-JSON", "IVOA"].text))
    assert ours_read == ours
    assert next(iter(json.loads(told["PROV-JSON", "IVOA"].text)["agent"])) == "agent:ada"
    assert read_voprov_xml(told["PROV-XML", "IVOA"].text) == statements(ours)
    check_prov_json(told["PROV-JSON", "W3C"].text)
    check_prov_xml(told["PROV-XML", "W3C"].content)
    assert ProvDocument.deserialize(content=told["PROV-JSON", "W3C"].text, format="json") == theirs
    read = ProvXMLSerializer().deserialize(io.BytesIO(told["PROV-XML", "W3C"].content))
    assert read == theirs
    assert violations(theirs) == []
    for model, document in (("IVOA", ours), ("W3C", theirs)):
        notation = prov_notation.read_notation(told["PROV-N", model].text)
        assert notation == prov_notation.statements(document)
    for form, parser in (("PROV-TURTLE", "turtle"), ("PROV-JSONLD", "json-ld")):
        data = told[form, "IVOA"].text
        assert isomorphic(rdflib.Graph().parse(data=data, format=parser), graph)
    votable = parse(io.BytesIO(told["PROV-VOTABLE", "IVOA"].content), verify="exception")
    tables = {table.name.removeprefix("provenance."): table for table in votable.iter_tables()}
    related = {"activity", "entity", "was_associated_with", "was_attributed_to"}
    assert set(tables) == {"agent"} | (related if direction == "FORWARD" else set())
    assert tables["agent"].array["id"][0] == ADA.id


def test_the_picture_shows_the_agent_by_itself_and_bold(client: Client) -> None:
    for direction in ("BACK", "FORWARD"):
        root = etree.fromstring(ask(client, ID=SOFTWARE.id, DIRECTION=direction).content)
        assert "vo_server 1" in (root.get("aria-label") or "")
        (house,) = (
            node
            for node in root.iter("{http://www.w3.org/2000/svg}g")
            if node.get("class") == "node"
            and any("vo_server 1" in (text.text or "") for text in node.iter("{*}text"))
        )
        assert house.find(".//{*}polygon").get("stroke-width") == "2.5"
        lines = [g for g in root.iter("{http://www.w3.org/2000/svg}g") if g.get("class") == "edge"]
        # to its three activities, and one from the job to Ada
        assert len(lines) == (4 if direction == "FORWARD" else 0)


def test_what_others_did_is_not_drawn_with_what_the_agent_did() -> None:
    raws = [f"ivo://x/entity?r{number}" for number in range(20)]
    enter(
        [
            *(entity(raw) for raw in raws),
            *(activity(f"ivo://x/activity?same-{raw[-2:]}", raw, f"{raw}-made",
                       *((ADA,) if number < 9 else (SOFTWARE,)))
              for number, raw in enumerate(raws)),
            *(entity(f"{raw}-made") for raw in raws),
        ]
    )  # fmt: skip
    found = forwards([ADA.id, *raws], 1)
    for group in fold(found).groups:
        hers = {any(p.agent.id == ADA.id for p in a.agents) for a in group.activities}
        assert len(hers) <= 1


def test_without_agents_the_one_that_was_asked_for_is_told_with_its_part(client: Client) -> None:
    told = ask(client, DIRECTION="FORWARD", AGENTS="0", RESPONSEFORMAT="json").json()
    assert list(told["agent"]) == ["agent:ada"]
    assert [a["prov:agent"] for a in told["wasAssociatedWith"].values()] == ["agent:ada"]
    assert [a["prov:agent"] for a in told["wasAttributedTo"].values()] == ["agent:ada"]


def test_an_agent_of_more_than_a_document_takes_is_refused_in_words_that_help(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_ENTITIES", 2)
    answer = client.get("/provsap", {"ID": SOFTWARE.id, "DIRECTION": "FORWARD"})
    assert answer.status_code == 400
    assert "one step has more than 2 activities" in answer.text
    assert "provenance.was_associated_with" in answer.text
    assert ask(client, ID=SOFTWARE.id, DIRECTION="BACK", DEPTH="ALL").status_code == 200


def test_the_cap_of_an_agents_answer_is_said_as_that_of_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "MOST_ENTITIES", 2)
    for form in FORMATS:
        answer = ask(client, DIRECTION="FORWARD", DEPTH="ALL", RESPONSEFORMAT=form.name)
        assert "The server stopped after 1 step" in answer.headers["ProvSAP-Cut"]


def test_who_has_thousands_of_things_is_asked_of_no_more_rows_than_a_document_takes(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr(history, "MOST_ENTITIES", 50)
    enter(
        [
            ActivityRecord(f"ivo://x/activity?{number}", "x",
                           agents=(InvolvedRecord(SOFTWARE, "a"), InvolvedRecord(SOFTWARE, "b")),
                           public=True)
            for number in range(200)
        ]
    )  # fmt: skip
    with (
        django_assert_max_num_queries(6) as queries,
        pytest.raises(history.DaliError, match="more than 50 activities"),
    ):
        forwards([SOFTWARE.id], None)
    asked = [query["sql"] for query in queries.captured_queries if "associated" in query["sql"]]
    assert asked
    assert all("LIMIT 51" in query for query in asked)
