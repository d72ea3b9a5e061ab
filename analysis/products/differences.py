"""What differs between two files of the same product, of two runs.

*Identical, but for dates and ids* means: the data of all HDUs are the same bit by bit, the headers
the same, with their comments and in their order, but for the keywords that tell of the run
(`provenance_cards.is_about_the_run`), and the history inside tells of the same making
(`provenance.likeness`). A VOTable is the same but for INFOs of those names; any other file is so
byte for byte.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, canonicalize, tostring

import numpy as np
from astropy.io import fits
from defusedxml import ElementTree

from analysis.products.provenance_cards import is_about_the_run
from analysis.products.provenance_extension import EXTENSION, read_history
from provenance import graph, likeness
from provenance.likeness import Aspect, Difference

_FITS = "application/fits"
_VOTABLE = "application/x-votable+xml"


def file_differences(
    original: Path, again: Path, media_type: str, free_parameters: frozenset[str] = frozenset()
) -> tuple[Difference, ...]:
    """All that isn't the same in two files, apart from dates and identifiers.

    free_parameters: see `provenance.likeness.differences`.
    """
    kind = media_type.partition(";")[0]
    if kind == _FITS:
        return tuple(_fits_differences(original, again, free_parameters))
    if kind == _VOTABLE:
        return tuple(_votable_differences(original, again))
    if original.read_bytes() == again.read_bytes():
        return ()
    sizes = (f"{path.stat().st_size} bytes" for path in (original, again))
    return (Difference(Aspect.NUMBERS, "content", *sizes),)


def _fits_differences(
    original: Path, again: Path, free_parameters: frozenset[str]
) -> Iterator[Difference]:
    with (
        fits.open(original, memmap=False) as ours,
        fits.open(again, memmap=False) as theirs,
        original.open("rb") as our_file,
        again.open("rb") as their_file,
    ):
        for number, (one, other) in enumerate(zip_longest(ours, theirs)):
            if one is None or other is None or one.name != other.name:
                names = ((hdu.name or "PRIMARY") if hdu else "" for hdu in (one, other))
                yield Difference(Aspect.STRUCTURE, f"HDU {number}", *names)
                return
            where = f"HDU {number} {one.name}"
            if one.name == EXTENSION:
                continue
            yield from _header_differences(where, one.header, other.header)
            if _data(one, our_file) != _data(other, their_file):
                yield _data_difference(where, one, other)
        has_history = EXTENSION in ours and EXTENSION in theirs
    if has_history:
        yield from likeness.differences(
            graph.read(read_history(original)), graph.read(read_history(again)), free_parameters
        )


def _header_differences(where: str, one: fits.Header, other: fits.Header) -> Iterator[Difference]:
    ours, theirs = _cards(one), _cards(other)
    found = False
    for keyword in dict.fromkeys((*ours, *theirs)):
        mine, yours = ours.get(keyword, _NO_CARDS), theirs.get(keyword, _NO_CARDS)
        if mine.values != yours.values:
            found = True
            yield Difference(
                Aspect.NUMBERS,
                f"{where}: {keyword}",
                "\n".join(mine.values),
                "\n".join(yours.values),
            )
        elif mine.comments != yours.comments:
            found = True
            yield Difference(
                Aspect.STRUCTURE,
                f"{where}: comment of {keyword}",
                "\n".join(mine.comments),
                "\n".join(yours.comments),
            )
    orders = [" ".join(_about_the_content(header)) for header in (one, other)]
    if not found and orders[0] != orders[1]:
        yield Difference(Aspect.STRUCTURE, f"{where}: order of keywords", *orders)


@dataclass(frozen=True, slots=True)
class _Cards:
    """The cards of one keyword, of which commentary has several: values as text, and comments."""

    values: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()


_NO_CARDS = _Cards()


def _cards(header: fits.Header) -> dict[str, _Cards]:
    """What doesn't tell of the run, by keyword."""
    cards: dict[str, _Cards] = {}
    for card in header.cards:
        if not is_about_the_run(card.keyword):
            before = cards.get(card.keyword, _NO_CARDS)
            cards[card.keyword] = _Cards(
                (*before.values, repr(card.value)), (*before.comments, card.comment)
            )
    return cards


def _about_the_content(header: fits.Header) -> Iterator[str]:
    """The keywords that don't tell of the run, in their order."""
    return (keyword for keyword in header if not is_about_the_run(keyword))


