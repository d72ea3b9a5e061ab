"""The page about an entity, an activity or an agent."""

from datetime import UTC, datetime, timedelta
from html import unescape
from re import findall
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from provenance import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    ConfigFileRecord,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
    ParameterRecord,
    UsedRecord,
)
from provenance.provsap import FORMATS
from provenance.store import enter
from provenance.validity import mark_bad

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
EVENTS = "ivo://x/archive?scw/0665/066500330010.001/isgri_events"
PRODUCT = "ivo://x/product?mosaic"
JOB = "ivo://x/activity?job"
ADA = AgentRecord("ivo://x/agent?ada", "Ada", AgentType.PERSON, email="ada@example.org")


@pytest.fixture(autouse=True)
def recorded() -> None:
    enter(
        [
            EntityRecord(EVENTS, name="events", location="scw/e.fits", public=True),
            EntityRecord(
                PRODUCT, name="<b>mosaic</b>.fits", checksum="sha256:1", generated_at=NOON,
                description="mosaic", attributed_to=(InvolvedRecord(ADA, "creator"),), public=True,
            ),
            ActivityRecord(
                JOB, "isgri_image", version="0.1", start=NOON, end=NOON + timedelta(seconds=12),
                used=(UsedRecord(EntityRecord.reference(EVENTS), "events", NOON),),
                generated=(GeneratedRecord(EntityRecord.reference(PRODUCT), "mosaic"),),
                agents=(InvolvedRecord(ADA, "operator"),),
                parameters=(
                    ParameterRecord("E1_keV", "20", "double", "keV", None, "Least energy"),),
                private_comment="Ran on secret-host.", public=True,
            ),
            EntityRecord("ivo://x/entity?hidden"),
        ]
    )  # fmt: skip


def page(client: Client, identifier: str) -> str:
    answer = client.get("/provenance", {"ID": identifier})
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    return answer.text


def test_the_page_of_a_product_tells_what_it_is_how_it_was_made_and_from_what(
    client: Client,
) -> None:
    text = page(client, PRODUCT)
    assert "<b>mosaic</b>" not in text
    assert "&lt;b&gt;mosaic&lt;/b&gt;.fits" in text
    assert "isgri_image</a>, version 0.1" in text
    assert "in 12.0 s" in text
    assert "E1_keV" in text
    assert "Least energy" in text
    assert "keV" in text
    assert f'/provenance?ID={quote(EVENTS, safe="")}"' in text
    assert "PROV-VOTABLE" in text
    assert "provenance.lineage" in text
    assert "1 × DatasetEntity" in text


def test_long_values_are_folded_and_files_of_settings_shown(client: Client) -> None:
    windows = ",".join(f"0665{number:08d}.001" for number in range(50))
    enter(
        [
            ActivityRecord(
                "ivo://x/activity?long", "work", public=True,
                parameters=(ParameterRecord("scw_list", windows), ParameterRecord("short", "s")),
                config_files=(ConfigFileRecord("image.par", "pfiles/image.par"),),
            )
        ]
    )  # fmt: skip
    text = page(client, "ivo://x/activity?long")
    assert f"<details><summary>50 values: {windows[:40]} …</summary>{windows}</details>" in text
    assert text.count("<details>") == 1
    assert "pfiles/image.par" in text


def test_an_activity_and_an_agent_have_pages_too(client: Client) -> None:
    text = page(client, JOB)
    assert "What it made" in text
    assert "secret-host" not in text
    text = page(client, ADA.id)
    assert "Person" in text
    assert "isgri_image" in text
    assert "ada@example.org" not in text


def test_the_page_of_an_agent_links_to_what_programs_read(client: Client) -> None:
    links = [
        unescape(link) for link in findall(r'href="([^"]*/provsap[^"]*)"', page(client, ADA.id))
    ]
    assert len(links) == 1 + len(FORMATS)
    for link in links:
        answer = client.get(link.removeprefix(settings.SITE_URL))
        assert answer.status_code == 200
        assert ("isgri_image" in answer.content.decode(errors="replace")) == ("FORWARD" in link)


def test_administrators_are_told_hosts_and_addresses(client: Client) -> None:
    client.force_login(get_user_model().objects.create_superuser("root", "r@example.org", "x"))
    assert "secret-host" in page(client, JOB)
    assert "ada@example.org" in page(client, ADA.id)
    assert "not public" in page(client, "ivo://x/entity?hidden")


def test_bad_data_are_told_on_top(client: Client) -> None:
    mark_bad(EVENTS, "the mask was closed", authority="x")
    text = page(client, EVENTS)
    assert "These data are bad" in text
    assert "the mask was closed" in text


@pytest.mark.parametrize("identifier", ["", "ivo://x/entity?hidden", "ivo://x/none", "\0"])
def test_what_is_hidden_or_unknown_is_not_found_alike(client: Client, identifier: str) -> None:
    answer = client.get("/provenance", {"ID": identifier})
    assert answer.status_code == 404
    assert "Nothing is known" in answer.text


@pytest.mark.parametrize(
    ("table", "identifier"), [("entity", PRODUCT), ("activity", JOB), ("agent", ADA.id)]
)
def test_the_addresses_in_the_tables_lead_to_a_page_and_a_document(
    client: Client, table: str, identifier: str
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT page_url, provsap_url FROM provenance.{table} WHERE id = %s",
            [identifier],
        )
        page_url, provsap_url = cursor.fetchone()
    for url in (page_url, provsap_url):
        path = url.removeprefix("http://").partition("/")[2]
        assert client.get(f"/{path}").status_code == 200
