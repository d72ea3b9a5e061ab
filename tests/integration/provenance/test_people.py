"""People are shown by the name that they chose, and never by an address."""

import asyncio
import threading
import time
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction
from django.test import AsyncClient, Client

from auth.principal import ANONYMOUS, of_user
from auth.shown_names import choose_name, shown_name
from provenance import ActivityRecord, InvolvedRecord, agents
from provenance.models import Agent
from provenance.people import call_by_present_name
from provenance.store import enter

pytestmark = pytest.mark.django_db


def test_a_person_goes_by_the_full_name_else_by_the_accounts_without_its_domain() -> None:
    create = get_user_model().objects.create_user
    assert shown_name(of_user(create("ada"))) == "ada"
    assert (
        shown_name(of_user(create("b", first_name="Grace", last_name="Hopper"))) == "Grace Hopper"
    )
    assert shown_name(of_user(create("c@example.org"))) == "c"
    assert shown_name(ANONYMOUS) == "somebody"


def test_a_new_name_is_seen_in_what_was_recorded_before() -> None:
    user = get_user_model().objects.create_user("ada", email="ada@example.org")
    person = agents.person(settings.VO_AUTHORITY, shown_name(of_user(user)), user.pk)
    assert "ada" not in person.id
    enter([ActivityRecord("a:1", "x", agents=(InvolvedRecord(person, "operator"),), public=True)])
    user.first_name, user.last_name = "Ada", "Lovelace"
    user.save()
    assert Agent.objects.get(identifier=person.id).name == "Ada Lovelace"
    assert not Agent.objects.exclude(email=None).exists()


def test_under_whichever_authority_somebody_was_recorded_the_name_follows(
    client: Client,
) -> None:
    user = get_user_model().objects.create_user("ada")
    for number, authority in enumerate(("old.example", settings.VO_AUTHORITY)):
        person = agents.person(authority, shown_name(of_user(user)), user.pk)
        involved = (InvolvedRecord(person, "operator"),)
        enter([ActivityRecord(f"a:{number}", "x", agents=involved, public=True)])
    client.force_login(user)
    for name in ("Ada Lovelace", "ada", "Ada Lovelace"):
        assert client.post("/api/account", {"name": name}).json()["name"] == name
        assert list(Agent.objects.filter(type="Person").values_list("name", flat=True)) == [
            name, name,
        ]  # fmt: skip


def test_everybody_chooses_the_name_that_others_see(client: Client) -> None:
    user = get_user_model().objects.create_user("ada@example.org", "ada@example.org")
    person = agents.person(settings.VO_AUTHORITY, shown_name(of_user(user)), user.pk)
    enter([ActivityRecord("a:1", "x", agents=(InvolvedRecord(person, "operator"),), public=True)])
    for refused in (client.get("/api/account"), client.post("/api/account", {"name": "Mallory"})):
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"].startswith("Basic realm=")
    client.force_login(user)
    assert client.get("/api/account").json() == {"account": "ada@example.org", "name": "ada"}
    chosen = client.post("/api/account", {"name": " Ada Lovelace "})
    assert chosen.json()["name"] == "Ada Lovelace"
    assert Agent.objects.get(identifier=person.id).name == "Ada Lovelace"
    assert client.post("/api/account", {"name": ""}).json()["name"] == "ada"
    assert Agent.objects.get(identifier=person.id).name == "ada"


def test_an_answer_that_asks_to_sign_in_says_how_in_the_asynchronous_chain_too() -> None:
    async def visit() -> Any:
        return await AsyncClient().get("/api/account")

    refused = asyncio.run(visit())
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"].startswith("Basic realm=")


@pytest.mark.parametrize(
    "name",
    [
        "ada@example.org",
        "x" * 151,
        "Ada\nLovelace",
        "Ada\x00",
        "Ada\u200bL",
        "Ada\N{VARIATION SELECTOR-16} L",
        "Ada\N{COMBINING GRAPHEME JOINER} L",
        "\N{BRAILLE PATTERN BLANK}",
        "\N{HANGUL FILLER}",
        "...",
        "Ad\N{CYRILLIC SMALL LETTER A} L",
        "\N{GREEK CAPITAL LETTER ALPHA}da L",
    ],
)
def test_a_name_is_one_line_that_can_be_seen_in_one_alphabet_and_no_address(
    client: Client, name: str
) -> None:
    user = get_user_model().objects.create_user("ada")
    client.force_login(user)
    answer = client.post("/api/account", {"name": name})
    assert answer.status_code == 400
    assert b"name: " in answer.content
    assert shown_name(of_user(user)) == "ada"


