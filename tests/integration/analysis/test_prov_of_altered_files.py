"""``manage.py prov``: a file that isn't what was published is told apart, by any means at hand."""

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from astropy.io import fits
from django.core.management import CommandError, call_command

from analysis.management.commands.prov import ALTERED
from analysis.products.fits_files import checksummed
from analysis.products.integrity import broken_hdus
from analysis.products.provenance_cards import entity_in, identity_cards
from analysis.products.provenance_extension import add_history, read_history
from provenance import EntityRecord, activity, serialisation, store
from provenance.files import file_checksum
from provenance.history import History
from provenance.validity import mark_bad

ENTITY = "ivo://example.org/product?1"
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def product(tmp_path: Path) -> Path:
    """A FITS product with a history of two steps."""
    path = tmp_path / "mosaic.fits"
    cards = identity_cards(
        "vo_server 1", datetime.now(UTC), ENTITY, "ivo://example.org/activity?1", "http://x"
    )
    image = fits.ImageHDU([[1.0, 2.0]], name="MAP")
    primary = fits.PrimaryHDU()
    for hdu in (primary, image):
        for card in cards:
            hdu.header[card[0]] = card[1:]
    fits.HDUList([checksummed(primary), checksummed(image)]).writeto(path)
    with activity("mosaic", parameters={"note": "two  words"}) as making:
        making.used(EntityRecord("ivo://example.org/entity?events", name="events of a night"))
        made = making.generated(EntityRecord(ENTITY, name=path.name))
    history = History((making.record,), (made, making.record.used[0].entity))
    document = serialisation.to_json(serialisation.document(history))
    add_history(path, [], json.loads(document))
    return path


@pytest.fixture
def published(product: Path, db: None) -> Path:
    """The same, known to the tables."""
    with activity("mosaic") as making:
        making.generated(EntityRecord(ENTITY, name=product.name, checksum=file_checksum(product)))
    store.enter(making.records)
    return product


def altered(path: Path) -> Path:
    """A copy with one keyword changed, by somebody who doesn't care for CHECKSUM."""
    content = path.read_bytes()
    copy = path.with_name("copy.fits")
    copy.write_bytes(content.replace(b"'vo_server 1'", b"'vo_server 2'", 1))
    assert copy.read_bytes() != content
    return copy


def prov(*arguments: object) -> str:
    said = io.StringIO()
    call_command("prov", *map(str, arguments), stdout=said)
    return said.getvalue()


def test_an_unaltered_file_is_told_with_whole_identifiers_units_and_blanks(
    product: Path,
) -> None:
    said = prov(product, "--offline")
    assert ENTITY in said
    assert "  note = two  words" in said
    assert "events of a night" in said
    assert read_history(product)["prefix"]["product"] == "ivo://example.org/product?"


def test_a_copy_that_was_altered_is_told_by_the_checksum_in_the_tables(published: Path) -> None:
    assert prov(published).startswith("from the provenance tables, by the file's checksum")
    copy = altered(published)
    said = io.StringIO()
    with pytest.raises(CommandError, match=r"was altered: .* was published with sha256:") as told:
        call_command("prov", str(copy), stdout=said)
    assert told.value.returncode == ALTERED
    assert said.getvalue().startswith("from the file itself"), "the history is told all the same"


def test_a_copy_with_new_checksums_of_its_own_is_found_out_too(published: Path) -> None:
    copy = published.with_name("careful.fits")
    with fits.open(published) as hdus:
        hdus["MAP"].data[0, 0] = 7
        hdus.writeto(copy, checksum=True)
    assert broken_hdus(copy) == ()
    with pytest.raises(CommandError, match="was altered"):
        prov(copy)


def test_offline_a_copy_is_told_by_the_checksums_in_itself(product: Path) -> None:
    copy = altered(product)
    assert broken_hdus(product) == ()
    assert broken_hdus(copy) == ("PRIMARY",)
    with pytest.raises(CommandError, match="CHECKSUM does not fit PRIMARY") as told:
        prov(copy, "--offline")
    assert told.value.returncode == ALTERED


def test_a_file_that_was_cut_is_known_by_the_name_in_it(published: Path) -> None:
    copy = published.with_name("cut.fits")
    copy.write_bytes(published.read_bytes()[:9000])
    assert broken_hdus(copy)
    assert entity_in(copy) == ENTITY
    with pytest.raises(CommandError, match="was altered"):
        prov(copy)
    with pytest.raises(CommandError, match="nothing is known") as told:
        prov(copy, "--offline")
    assert told.value.returncode == 1


def test_a_votable_says_what_it_is_called(tmp_path: Path) -> None:
    table = tmp_path / "sources.vot"
    table.write_text(f'<VOTABLE><INFO name="PROVENT" value="{ENTITY}"/></VOTABLE>')
    assert entity_in(table) == ENTITY
    table.write_text("<VOTABLE><INFO")
    assert entity_in(table) is None


def test_a_pager_that_is_closed_is_no_failure_and_offline_needs_no_database(product: Path) -> None:
    command = f"{sys.executable} {ROOT / 'manage.py'} prov --offline {product}"
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nowhere"}
    for ending, status in ((" | head -n 1; exit ${PIPESTATUS[0]}", 0), ("-not-there", 1)):
        ran = subprocess.run(
            ["bash", "-c", command + ending],
            env=environment, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == status, ran.stderr
        assert "Traceback" not in ran.stderr


def test_inputs_that_were_marked_as_bad_are_told_though_alike_ones_are_folded(
    product: Path, db: None
) -> None:
    with activity("mosaic") as making:
        for number in range(4):
            making.used(EntityRecord(f"ivo://x/entity?{number}", name=f"image {number}"), "image")
        making.generated(EntityRecord(ENTITY, name="mosaic", checksum=file_checksum(product)))
    store.enter(making.records)
    mark_bad("ivo://x/entity?2", "a solar flare", authority="x")
    said = prov(product)
    assert "image: image 2\n" in said
    assert "BAD since 20" in said
    assert "Marked as bad: a solar flare" in said
    assert "and 2 more of role 'image'" in said
