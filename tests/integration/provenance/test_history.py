"""Histories read back: what everybody sees, and what an owner does."""

import pytest

from dali.errors import NotFoundError
from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord
from provenance.history import backwards
from provenance.store import enter

EVENTS = "ivo://x/entity?events"
IMAGE = "ivo://x/entity?image"
MAKING = "ivo://x/activity?making"


@pytest.fixture
def hidden_image() -> None:
    """An image of public events that nobody but its owner may see."""
    events = EntityRecord(EVENTS, name="events", public=True)
    image = EntityRecord(IMAGE, name="image")
    enter(
        [
            events,
            ActivityRecord(
                MAKING,
                "making",
                used=(UsedRecord(events, "events"),),
                generated=(GeneratedRecord(image, "image"),),
            ),
        ]
    )


@pytest.mark.django_db
def test_what_is_hidden_is_part_of_the_owners_history_only(hidden_image: None) -> None:
    with pytest.raises(NotFoundError, match="nothing public"):
        backwards([IMAGE])
    history = backwards([IMAGE], hidden=True)
    assert [activity.id for activity in history.activities] == [MAKING]
    assert {entity.id: entity.public for entity in history.entities} == {EVENTS: True, IMAGE: False}
