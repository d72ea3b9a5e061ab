"""Whether the picture of a mosaic's history can be read, however many Science Windows are in it."""

import re
from dataclasses import dataclass

from lxml import etree

_SVG = "{http://www.w3.org/2000/svg}"
#: What is done with each Science Window, or made of it.
PER_WINDOW = ("isgri_events", "events", "shadowgram", "sky_image", "clean")


@dataclass(frozen=True, slots=True)
class Picture:
    """What a person sees: words, how many boxes, sides in points, the size of the least letters."""

    words: tuple[str, ...]
    boxes: int
    width: float
    height: float
    letters: float
    label: str

    @classmethod
    def of(cls, svg: bytes) -> "Picture":
        """What is in a document of SVG."""
        root = etree.fromstring(svg)
        texts = list(root.iter(f"{_SVG}text"))
        width, height = (float(re.sub("[a-z]+", "", root.get(side) or "")) for side in
                         ("width", "height"))  # fmt: skip
        return cls(
            tuple(text.text or "" for text in texts),
            sum(g.get("class") == "node" for g in root.iter(f"{_SVG}g")),
            width,
            height,
            min(float(text.get("font-size") or 0) for text in texts),
            root.get("aria-label") or "",
        )


def check_readable(svg: bytes, windows: int) -> Picture:
    """Raise ``AssertionError`` where a mosaic's picture is too large, or draws the like twice.

    windows: of how many Science Windows, none of them unlike the others.
    """
    picture = Picture.of(svg)
    for kind in PER_WINDOW:
        assert f"{kind} × {windows}" in picture.words, (kind, picture.words)
    assert picture.boxes <= 32, picture.boxes
    assert picture.width < 900, picture.width
    assert picture.height < 2000, picture.height
    assert picture.letters >= 9
    # a list of fifty Science Windows doesn't widen the box of the job
    assert max(map(len, picture.words)) <= 60
    return picture
