"""People are shown by the name that they chose, and never by an address."""

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model

from auth.principal import ANONYMOUS, of_user
from auth.shown_names import shown_name
from provenance import ActivityRecord, InvolvedRecord, agents
from provenance.models import Agent
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