def _data(hdu: Any, file: BinaryIO) -> bytes:
    """The HDU's data as they lie in the file, heap and padding included."""
    place = hdu.fileinfo()
    file.seek(place["datLoc"])
    return file.read(place["datSpan"])


def _data_difference(where: str, one: Any, other: Any) -> Difference:
    """In words how much the data differ."""
    if isinstance(one, fits.BinTableHDU):
        mine, yours = one.columns.names, other.columns.names
        if mine != yours or len(one.data) != len(other.data):
            shapes = (f"{len(h.data)} rows of {', '.join(h.columns.names)}" for h in (one, other))
            return Difference(Aspect.NUMBERS, where, *shapes)
        unlike = [
            name
            for name in mine
            if repr(one.data[name].tolist()) != repr(other.data[name].tolist())
        ]
        return Difference(Aspect.NUMBERS, where, "", f"other values in {', '.join(unlike)}")
    if one.data is None or other.data is None or one.data.shape != other.data.shape:
        shapes = (str(None if h.data is None else h.data.shape) for h in (one, other))
        return Difference(Aspect.NUMBERS, where, *shapes)
    unlike_pixels = ~((one.data == other.data) | (np.isnan(one.data) & np.isnan(other.data)))
    most = np.nanmax(np.abs(other.data.astype(float) - one.data.astype(float)), initial=0.0)
    return Difference(
        Aspect.NUMBERS,
        where,
        "",
        f"{np.count_nonzero(unlike_pixels)} of {one.data.size} pixels differ, by up to {most:g}",
    )


def _votable_differences(original: Path, again: Path) -> Iterator[Difference]:
    texts = [_plain(ElementTree.fromstring(path.read_bytes())) for path in (original, again)]
    if texts[0] == texts[1]:
        return
    one, other = (ElementTree.fromstring(text) for text in texts)
    found = (*_info_differences(one, other), *_row_differences(one, other))
    yield from found
    if not found:
        yield Difference(Aspect.STRUCTURE, "VOTable", "", "another description of the table")


def _info_differences(one: Element, other: Element) -> Iterator[Difference]:
    ours, theirs = (
        {info.get("name", ""): info.get("value", "") for info in _all(root, "INFO")}
        for root in (one, other)
    )
    for name in dict.fromkeys((*ours, *theirs)):
        mine, yours = ours.get(name, ""), theirs.get(name, "")
        if mine != yours:
            yield Difference(Aspect.NUMBERS, f"INFO {name}", mine, yours)


def _row_differences(one: Element, other: Element) -> Iterator[Difference]:
    ours, theirs = ([f.get("name", "") for f in _all(root, "FIELD")] for root in (one, other))
    if ours != theirs:
        yield Difference(Aspect.STRUCTURE, "columns", ", ".join(ours), ", ".join(theirs))
        return
    mine, yours = ([[cell.text or "" for cell in row] for row in _all(root, "TR")]
                   for root in (one, other))  # fmt: skip
    if len(mine) != len(yours):
        yield Difference(Aspect.NUMBERS, "rows", str(len(mine)), str(len(yours)))
        return
    for number, (row, now) in enumerate(zip(mine, yours, strict=True), start=1):
        if len(row) != len(now):
            told = (f"{len(cells)} cells" for cells in (row, now))
            yield Difference(Aspect.STRUCTURE, f"row {number}", *told)
            return
    for column, name in enumerate(ours):
        cells = [
            (row[column], now[column])
            for row, now in zip(mine, yours, strict=True)
            if column < len(row)
        ]
        unlike = [(before, now) for before, now in cells if before != now]
        if unlike:
            where = f"column {name}, {len(unlike)} of {len(cells)} rows; the first of them"
            yield Difference(Aspect.NUMBERS, where, *unlike[0])


def _all(root: Element, name: str) -> list[Element]:
    """The elements of that name, whatever the document's namespace."""
    return [element for element in root.iter() if element.tag.rpartition("}")[2] == name]


def _plain(root: Element) -> str:
    """The document without what tells of the run."""
    for parent in root.iter():
        for child in list(parent):
            name = child.get("name", "")
            if child.tag.rpartition("}")[2] == "INFO" and is_about_the_run(name):
                parent.remove(child)
    return canonicalize(tostring(root, encoding="unicode"), strip_text=True)
