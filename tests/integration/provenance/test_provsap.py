"""ProvSAP: history read back, written as documents, refused where it is asked wrongly."""

import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.test import Client
from voprov.serializers.provjson import VOProvJSONSerializer

from dali.errors import DaliError, NotFoundError
from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    EntityClass,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    Status,
    UsedRecord,
    history,
    serialisation,
)
from provenance.history import backwards
from provenance.store import enter

pytestmark = pytest.mark.django_db

EVENTS = "ivo://x/archive?scw/0665/066500330010.001/isgri_events"
IMAGE = "ivo://x/entity?image"
MOSAIC = "ivo://x/product?mosaic"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def reference(identifier: str, role: str | None = None) -> UsedRecord:
    return UsedRecord(EntityRecord.reference(identifier), role, NOON)


def made(identifier: str, role: str | None = None) -> GeneratedRecord:
    return GeneratedRecord(EntityRecord.reference(identifier), role)


SOFTWARE = InvolvedRecord(
    AgentRecord("ivo://x/agent?vo_server-1", "vo_server 1", AgentType.SOFTWARE), "software"
)
IMAGING = ActivityRecord(
    "ivo://x/activity?1",
    "image",
    version="2",
    start=NOON,
    end=NOON,
    used=(reference(EVENTS, "events"),),
    generated=(made(IMAGE, "image"),),
    agents=(SOFTWARE,),
    parameters=(ParameterRecord("E1_keV", "20", "double", unit="keV", description="From"),),
    public=True,
)
MOSAICKING = ActivityRecord(
    "ivo://x/activity?2",
    "mosaic",
    status=Status.FAILED,
    used=(reference("ivo://x/entity?images"), reference(IMAGE)),
    generated=(made(MOSAIC),),
    informants=(IMAGING.id,),
    public=True,
)
ENTITIES = (
    EntityRecord(EVENTS, name="events", location="scw/0665/e.fits", public=True),
    EntityRecord(
        IMAGE, checksum="sha256:1", step_identity="s", content_type="application/fits", public=True
    ),
    EntityRecord(
        "ivo://x/entity?images",
        entity_class=EntityClass.COLLECTION,
        members=(IMAGE, "ivo://x/entity?threshold"),
        public=True,
    ),
    EntityRecord(
        "ivo://x/entity?threshold", entity_class=EntityClass.VALUE, value="7", public=True
    ),
    EntityRecord(
        MOSAIC,
        name="mosaic",
        derived_from=(EVENTS,),
        attributed_to=(SOFTWARE,),
        generated_at=NOON,
        public=True,
    ),
)


@pytest.fixture(autouse=True)
def chain() -> None:
    """Events, image, mosaic, and something private."""
    enter([*ENTITIES, IMAGING, MOSAICKING])
    enter(
        [
            ActivityRecord("ivo://x/activity?secret", "x", used=(reference(EVENTS),)),
            EntityRecord("ivo://x/entity?secret"),
        ]
    )


def identifiers(found: history.History) -> set[str]:
    records: list[ActivityRecord | EntityRecord] = [*found.activities, *found.entities]
    return {record.id.partition("?")[2] for record in records}


def test_the_whole_history_is_read_back_as_it_was_entered() -> None:
    found = backwards([MOSAIC], None)
    assert {record.id: record for record in found.activities} == {
        IMAGING.id: IMAGING,
        MOSAICKING.id: MOSAICKING,
    }
    assert {record.id: record for record in found.entities} == {e.id: e for e in ENTITIES}


def test_depth_counts_the_activities_between() -> None:
    events = "scw/0665/066500330010.001/isgri_events"
    assert identifiers(backwards([MOSAIC], 0)) == {"mosaic"}
    assert identifiers(backwards([IMAGE], 1)) == {"image", "1", events}
    assert identifiers(backwards([MOSAIC], 1)) == {"mosaic", "2", "images", "image", events}
    assert identifiers(backwards([MOSAIC], 2)) == {
        "mosaic", "2", "images", "image", events, "1", "threshold",
    }  # fmt: skip
    assert identifiers(backwards([IMAGING.id], 1)) == {"1", events}
    assert identifiers(backwards([EVENTS], None)) == {events}


