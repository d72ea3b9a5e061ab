"""A product's own last step, told in its FITS header.

The keywords are this project's (FITS reserves none); ``docs/formats.md`` lists them for readers,
and `is_about_the_run` says which of them differ between two files that are otherwise the same.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from xml.etree.ElementTree import ParseError

from astropy.io import fits
from defusedxml import ElementTree

from analysis.products.fits_files import Card
from provenance.records import ActivityRecord, AgentType

#: Keywords that differ between two runs that gave the same: who made it when, and as what.
_ABOUT_THE_RUN = re.compile(r"CREATOR|DATE|CHECKSUM|DATASUM|PROV[A-Z]{3,4}|PRV[ISP]\d{1,4}")

#: What value and comment may take of a card's 80 characters.
_ROOM = 60
#: What of a value goes into a header, such as a user's own catalogue given as a parameter.
_LONGEST = 2000


def identity_cards(
    creator: str, written: datetime, entity_id: str, activity_id: str, site_url: str
) -> list[Card]:
    """The cards of every header: who wrote the file, what it is called, where to ask.

    creator: software and version. written: in UTC. site_url: address of this server.
    """
    return [
        ("CREATOR", creator, "Software that wrote this file"),
        ("DATE", written.isoformat(timespec="seconds")[:19], "UTC of writing"),
        _card("PROVENT", entity_id, "This file as a provenance entity"),
        _card("PROVACT", activity_id, "Activity that generated it"),
        _card("PROVTAP", f"{site_url}/tap", "TAP service with schema provenance"),
        ("PROVSAP", f"{site_url}/provsap?ID={quote(entity_id, safe='')}", ""),
    ]


def step_cards(
    activity: ActivityRecord, engine: str, digest: str, inputs: frozenset[str], end: datetime
) -> list[Card]:
    """The cards of the primary header: the activity that made the file.

    engine, digest: what computed the file's content, and the digest of that software.
    inputs: identifiers of those of the activity's entities that went into this file.
    end: when the activity's work was done.
    """
    cards: list[Card] = [
        _card("PROVNAME", activity.name, "Name of the activity"),
        _card("PROVVERS", activity.version or "", "Version of the activity"),
        *_time("PROVBEG", activity.start, "UTC, start of the activity"),
        *_time("PROVEND", end, "UTC, end of the activity"),
        _card("PROVENG", engine, "Engine that computed the content"),
        _card("PROVDIG", digest, "Digest of its software"),
    ]
    software = [
        involved.agent.name
        for involved in activity.agents
        if involved.agent.type is AgentType.SOFTWARE
    ]
    cards += _numbered("PRVS", software, "Software and version")
    cards += _numbered(
        "PRVP",
        [
            f"{parameter.name} = {parameter.value}"
            + (f" {parameter.unit}" if parameter.unit else "")
            for parameter in activity.parameters
        ],
        "Parameter of the activity",
    )
    cards += _numbered(
        "PRVI",
        [
            " ".join(filter(None, (use.role, use.entity.id, use.entity.checksum)))
            for use in activity.used
            if use.entity.id in inputs
        ],
        "Input: role, identifier, checksum",
    )
    return cards


def entity_in(path: Path) -> str | None:
    """What a FITS file or VOTable says that it is called; ``None`` where it says nothing."""
    with path.open("rb") as file:
        start = file.read(2000)
        file.seek(0)
        if start.startswith(b"SIMPLE  ="):
            try:
                name = fits.Header.fromfile(file).get("PROVENT")
            except (OSError, ValueError, fits.VerifyError):
                return None
            return name if isinstance(name, str) else None
        if b"<VOTABLE" in start:
            try:
                for _, element in ElementTree.iterparse(file):
                    if element.get("name") == "PROVENT":
                        value: str | None = element.get("value")
                        return value
            except (ParseError, ValueError, LookupError):
                # no XML; a DTD, which might do anything; an encoding that nobody knows
                return None
    return None


def is_about_the_run(keyword: str) -> bool:
    """Whether the keyword may differ between two files that were made alike."""
    return _ABOUT_THE_RUN.fullmatch(keyword) is not None


def _time(keyword: str, time: datetime | None, comment: str) -> Iterator[Card]:
    if time is not None:
        yield keyword, time.isoformat(timespec="milliseconds").removesuffix("+00:00"), comment


def _numbered(stem: str, values: list[str], comment: str) -> list[Card]:
    return [
        _card(f"{stem}{number}", value, comment) for number, value in enumerate(values, start=1)
    ]


def _card(keyword: str, value: str, comment: str) -> Card:
    """A card whose comment stays only where it fits; a longer value goes on in CONTINUE cards."""
    if len(value) > _LONGEST:
        value = f"{value[:_LONGEST]} ... (the rest is in the table PROVENANCE)"
    # a header holds printable ASCII; what isn't, is written as Python writes it
    text = "".join(
        sign if sign.isascii() and sign.isprintable() else sign.encode("unicode_escape").decode()
        for sign in value
    )
    return keyword, text, comment if len(text) + len(comment) <= _ROOM else ""
