"""Every format of ProvSAP: what is written says what was recorded, and reads back equal."""

import io
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
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
from rdflib.compare import isomorphic, to_isomorphic

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
from provenance.description_store import describe
from provenance.descriptions import (
    KindOfActivity,
    KindOfConfigFile,
    KindOfEntity,
    KindOfParameter,
    Role,
)
from provenance.history import backwards, forwards
from provenance.provsap import FORMATS
from provenance.store import enter

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENTS = "ivo://x/archive?scw/0665/066500330010.001/isgri_events"
EVIL = '<script>alert(1)</script> "quoted" \\N & ]]> \x07 é ✓'
PRODUCT = "ivo://x/product?mosaic"
COLLECTION = "ivo://x/collection?1"
SOFTWARE = InvolvedRecord(
    AgentRecord(
        "ivo://x/agent?vo_server-1", "vo_server 1", AgentType.SOFTWARE, url="https://x.org"
    ),
    "software",
)
ADA = InvolvedRecord(
    AgentRecord("ivo://x/agent?ada", EVIL, AgentType.PERSON, email="ada@example.org"), "operator"
)


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def made(identifier: str, role: str) -> GeneratedRecord:
    return GeneratedRecord(EntityRecord.reference(identifier), role)


def used(identifier: str, role: str, time: datetime) -> UsedRecord:
    return UsedRecord(EntityRecord.reference(identifier), role, time)


IMAGES = tuple(f"ivo://x/entity?image{n}" for n in range(6))
RECORDS: tuple[ActivityRecord | EntityRecord, ...] = (
    EntityRecord(EVENTS, name="events", location="scw/0665/e.fits", public=True),
    *(
        EntityRecord(image, name=f"image {n}", description="sky_image", generated_at=minutes(2),
                     checksum=f"sha256:{n}", step_identity="s", public=True)
        for n, image in enumerate(IMAGES)
    ),
    EntityRecord("ivo://x/entity?limit", entity_class=EntityClass.VALUE, value="7", public=True),
    EntityRecord(PRODUCT, name=EVIL, comment=EVIL, generated_at=minutes(4),
                 content_type="application/fits", derived_from=(IMAGES[0],),
                 description="mosaic", attributed_to=(ADA,), public=True),
    EntityRecord(COLLECTION, name="all", entity_class=EntityClass.COLLECTION,
                 members=(PRODUCT, IMAGES[0]), generated_at=minutes(4), public=True),
    *(
        ActivityRecord(f"ivo://x/activity?image{n}", "image", version="2", start=minutes(1),
                       end=minutes(2), used=(used(EVENTS, "events", minutes(1)),),
                       generated=(made(image, "sky_image"),), agents=(SOFTWARE,), public=True)
        for n, image in enumerate(IMAGES)
    ),
    ActivityRecord(
        "ivo://x/activity?mosaic", "mosaic", version="1", start=minutes(3), end=minutes(4),
        comment=EVIL,
        used=(*(used(image, "image", minutes(3)) for image in IMAGES),
              used("ivo://x/entity?limit", "limit", minutes(3))),
        generated=(made(PRODUCT, "mosaic"), made(COLLECTION, "all")),
        agents=(SOFTWARE, ADA),
        parameters=(ParameterRecord("E1_keV", "20", "double", unit="keV", ucd="em.energy"),
                    ParameterRecord("note", EVIL)),
        config_files=(ConfigFileRecord("osa.par", "osa/osa.par", "as delivered"),),
        informants=("ivo://x/activity?image0",), public=True,
    ),
    ActivityRecord("ivo://x/activity?failed", "image", version="2", status=Status.FAILED,
                   start=minutes(1), end=minutes(2), used=(used(EVENTS, "events", minutes(1)),),
                   public=True),
    ActivityRecord("ivo://x/activity?hidden", "secret job", used=(used(EVENTS, "events", NOON),),
                   generated=(made("ivo://x/entity?hidden", "x"),)),
)  # fmt: skip


@pytest.fixture(autouse=True)
def recorded() -> None:
    describe(
        [
            KindOfActivity(
                "mosaic",
                "1",
                "Adds images",
                docurl="https://example.org/mosaic",
                usages=(
                    Role("image", "A sky image", multiplicity="1..*", entities=("sky_image",)),
                ),
                generations=(Role("mosaic"),),
                parameters=(
                    KindOfParameter(
                        "E1_keV", "double", unit="keV", description="From", options=("20", "30")
                    ),
                ),
                config_files=(KindOfConfigFile("osa.par", "text/plain"),),
            )
        ],
        [
            KindOfEntity("sky_image", "An image", content_type="application/fits"),
            KindOfEntity("limit", value_type="double", ucd="stat.snr"),
            KindOfEntity("mosaic"),
        ],
    )
    enter(RECORDS)


