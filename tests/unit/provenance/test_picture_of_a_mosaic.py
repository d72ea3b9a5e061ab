"""The picture of a mosaic of fifty Science Windows can be read: what is alike is drawn once.

The history is made up here; the tour looks at one that a job recorded, and ``make soak`` at one of
fifty Science Windows (`picture_of_fifty`).
"""

from functools import cache

import pytest
from mosaic_history import PRODUCT, mosaic_history
from readable_picture import Picture, check_readable

from provenance import ActivityRecord, EntityRecord, graphviz
from provenance.drawing import Shown, dot_source, summary
from provenance.history import History


def history(windows: int) -> History:
    records = mosaic_history(windows)
    activities = tuple(r for r in records if isinstance(r, ActivityRecord))
    entities: dict[str, EntityRecord] = {}
    for activity in activities:
        for entity in (*(g.entity for g in activity.generated), *(u.entity for u in activity.used)):
            entities.setdefault(entity.id, entity)
    return History(activities, tuple(entities.values()), (PRODUCT,))


@cache
def svg(windows: int) -> bytes:
    whole = history(windows)
    assert len(whole.activities) == windows * 4 + 4
    shown = Shown("https://x.org", attributes=True)
    return graphviz.to_svg(dot_source(whole, shown), summary(whole))


def test_fifty_take_no_more_room_than_two_and_can_be_read() -> None:
    fifty, two = check_readable(svg(50), 50), check_readable(svg(2), 2)
    assert fifty.boxes == two.boxes


def test_the_picture_says_in_words_how_much_it_stands_for() -> None:
    assert "204 activities" in Picture.of(svg(50)).label


def test_a_picture_that_draws_the_like_twice_is_found_out() -> None:
    with pytest.raises(AssertionError):
        check_readable(svg(2), 3)
    with pytest.raises(AssertionError):
        check_readable(svg(2).replace(b'height="', b'height="9'), 2)