def test_relations_name_nothing_outside_the_part_that_was_asked_for() -> None:
    (mosaicking,) = backwards([MOSAIC], 1).activities
    assert mosaicking == replace(MOSAICKING, informants=())
    (mosaic,) = backwards([MOSAIC], 0).entities
    assert mosaic.derived_from == ()


@pytest.mark.parametrize(
    "identifier", ["ivo://x/entity?secret", "ivo://x/activity?secret", "ivo://x/entity?none", ""]
)
def test_what_is_private_or_unknown_is_not_found_alike(identifier: str) -> None:
    with pytest.raises(NotFoundError, match="nothing public is known"):
        backwards([identifier])


def test_a_step_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_ENTITIES", 3)
    with pytest.raises(DaliError, match=r"provenance\.lineage"):
        backwards([MOSAIC], None)


@pytest.mark.parametrize("limit", ["MOST_ENTITIES", "MOST_STEPS"])
def test_a_history_that_is_too_long_ends_early_and_the_answer_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(history, limit, 4 if limit == "MOST_ENTITIES" else 1)
    one = backwards([MOSAIC], 1)
    for form in ("PROV-N", "PROV-XML", "PROV-TURTLE", "PROV-VOTABLE", "PROV-SVG"):
        asked = {"ID": MOSAIC, "DEPTH": "ALL", "RESPONSEFORMAT": form, "MEMBERS": "1"}
        answer = client.get("/provsap", asked)
        assert answer.status_code == 200
        assert "The server" in answer.headers["ProvSAP-Cut"]
        assert "The server" in answer.text, form
    for form in ("PROV-JSON", "PROV-JSONLD"):
        # which have no place for it: the header alone says so, to pages of other origins too
        asked = {"ID": MOSAIC, "DEPTH": "ALL", "RESPONSEFORMAT": form, "MEMBERS": "1"}
        answer = client.get("/provsap", asked)
        assert "The server" in answer.headers["ProvSAP-Cut"]
        assert "The server" not in answer.text
    drawn = {"ID": MOSAIC, "RESPONSEFORMAT": "PROV-PNG", "MEMBERS": "1"}
    ended, same = (client.get("/provsap", {**drawn, "DEPTH": depth}) for depth in ("ALL", "1"))
    assert "The server" in ended.headers["ProvSAP-Cut"]
    # the same picture but for the words below it
    assert ended.content != same.content
    cut = backwards([MOSAIC], None)
    assert cut.cut
    assert identifiers(cut) == identifiers(one)
    assert "ProvSAP-Cut" not in client.get("/provsap", {"ID": MOSAIC}).headers


