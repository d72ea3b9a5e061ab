"""What was entered before roles and types were those of the model is brought to today's words."""

import pytest
from migrating import migrate

from provenance import (
    ActivityRecord,
    AgentRecord,
    EntityRecord,
    GeneratedRecord,
    InvolvedRecord,
)
from provenance.agents import CREATOR, OPERATOR
from provenance.description_store import describe
from provenance.descriptions import KindOfActivity, KindOfEntity
from provenance.models import (
    ActivityDescription,
    EntityDescription,
    WasAssociatedWith,
    WasAttributedTo,
)
from provenance.store import enter

pytestmark = pytest.mark.django_db

ADA, BOB = (AgentRecord(f"ivo://x/agent?{name}", name.title()) for name in ("ada", "bob"))


@pytest.fixture
def before() -> None:
    """The tables as they were, before the migration."""
    migrate("provenance", "0007_hidden_activities_by_their_end")


def run(name: str, *roles: tuple[AgentRecord, str]) -> ActivityRecord:
    involved = tuple(InvolvedRecord(agent, role) for agent, role in roles)
    operators = tuple(i for i in involved if i.role not in ("creator", "Creator"))
    creators = tuple(i for i in involved if i.role in ("creator", "Creator"))
    made = EntityRecord(f"ivo://x/entity?{name}", attributed_to=creators)
    return ActivityRecord(
        f"ivo://x/activity?{name}", "work", agents=operators, generated=(GeneratedRecord(made),)
    )


@pytest.mark.usefixtures("before")
def test_roles_become_the_models_and_none_stands_twice() -> None:
    enter(
        [
            run("old", (ADA, "operator"), (BOB, "software"), (ADA, "creator")),
            run("both", (ADA, "operator"), (ADA, "Operator"), (ADA, "creator"), (ADA, "Creator")),
            run("two", (ADA, "operator"), (BOB, "Operator"), (ADA, "creator"), (BOB, "Creator")),
            run("new", (ADA, "Operator"), (ADA, "Creator")),
        ]
    )
    migrate("provenance", "0008_words_of_the_model")

    def told(relation: type[WasAssociatedWith | WasAttributedTo], end: str) -> set[object]:
        found = list(relation.objects.values_list(f"{end}__identifier", "agent__name", "role"))
        assert len(set(found)) == len(found)
        return {(identifier.rpartition("?")[2], agent, role) for identifier, agent, role in found}

    assert told(WasAssociatedWith, "activity") == {
        ("old", "Ada", OPERATOR), ("old", "Bob", "software"), ("both", "Ada", OPERATOR),
        ("two", "Ada", OPERATOR), ("two", "Bob", OPERATOR), ("new", "Ada", OPERATOR),
    }  # fmt: skip
    assert told(WasAttributedTo, "entity") == {
        ("old", "Ada", CREATOR), ("both", "Ada", CREATOR), ("two", "Ada", CREATOR),
        ("two", "Bob", CREATOR), ("new", "Ada", CREATOR),
    }  # fmt: skip
    # there and back again, nothing changes any more
    before = list(WasAssociatedWith.objects.order_by("id").values())
    migrate("provenance", "0007_hidden_activities_by_their_end")
    migrate("provenance", "0008_words_of_the_model")
    assert list(WasAssociatedWith.objects.order_by("id").values()) == before


@pytest.mark.usefixtures("before")
def test_types_of_what_is_declared_no_more_become_the_models() -> None:
    describe(
        [
            KindOfActivity("isgri_image", "0.0.1", type="analysis"),
            KindOfActivity("isgri_image", "0.1.0", type="Analysis", subtype="job"),
            KindOfActivity("mosaic", "1", type="step", subtype="coded_mask"),
            KindOfActivity("mosaic", "2", type="Reduction", subtype="coded_mask"),
            KindOfActivity("mosaic", "0", type="Selection", subtype="osa"),
            KindOfActivity("gone", "1", type="step", subtype="coded_mask"),
            KindOfActivity("ingest", "0.1.0", type="ingest"),
        ],
        [
            KindOfEntity("events", type="raw", content_type="application/fits"),
            KindOfEntity("picture", type="step", content_type="image/png"),
            KindOfEntity("log", type="step", content_type="text/plain"),
            KindOfEntity("unknown", type="step"),
            KindOfEntity("identical", type="value", value_type="boolean"),
        ],
    )
    migrate("provenance", "0008_words_of_the_model")
    kinds = ActivityDescription.objects.values_list("name", "version", "type", "subtype")
    assert set(kinds) == {
        ("isgri_image", "0.0.1", "Analysis", "job"),
        ("isgri_image", "0.1.0", "Analysis", "job"),
        ("mosaic", "1", "Reduction", "coded_mask"),
        ("mosaic", "2", "Reduction", "coded_mask"),
        ("mosaic", "0", "Selection", "osa"),
        ("gone", "1", "Analysis", "coded_mask"),
        ("ingest", "0.1.0", "ingest", None),
    }
    assert dict(EntityDescription.objects.values_list("name", "type")) == {
        "events": "data", "picture": "visualization", "log": "document", "unknown": "data",
        "identical": "value",
    }  # fmt: skip


@pytest.mark.usefixtures("before")
def test_the_software_of_ingests_has_the_role_that_it_has_elsewhere() -> None:
    enter([run("old", (BOB, "ingest")), run("both", (BOB, "ingest"), (BOB, "software"))])
    migrate("provenance", "0009_software_of_ingests")
    found = WasAssociatedWith.objects.values_list("activity__identifier", "role")
    assert sorted(found) == [
        ("ivo://x/activity?both", "software"),
        ("ivo://x/activity?old", "software"),
    ]
