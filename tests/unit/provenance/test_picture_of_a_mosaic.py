"""The picture of a mosaic of fifty Science Windows can be read: what is alike is drawn once."""

import re

import pytest
from lxml import etree
from mosaic_history import PRODUCT, mosaic_history

from provenance import ActivityRecord, EntityRecord, graphviz
from provenance.drawing import Shown, dot_source, summary
from provenance.history import History

SVG = "{http://www.w3.org/2000/svg}"


def history(windows: int) -> History:
    records = mosaic_history(windows)
    activities = tuple(r for r in records if isinstance(r, ActivityRecord))
    entities: dict[str, EntityRecord] = {}
    for activity in activities:
        for entity in (*(g.entity for g in activity.generated), *(u.entity for u in activity.used)):
            entities.setdefault(entity.id, entity)
    return History(activities, tuple(entities.values()), (PRODUCT,))


@pytest.fixture(scope="module")
def picture() -> etree._Element:
    whole = history(50)
    assert len(whole.activities) == 50 * 4 + 4
    svg = graphviz.to_svg(
        dot_source(whole, Shown("https://x.org", attributes=True)), summary(whole)
    )
    return etree.fromstring(svg if isinstance(svg, bytes) else svg.encode())


def words(picture: etree._Element) -> list[str]:
    return [element.text or "" for element in picture.iter(f"{SVG}text")]


def test_each_kind_of_thing_has_one_box(picture: etree._Element) -> None:
    said = words(picture)
    for kind in ("isgri_events", "events", "shadowgram", "sky_image", "clean"):
        assert f"{kind} × 50" in said
    boxes = [g for g in picture.iter(f"{SVG}g") if g.get("class") == "node"]
    few = [g for g in etree.fromstring(_svg(2)).iter(f"{SVG}g") if g.get("class") == "node"]
    assert len(boxes) == len(few) <= 30, "fifty take no more room than two"


def _svg(windows: int) -> bytes:
    whole = history(windows)
    svg = graphviz.to_svg(
        dot_source(whole, Shown("https://x.org", attributes=True)), summary(whole)
    )
    return svg if isinstance(svg, bytes) else svg.encode()


def test_the_picture_fits_a_page_and_its_letters_are_large_enough(picture: etree._Element) -> None:
    width, height = (float(re.sub("[a-z]+", "", picture.get(side) or "")) for side in
                     ("width", "height"))  # fmt: skip
    assert width < 800
    assert height < 2000
    sizes = {float(text.get("font-size") or 0) for text in picture.iter(f"{SVG}text")}
    assert min(sizes) >= 9
    # a list of fifty Science Windows doesn't widen the box of the job
    assert max(map(len, words(picture))) <= 60


def test_the_picture_says_in_words_how_much_it_stands_for(picture: etree._Element) -> None:
    assert "204 activities" in (picture.get("aria-label") or "")