@pytest.fixture(params=["BACK", "FORWARD"])
def asked(request: pytest.FixtureRequest) -> dict[str, str]:
    """All that there is, with all that is known of it, backwards and forwards."""
    start = COLLECTION if request.param == "BACK" else EVENTS
    return {"ID": start, "DEPTH": "ALL", "DIRECTION": request.param, "MEMBERS": "1",
            "DESCRIPTIONS": "2"}  # fmt: skip


def answer_of(client: Client, asked: dict[str, str], **more: str) -> Any:
    answer = client.get("/provsap", {**asked, **more})
    assert answer.status_code == 200, answer.text
    return answer


def history_of(asked: dict[str, str]) -> Any:
    walk = backwards if asked["DIRECTION"] == "BACK" else forwards
    return walk([asked["ID"]], None).described(2)


def test_the_ivoas_json_reads_back_equal(client: Client, asked: dict[str, str]) -> None:
    from voprov.serializers.provjson import VOProvJSONSerializer

    answer = answer_of(client, asked, RESPONSEFORMAT="PROV-JSON")
    read = VOProvJSONSerializer(None).deserialize(io.StringIO(answer.text))
    assert read == serialisation.document(history_of(asked))
    content = json.loads(answer.text)
    assert {"activityDescription", "parameterDescription", "configFile", "usageDescription",
            "datasetDescription", "isDescribedBy"} <= set(content)  # fmt: skip


def test_the_ivoas_xml_reads_back_equal(client: Client, asked: dict[str, str]) -> None:
    answer = answer_of(client, asked, RESPONSEFORMAT="PROV-XML")
    assert answer.headers["Content-Type"] == "application/xml"
    assert read_voprov_xml(answer.text) == statements(serialisation.document(history_of(asked)))


def test_w3cs_json_is_valid_and_reads_back_equal(client: Client, asked: dict[str, str]) -> None:
    answer = answer_of(client, asked, RESPONSEFORMAT="PROV-JSON", MODEL="W3C")
    check_prov_json(answer.text)
    read = ProvDocument.deserialize(content=answer.text, format="json")
    assert read == w3c.document(history_of(asked))
    assert not [n for n in json.loads(answer.text) if n not in (
        "prefix", "entity", "activity", "agent", "used", "wasGeneratedBy", "wasInformedBy",
        "wasDerivedFrom", "wasAttributedTo", "wasAssociatedWith", "hadMember")]  # fmt: skip


def test_w3cs_xml_is_valid_and_reads_back_equal(client: Client, asked: dict[str, str]) -> None:
    answer = answer_of(client, asked, RESPONSEFORMAT="PROV-XML", MODEL="W3C")
    check_prov_xml(answer.content)
    read = ProvXMLSerializer().deserialize(io.BytesIO(answer.content))
    assert read == w3c.document(history_of(asked))


def test_a_w3c_document_keeps_provs_constraints(asked: dict[str, str]) -> None:
    assert violations(w3c.document(history_of(asked))) == []


@pytest.mark.parametrize("model", ["IVOA", "W3C"])
def test_prov_n_reads_back_equal_and_names_every_record(
    client: Client, asked: dict[str, str], model: str
) -> None:
    text = answer_of(client, asked, RESPONSEFORMAT="PROV-N", MODEL=model).text
    room: Any = serialisation if model == "IVOA" else w3c
    document = room.document(history_of(asked))
    assert prov_notation.read_notation(text) == prov_notation.statements(document)
    assert text.startswith("document\n")
    assert text.rstrip().endswith("endDocument")
    history = history_of(asked)
    for relation, count in (
        ("used(", sum(len(a.used) for a in history.activities)),
        ("wasGeneratedBy(", sum(len(a.generated) for a in history.activities)),
        ("hadMember(", sum(len(e.members) for e in history.entities)),
        ("wasDerivedFrom(", sum(len(e.derived_from) for e in history.entities)),
    ):
        configured = 3 if model == "W3C" and relation == "used(" else 0
        assert text.count(f"  {relation}") == count + configured


