"""What the home page tells people to type works as it stands."""

import html
import io
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pyvo
from astropy.io import votable
from strangers_archive import CRAB, write_science_window

from archive.ingest.service import ingest
from archive.publication import NewProduct, PublishedProduct, publish
from archive.selection import ScienceWindowRecord, select
from auth.principal import ANONYMOUS
from provenance import ActivityRecord, EntityRecord, GeneratedRecord, UsedRecord
from provenance.store import enter, make_public

pytestmark = pytest.mark.django_db(transaction=True)

SCW = "066500330010.001"
Example = Callable[[str], str]


@pytest.fixture
def window(tmp_path: Path, settings: Any, transactional_db: None) -> ScienceWindowRecord:
    """The one Science Window of the archive, pointed at the Crab."""
    settings.VO_ARCHIVE_ROOT = tmp_path / "archive"
    settings.VO_PRODUCT_ROOT = tmp_path / "products"
    write_science_window(settings.VO_ARCHIVE_ROOT, SCW)
    ingest([settings.VO_ARCHIVE_ROOT])
    (found,) = select(principal=ANONYMOUS, ids=[SCW])
    return found


@pytest.fixture
def mosaic(window: ScienceWindowRecord, tmp_path: Path) -> PublishedProduct:
    """A published image whose making is recorded."""
    file = tmp_path / "mosaic.fits"
    file.write_bytes(b"not looked into")
    product = publish(
        NewProduct(
            file=file,
            file_name="mosaic.fits",
            kind="mosaic",
            media_type="application/fits",
            dataproduct_type="image",
            calib_level=3,
            obs_id="job",
            title="Mosaic",
            inputs=(window,),
            owner=ANONYMOUS,
            e_min_kev=20,
            e_max_kev=40,
            ra=CRAB[0],
            dec=CRAB[1],
        )
    )
    events = EntityRecord(window.entity_id, location=str(window.event_file.location))
    steps = (
        ActivityRecord(
            "ivo://x/activity?1",
            "image",
            used=(UsedRecord(events),),
            generated=(GeneratedRecord(EntityRecord("ivo://x/entity?1")),),
        ),
        ActivityRecord(
            "ivo://x/activity?2",
            "mosaic",
            used=(UsedRecord(EntityRecord.reference("ivo://x/entity?1")),),
            generated=(GeneratedRecord(EntityRecord(product.obs_publisher_did)),),
        ),
    )
    enter(steps)
    make_public([product.obs_publisher_did])
    return product


@pytest.fixture
def example(live_server_url: str) -> Example:
    """The text of an example on the home page."""
    with urllib.request.urlopen(f"{live_server_url}/") as answer:  # noqa: S310 - our own address
        page = answer.read().decode()

    def find(name: str) -> str:
        found = re.search(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)
        assert found, f"the home page has no example {name}"
        return html.unescape(found[1])

    return find


@pytest.mark.usefixtures("window")
def test_the_pyvo_example_finds_the_crab(example: Example) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", example("pyvo-example")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert SCW[:12] in ran.stdout
    assert f"/products/scw/0665/{SCW}/isgri_events" in ran.stdout


@pytest.mark.usefixtures("window")
def test_the_topcat_example_is_the_address_of_a_table(example: Example) -> None:
    (address,) = re.findall(r'topcat "([^"]+)"', example("topcat-example"))
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own address
        table = votable.parse_single_table(io.BytesIO(answer.read()), verify="exception")
    assert list(table.array["obs_id"]) == [SCW[:12]]


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
@pytest.mark.usefixtures("window")
def test_the_stilts_example_runs(example: Example) -> None:
    ran = subprocess.run(
        ["sh", "-c", example("stilts-example")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert SCW[:12] in ran.stdout


def test_the_lineage_example_leads_from_an_image_to_its_events(
    example: Example, mosaic: PublishedProduct, window: ScienceWindowRecord
) -> None:
    service = pyvo.dal.TAPService(example("tap-url"))
    found = service.search(example("lineage-example"))
    assert [tuple(row.values()) for row in found] == [
        (mosaic.obs_publisher_did, str(window.event_file.location), 2)
    ]


def test_what_is_private_is_in_no_answer(example: Example) -> None:
    enter([ActivityRecord("ivo://x/activity?secret", "x")])
    service = pyvo.dal.TAPService(example("tap-url"))
    assert len(service.search("SELECT * FROM provenance.activity")) == 0


@pytest.mark.usefixtures("mosaic")
def test_every_table_of_the_provenance_is_read_by_its_columns(example: Example) -> None:
    """Among them columns named with reserved words, written as TAP_SCHEMA writes them."""
    service = pyvo.dal.TAPService(example("tap-url"))
    columns = service.search(
        "SELECT table_name, column_name FROM tap_schema.columns"
        " WHERE table_name LIKE 'provenance.%'"
    )
    tables: dict[str, list[str]] = {}
    for row in columns:
        tables.setdefault(row["table_name"], []).append(row["column_name"])
    assert '"value"' in tables["provenance.parameter"]
    for table, names in tables.items():
        found = service.search(f"SELECT {', '.join(names)} FROM {table}")
        assert len(found.fieldnames) == len(names)
