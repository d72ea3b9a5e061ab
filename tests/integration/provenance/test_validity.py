"""Data that are marked as bad: the mark, who depends on them, and the mark's own record."""

import pytest

from provenance import ActivityRecord, AgentType, EntityRecord, GeneratedRecord, UsedRecord
from provenance.errors import ProvenanceError
from provenance.history import forwards
from provenance.models import Activity, Entity
from provenance.store import enter
from provenance.validity import dependants, mark_bad, mark_good

pytestmark = pytest.mark.django_db

SCW = "ivo://x/archive?scw/0665/066500330010.001"


@pytest.fixture(autouse=True)
def recorded() -> None:
    def step(used: str, made: str) -> ActivityRecord:
        return ActivityRecord(
            f"ivo://x/activity?{made}", "step",
            used=(UsedRecord(EntityRecord.reference(used)),),
            generated=(GeneratedRecord(EntityRecord(made)),),
        )  # fmt: skip

    enter(
        [
            EntityRecord(f"{SCW}/isgri_events", public=True),
            EntityRecord(f"{SCW}/swg", comment="Made by the ISDC.", public=True),
            EntityRecord("ivo://x/archive?scw/0665/066500330010.0011/isgri_events"),
            step(f"{SCW}/isgri_events", "image"),
            step("image", "mosaic"),
            step("other", "else"),
        ]
    )


def test_a_mark_is_on_all_files_of_a_science_window_and_finds_all_that_depends_on_them() -> None:
    marked = mark_bad(SCW, "solar flare", authority="x")
    assert marked == (f"{SCW}/isgri_events", f"{SCW}/swg")
    events = Entity.objects.get(identifier=f"{SCW}/isgri_events")
    assert events.invalidated_at_time is not None
    assert events.comment == "Marked as bad: solar flare"
    assert [(d.identifier, d.depth) for d in dependants(marked)] == [("image", 1), ("mosaic", 2)]


def test_marking_is_recorded_and_can_be_undone() -> None:
    mark_bad(SCW, "solar flare", authority="x")
    first = Entity.objects.get(identifier=f"{SCW}/swg").invalidated_at_time
    mark_bad(SCW, "closed mask", authority="x")
    assert Entity.objects.get(identifier=f"{SCW}/swg").invalidated_at_time == first
    assert len(mark_good(SCW, "a mistake", authority="x")) == 2
    assert not Entity.objects.filter(invalidated_at_time__isnull=False).exists()
    names = Entity.objects.get(identifier=f"{SCW}/swg").used_set.values_list("activity__name")
    assert sorted(name for (name,) in names) == ["mark_bad", "mark_bad", "mark_good"]


@pytest.mark.parametrize(
    "reason", ["solar flare", "solar flare.", "Made by the ISDC.", "bad\0\udcff"]
)
def test_what_was_remarked_before_stays_and_the_reason_goes_with_the_mark(reason: str) -> None:
    def comments() -> list[str | None]:
        found = Entity.objects.filter(identifier__startswith=f"{SCW}/").order_by("identifier")
        return list(found.values_list("comment", flat=True))

    mark_bad(SCW, "closed mask", authority="x")
    assert comments() == [
        "Marked as bad: closed mask",
        "Marked as bad: closed mask. Made by the ISDC.",
    ]
    mark_bad(SCW, reason, authority="x")
    assert all("closed mask" not in (comment or "") for comment in comments())
    assert [(c or "").endswith("Made by the ISDC.") for c in comments()][1]
    mark_good(SCW, "a mistake", authority="x")
    assert comments() == [None, "Made by the ISDC."]
    marks = Activity.objects.filter(name__startswith="mark_").order_by("id")
    said = [(mark.comment or "").rstrip("\N{REPLACEMENT CHARACTER}") for mark in marks]
    assert said == ["closed mask", reason.rstrip("\0\udcff"), "a mistake"]


def test_a_mark_names_the_operators_as_a_group_and_no_person() -> None:
    mark_bad(SCW, "solar flare", authority="x", version="0.1")
    (activity,) = forwards([f"{SCW}/swg"], 1).activities
    assert [(involved.agent.name, involved.agent.type, involved.role)
            for involved in activity.agents if involved.role in ("Operator", "software")] == [
        ("Operators of x", AgentType.ORGANIZATION, "Operator"),
        ("vo_server 0.1", AgentType.SOFTWARE, "software"),
    ]  # fmt: skip
    assert not any(i.agent.type is AgentType.PERSON for i in activity.agents)
    row = Activity.objects.get(identifier=activity.id)
    assert row.private_comment is not None
    assert "as " in row.private_comment, "who it was, administrators can read"


def test_what_is_unknown_can_not_be_marked() -> None:
    with pytest.raises(ProvenanceError, match="nothing is known"):
        mark_bad("ivo://x/none", "x", authority="x")