# rdflib's own reader of JSON-LD uses a class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize(
    ("form", "parser"), [("text/turtle", "turtle"), ("application/ld+json", "json-ld")]
)
def test_rdf_reads_back_equal_and_answers_questions(
    client: Client, asked: dict[str, str], form: str, parser: str
) -> None:
    answer = answer_of(client, asked, RESPONSEFORMAT=form)
    assert answer.headers["Content-Type"].startswith(form)
    read = rdflib.Graph().parse(data=answer.text, format=parser)
    assert isomorphic(read, rdf.graph(history_of(asked)))
    found = read.query(
        "PREFIX prov: <http://www.w3.org/ns/prov#> SELECT DISTINCT ?image WHERE {"
        f" <{PRODUCT}> prov:wasGeneratedBy/prov:used ?image . ?image prov:wasGeneratedBy ?a }}"
    )
    assert {str(row[0]) for row in found} == set(IMAGES)


def test_the_votable_has_the_tables_of_provtap(client: Client, asked: dict[str, str]) -> None:
    answer = answer_of(client, asked, RESPONSEFORMAT="PROV-VOTABLE")
    document = parse(io.BytesIO(answer.content), verify="exception")
    tables = {table.name.removeprefix("provenance."): table for table in document.iter_tables()}
    history = history_of(asked)
    assert len(tables["activity"].array) == len(history.activities)
    assert len(tables["entity"].array) == len(history.entities)
    assert len(tables["used"].array) == sum(len(a.used) for a in history.activities)
    assert set(tables["parameter"].array["name"]) == {"E1_keV", "note"}
    assert tables["used"].get_field_by_id_or_name("role").utype == "voprov:Used.role"
    described = set(tables["parameter_description"].array["id"])
    assert described & set(tables["parameter"].array["parameter_description_id"])
    assert '["20", "30"]' in set(tables["parameter_description"].array["options"])
    for relation, reference, target in (
        ("used", "usage_description_id", "usage_description"),
        ("was_generated_by", "generation_description_id", "generation_description"),
        ("config_file", "config_file_description_id", "config_file_description"),
        ("usage_description_entity", "usage_description_id", "usage_description"),
        ("usage_description_entity", "entity_description_id", "entity_description"),
    ):
        named = {key for key in tables[relation].array[reference] if key}
        assert named, relation
        assert named <= set(tables[target].array["id"])
    stilts = subprocess.run(
        ["stilts", "votlint", "votable=-"], input=answer.content, capture_output=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert stilts.returncode == 0
    assert not [line for line in stilts.stdout.decode().splitlines() if "ERROR" in line]


def texts(svg: bytes) -> Iterator[str]:
    for element in etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        yield element.text or ""


def test_the_picture_is_the_default_and_folds_what_is_alike(client: Client) -> None:
    asked = {"ID": PRODUCT, "DEPTH": "ALL"}
    answer = answer_of(client, asked)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    words = list(texts(answer.content))
    assert "image × 6" in words or "image × 5" in words
    assert " asked for " in words or "asked for" in words
    root = etree.fromstring(answer.content)
    links = root.xpath("//@*[local-name()='href']")
    assert any("/provenance?ID=ivo%3A%2F%2Fx%2Fproduct%3Fmosaic" in link for link in links)
    assert root.get("role") == "img"
    assert "7 activities" in (root.get("aria-label") or "")


def test_a_picture_carries_no_script_of_the_data(client: Client) -> None:
    asked = {"ID": PRODUCT, "DEPTH": "ALL", "CONFIGURATION": "1"}
    answer = answer_of(client, asked)
    root = etree.fromstring(answer.content)
    assert {etree.QName(element).localname for element in root.iter(etree.Element)} <= {
        "svg", "g", "title", "a", "path", "polygon", "polyline", "ellipse", "text",
    }  # fmt: skip
    assert any("<script>" in words for words in texts(answer.content))  # as words
    assert not [name for element in root.iter(etree.Element) for name in element.attrib
                if name.lower().startswith("on")]  # fmt: skip


def test_attributes_and_agents_can_be_left_out_of_a_picture(client: Client) -> None:
    everything = " ".join(texts(answer_of(client, {"ID": PRODUCT}).content))
    assert "E1_keV = 20 keV" in everything
    bare = " ".join(texts(answer_of(client, {"ID": PRODUCT}, ATTRIBUTES="0", AGENTS="0").content))
    assert "E1_keV" not in bare
    assert "vo_server 1" in everything
    assert "vo_server 1" not in bare


def test_png_is_a_picture(client: Client) -> None:
    answer = answer_of(client, {"ID": PRODUCT, "DEPTH": "ALL"}, RESPONSEFORMAT="PROV-PNG")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_forward_finds_what_became_of_data_but_nothing_hidden(client: Client) -> None:
    asked = {"ID": EVENTS, "DIRECTION": "FORWARD", "RESPONSEFORMAT": "json", "DEPTH": "ALL"}
    text = answer_of(client, asked).text
    assert "product:mosaic" in text
    assert "activity:failed" in text
    assert "hidden" not in text
    assert len(forwards([EVENTS], 1).activities) == 7
    assert [e.id for e in forwards([EVENTS], 1).entities if e.id == PRODUCT] == []


def test_administrators_see_what_is_hidden(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("root", "r@example.org", "x"))
    asked = {"ID": EVENTS, "DIRECTION": "FORWARD", "RESPONSEFORMAT": "json"}
    assert "activity:hidden" in answer_of(client, asked).text


def test_members_are_followed_on_demand_only(client: Client) -> None:
    asked = {"ID": COLLECTION, "RESPONSEFORMAT": "PROV-N", "DEPTH": "1"}
    assert "hadMember(" in answer_of(client, asked, MEMBERS="1").text
    found = answer_of(client, asked, MEMBERS="0").text
    assert "product:mosaic" not in found.split("wasGeneratedBy")[0] or "hadMember" not in found


def test_descriptions_come_in_three_amounts(client: Client) -> None:
    def kinds(level: str) -> set[str]:
        asked = {"ID": PRODUCT, "DEPTH": "ALL", "RESPONSEFORMAT": "json"}
        return {name for name in answer_of(client, asked, DESCRIPTIONS=level).json()
                if name.endswith("Description")}  # fmt: skip

    assert kinds("0") == set()
    assert kinds("1") == {"activityDescription"}
    assert kinds("2") == {"activityDescription", "usageDescription", "generationDescription",
                          "parameterDescription", "configFileDescription", "entityDescription",
                          "datasetDescription"}  # fmt: skip
    amounts = [len(kinds(level)) for level in "012"]
    assert all(less < more for less, more in pairwise(amounts))


# rdflib's own reader of JSON-LD uses a class that rdflib deprecates
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_each_parameter_changes_the_formats_that_it_is_for_and_no_others(client: Client) -> None:
    """As docs/provenance.md has it in its table of parameters."""
    asked = {"ID": COLLECTION, "DEPTH": "ALL", "MEMBERS": "1", "DESCRIPTIONS": "2"}
    rdf_parsers = {"PROV-TURTLE": "turtle", "PROV-JSONLD": "json-ld"}

    def answers(**more: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for form in FORMATS:
            if more.get("MODEL", "IVOA") in form.models:
                said = answer_of(client, asked, RESPONSEFORMAT=form.name, **more)
                found[form.name] = said.content
                if parser := rdf_parsers.get(form.name):  # whose blank nodes have other names
                    found[form.name] = to_isomorphic(
                        rdflib.Graph().parse(data=said.content, format=parser)
                    )
        return found

    usual, pictures = answers(), {"PROV-SVG", "PROV-PNG"}
    every = {form.name for form in FORMATS}
    assert usual == answers()
    for parameter, value, changed in (
        ("MODEL", "W3C", {"PROV-JSON", "PROV-XML", "PROV-N"}),
        ("DESCRIPTIONS", "0", every - pictures),
        ("DESCRIPTIONS", "1", every - pictures),
        ("AGENTS", "0", every),
        ("CONFIGURATION", "0", every),
        ("ATTRIBUTES", "0", pictures),
    ):
        other = answers(**{parameter: value})
        assert {form for form in other if other[form] != usual[form]} == changed, parameter


def test_no_format_tells_an_email_address(client: Client, asked: dict[str, str]) -> None:
    for form in ("PROV-N", "PROV-JSON", "PROV-XML", "PROV-VOTABLE", "PROV-TURTLE", "PROV-JSONLD",
                 "PROV-SVG"):  # fmt: skip
        assert "ada@example.org" not in answer_of(client, asked, RESPONSEFORMAT=form).text


def test_a_question_may_come_by_post_and_with_names_in_any_case() -> None:
    client = Client(enforce_csrf_checks=True)
    get = client.get("/provsap", {"ID": PRODUCT, "RESPONSEFORMAT": "PROV-N"})
    post = client.post("/provsap", {"id": PRODUCT, "responseFormat": "text/provenance-notation"})
    assert post.status_code == 200
    assert post.content == get.content
    assert client.delete("/provsap").status_code == 405