@pytest.mark.parametrize(
    "name",
    [
        f"Operators of {settings.VO_AUTHORITY}",
        f"operators  OF {settings.VO_AUTHORITY}",
        "vo_server 99.9",
        "NumPy 2",
        "grace  HOPPER",
        "Ｇrace Hopper",
        "bob",
    ],
)
def test_nobody_can_go_by_the_name_of_another(client: Client, name: str) -> None:
    create = get_user_model().objects.create_user
    user = create("ada")
    create("g", first_name="Grace", last_name="Hopper")
    create("bob@example.org")
    numpy = agents.software(settings.VO_AUTHORITY, "numpy", "2")
    enter([ActivityRecord("a:1", "x", agents=(InvolvedRecord(numpy, "software"),))])
    client.force_login(user)
    answer = client.post("/api/account", {"name": name})
    assert answer.status_code == 400
    assert b"else is called" in answer.content
    assert shown_name(of_user(user)) == "ada"


@pytest.mark.parametrize("unseen", ["\ufe0f", "\u034f", "\u3164", "\u2800", "\U000e0101"])
def test_a_name_of_another_that_has_unseen_signs_is_no_other_name(
    client: Client, unseen: str
) -> None:
    create = get_user_model().objects.create_user
    create("g", first_name=f"Grace{unseen} Hopper")
    client.force_login(create("ada"))
    assert client.post("/api/account", {"name": "Grace Hopper"}).status_code == 400


@pytest.mark.parametrize("name", ["Ἀριστοτέλης 2", "Софья Ковалевская", "仁科 Yoshio", "Ødegård-Ñ"])
def test_names_of_all_alphabets_can_be_chosen(client: Client, name: str) -> None:
    client.force_login(get_user_model().objects.create_user("ada"))
    assert client.post("/api/account", {"name": name}).json()["name"] == name


def test_an_older_record_does_not_bring_back_a_name_that_was_given_up() -> None:
    user = get_user_model().objects.create_user("ada", first_name="Ada")
    person = agents.person(settings.VO_AUTHORITY, "Ada", user.pk)
    enter([ActivityRecord("a:1", "x", agents=(InvolvedRecord(person, "operator"),), public=True)])
    choose_name(user, "")
    enter([ActivityRecord("a:2", "x", agents=(InvolvedRecord(person, "operator"),), public=True)])
    assert Agent.objects.get(identifier=person.id).name == "ada"


def test_a_name_that_is_given_up_while_its_record_is_entered_does_not_stay(
    transactional_db: None,
) -> None:
    user = get_user_model().objects.create_user("ada", first_name="Ada")
    person = agents.person(settings.VO_AUTHORITY, "Ada", user.pk)

    def give_up() -> None:
        choose_name(user, "")
        connections.close_all()

    giving_up = threading.Thread(target=give_up)
    with transaction.atomic(), connection.cursor() as cursor:
        enter([ActivityRecord("a:1", "x", agents=(InvolvedRecord(person, "operator"),))])
        call_by_present_name(user.pk)
        giving_up.start()
        waiting = 0
        while not waiting and giving_up.is_alive():
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database"
                " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
            )
            ((waiting,),) = cursor.fetchall()
            time.sleep(0.01)
    giving_up.join()
    assert Agent.objects.get(identifier=person.id).name == "ada"


def test_one_s_own_name_can_be_chosen_again_and_spaces_count_once(client: Client) -> None:
    user = get_user_model().objects.create_user("ada")
    client.force_login(user)
    for name in ("Ada   Lovelace", "ADA Lovelace", "Ada Lovelace", "ada"):
        person = agents.person(settings.VO_AUTHORITY, shown_name(of_user(user)), user.pk)
        enter([ActivityRecord("a:1", "x", agents=(InvolvedRecord(person, "operator"),))])
        answer = client.post("/api/account", {"name": name})
        assert answer.json()["name"] == " ".join(name.split())


def test_a_name_can_not_be_chosen_for_somebody_else_from_elsewhere() -> None:
    user = get_user_model().objects.create_user("ada")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    answer = client.post(
        "/api/account", {"name": "Mallory"}, headers={"Origin": "https://mallory.example"}
    )
    assert answer.status_code == 403
