"""The last step in a header: whatever a parameter holds, the header stays a header."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from astropy.io import fits

from analysis.products.fits_files import checksummed
from analysis.products.provenance_cards import (
    entity_in,
    identity_cards,
    is_about_the_run,
    step_cards,
)
from provenance.records import (
    ActivityRecord,
    AgentRecord,
    AgentType,
    EntityRecord,
    InvolvedRecord,
    ParameterRecord,
    UsedRecord,
)

DTD = '<!DOCTYPE VOTABLE [<!ENTITY a "b">]>'
EXTERNAL = '<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd">'

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def header(**changes) -> fits.Header:
    """The cards of an activity, written and read again."""
    record = ActivityRecord(
        "ivo://x/activity?1", "image", version="1", start=NOON,
        agents=(InvolvedRecord(AgentRecord("a", "numpy 2", AgentType.SOFTWARE), "software"),),
        **changes,
    )  # fmt: skip
    inputs = frozenset(use.entity.id for use in record.used)
    hdu = fits.PrimaryHDU()
    for keyword, value, comment in step_cards(record, "coded_mask", "d" * 64, inputs, NOON):
        hdu.header[keyword] = (value, comment)
    written = io.BytesIO()
    fits.HDUList([checksummed(hdu)]).writeto(written, output_verify="exception")
    written.seek(0)
    with fits.open(written, checksum=True) as hdus:
        hdus.verify("exception")
        return hdus[0].header.copy()


@pytest.mark.parametrize("length", range(1, 60))
def test_a_server_of_any_name_can_be_told(length: int) -> None:
    """astropy warns of a comment that it cuts, and a warning is an error here."""
    authority = "a" * length
    entity, activity = f"ivo://{authority}/product?{'0' * 32}", f"ivo://{authority}/activity?1"
    cards = identity_cards("vo_server 1", NOON, entity, activity, f"https://{authority}")
    hdu = fits.PrimaryHDU()
    for keyword, value, comment in cards:
        hdu.header[keyword] = (value, comment)
    told = fits.Header.fromstring(checksummed(hdu).header.tostring())
    assert (told["PROVENT"], told["PROVACT"]) == (entity, activity)
    assert told["PROVTAP"] == f"https://{authority}/tap"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("<VOTABLE>\n\t<TABLE/>", "<VOTABLE>\\n\\t<TABLE/>"),
        ("Söurce", "S\\xf6urce"),
        ("it's 'quoted'", "it's 'quoted'"),
        ("\x00", "\\x00"),
        ("", ""),
    ],
)
def test_a_parameter_with_any_signs_is_written_in_printable_ones(value, expected) -> None:
    told = header(parameters=(ParameterRecord("selected_catalog", value),))
    assert told["PRVP1"].rstrip() == f"selected_catalog = {expected}".rstrip()


def test_a_huge_parameter_is_cut_in_the_header() -> None:
    told = header(parameters=(ParameterRecord("selected_catalog", "<TD>1</TD>" * 10_000),))
    assert told["PRVP1"].endswith("... (the rest is in the table PROVENANCE)")
    assert len(told.tostring()) < 2880 * 3


def test_fifty_inputs_are_told_with_their_checksums() -> None:
    used = tuple(
        UsedRecord(EntityRecord(f"ivo://x/entity?{n}", checksum=f"sha256:{n:064x}"), "image")
        for n in range(50)
    )
    told = header(used=used)
    assert [told[f"PRVI{n + 1}"] for n in range(50)] == [
        f"image ivo://x/entity?{n} sha256:{n:064x}" for n in range(50)
    ]
    assert told["LONGSTRN"] == "OGIP 1.0"
    ours = {k for k in told if k.startswith(("PROV", "PRV"))}
    assert all(is_about_the_run(keyword) for keyword in ours)


@pytest.mark.parametrize(
    ("begin", "expected"),
    [
        ("<?xml version='1.0'?>", "ivo://x/entity?1"),
        (f"<?xml version='1.0'?>{DTD}", None),
        (f"<?xml version='1.0'?>{EXTERNAL}", "ivo://x/entity?1"),
        ("<?xml version='1.0' encoding='no-such'?>", None),
        ("<?xml version='1.0'?><<", None),
    ],
)
def test_a_votable_is_asked_for_its_name_whatever_it_begins_with(
    tmp_path: Path, begin: str, expected: str | None
) -> None:
    path = tmp_path / "table.vot"
    path.write_text(f'{begin}<VOTABLE><INFO name="PROVENT" value="ivo://x/entity?1"/></VOTABLE>')
    assert entity_in(path) == expected