def test_prov_json_has_every_record_and_reads_back_equal(client: Client) -> None:
    answer = client.get(
        "/provsap", {"ID": MOSAIC, "DEPTH": "ALL", "RESPONSEFORMAT": "PROV-JSON", "MEMBERS": "1"}
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    content = json.loads(answer.content)
    assert content["activity"]["activity:2"]["voprov:status"] == "failed"
    prefixes = content["prefix"]
    (events,) = [n for n in content["datasetEntity"] if n.endswith("isgri_events")]
    prefix, _, local = events.partition(":")
    assert prefixes[prefix] + local == EVENTS
    assert content["datasetEntity"][events]["voprov:location"] == "scw/0665/e.fits"
    assert {(u["prov:activity"], u["prov:entity"]) for u in content["used"].values()} == {
        ("activity:1", events),
        ("activity:2", "entity:images"),
        ("activity:2", "entity:image"),
    }
    assert [g["prov:entity"] for g in content["wasGeneratedBy"].values()] == [
        "entity:image",
        "product:mosaic",
    ]
    assert {m["prov:entity"] for m in content["hadMember"].values()} == {
        "entity:image",
        "entity:threshold",
    }
    assert [d["prov:usedEntity"] for d in content["wasDerivedFrom"].values()] == [events]
    assert [i["prov:informant"] for i in content["wasInformedBy"].values()] == ["activity:1"]
    assert [p["prov:value"] for p in content["parameter"].values()] == ["20"]
    assert list(content["agent"]) == ["agent:vo_server-1"]
    written = serialisation.document(backwards([MOSAIC], None))
    assert VOProvJSONSerializer(None).deserialize(io.StringIO(answer.text)) == written


def test_prov_n_is_for_people(client: Client) -> None:
    text = client.get("/provsap", {"id": MOSAIC, "responseformat": "PROV-N"}).text
    assert text.startswith("document\n")
    assert "wasGeneratedBy(product:mosaic, activity:2, -)" in text
    assert "activity:1" not in text


def test_agents_and_configuration_can_be_left_out(client: Client) -> None:
    def asked(**switches: str) -> set[str]:
        asked = {"ID": MOSAIC, "DEPTH": "ALL", "RESPONSEFORMAT": "json", **switches}
        return set(client.get("/provsap", asked).json())

    everything = asked()
    assert {"agent", "wasAssociatedWith", "wasAttributedTo", "parameter"} <= everything
    for name in ("AGENTS", "AGENT"):
        assert everything - asked(**{name: "0"}) == {
            "agent", "wasAssociatedWith", "wasAttributedTo",
        }  # fmt: skip
    assert everything - asked(CONFIGURATION="0") == {"parameter", "wasConfiguredBy"}


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 400, "ID: missing"),
        ("ID=ivo://x/entity?none", 404, "nothing public is known"),
        (f"ID={IMAGE}&DEPTH=-1", 400, "DEPTH: &#39;-1&#39;|DEPTH: '-1'"),
        (f"ID={IMAGE}&DEPTH=two", 400, "neither a number of steps nor ALL"),
        (f"ID={IMAGE}&DEPTH=1&depth=2", 400, "given 2 times"),
        (f"ID={IMAGE}&DIRECTION=SIDEWAYS", 400, "only BACK, FORWARD"),
        (f"ID={IMAGE}&DIRECTION=BACK&direction=BACK", 400, "given 2 times"),
        (f"ID={IMAGE}&RESPONSEFORMAT=PROV-PDF", 400, "only PROV-SVG, PROV-PNG, PROV-JSON"),
        (f"ID={IMAGE}&RESPONSEFORMAT=PROV-N&RESPONSEFORMAT=PROV-N", 400, "given 2 times"),
        (f"ID={IMAGE}&MODEL=OPM", 400, "only IVOA, W3C"),
        (f"ID={IMAGE}&MODEL=W3C&RESPONSEFORMAT=votable", 400, "MODEL=IVOA only"),
        (f"ID={IMAGE}&DESCRIPTIONS=3", 400, "only 0, 1, 2"),
        (f"ID={IMAGE}&AGENTS=1&AGENT=1", 400, "another name of AGENTS"),
        (f"ID={IMAGE}&MEMBERS=true", 400, "only 0, 1"),
        (f"ID={IMAGE}&CONFIGURATION=2", 400, "only 1, 0"),
        (f"ID={IMAGE}&ATTRIBUTES=", 400, "only 1, 0"),
        ("ID=a&" * 101, 400, "at most 100"),
        ("ID=%00", 400, "U+0000"),
    ],
)
def test_what_is_asked_wrongly_is_refused_in_words(
    client: Client, query: str, status: int, words: str
) -> None:
    answer = client.get(f"/provsap?{query}")
    assert answer.status_code == status
    assert any(word in answer.text for word in words.split("|"))


def test_several_identifiers_give_one_document(client: Client) -> None:
    answer = client.get("/provsap", {"ID": [IMAGE, IMAGING.id, IMAGE], "RESPONSEFORMAT": "json"})
    assert list(answer.json()["activity"]) == ["activity:1"]
