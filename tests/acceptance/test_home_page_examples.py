"""What the home page tells people to type works as it stands."""

import html
import io
import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import pyvo
from astropy.io import votable
from django.db import connection
from django.test import override_settings
from strangers_archive import CRAB, write_science_window

from archive.publication import NewProduct, PublishedProduct, publish
from archive.selection import select
from auth.principal import ANONYMOUS
from provenance import ActivityRecord, EntityRecord, GeneratedRecord, ParameterRecord, UsedRecord
from provenance.store import enter, make_public

SCW = "066500330010.001"
EVENTS = f"scw/0665/{SCW}/isgri_events.fits.gz"
Example = Callable[[str], str]
Serving = Callable[[Path], AbstractContextManager[Any]]


def publish_mosaic(folder: Path) -> PublishedProduct:
    """Publish an image of the one Science Window, with the record of its making."""
    (window,) = select(principal=ANONYMOUS, ids=[SCW])
    file = folder / "mosaic.fits"
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
    imaging = ActivityRecord(
        "ivo://x/activity?1",
        "image",
        used=(UsedRecord(events),),
        generated=(GeneratedRecord(EntityRecord("ivo://x/entity?1")),),
        parameters=(ParameterRecord("E1_keV", "20"),),
    )
    mosaicking = ActivityRecord(
        "ivo://x/activity?2",
        "mosaic",
        used=(UsedRecord(EntityRecord.reference("ivo://x/entity?1")),),
        generated=(GeneratedRecord(EntityRecord(product.obs_publisher_did)),),
    )
    enter([imaging, mosaicking, ActivityRecord("ivo://x/activity?secret", "x")])
    make_public([product.obs_publisher_did])
    return product


@pytest.fixture(scope="module")
def demonstration(
    serving: Serving, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, PublishedProduct]]:
    """The server's address and the mosaic that it holds, made of one Science Window."""
    folder = tmp_path_factory.mktemp("home")
    write_science_window(folder / "tree", SCW)
    with serving(folder / "tree") as server:
        own = {"VO_ARCHIVE_ROOT": server.archive_root, "VO_PRODUCT_ROOT": folder / "products"}
        with override_settings(SITE_URL=server.url, **own):
            mosaic = publish_mosaic(folder)
        connection.close()
        yield server.url, mosaic


@pytest.fixture(scope="module")
def mosaic(demonstration: tuple[str, PublishedProduct]) -> PublishedProduct:
    """A published image whose making is recorded."""
    return demonstration[1]


@pytest.fixture(scope="module")
def example(demonstration: tuple[str, PublishedProduct]) -> Example:
    """The text of an example on the home page."""
    with urllib.request.urlopen(f"{demonstration[0]}/") as answer:  # noqa: S310 - our own address
        page = answer.read().decode()

    def find(name: str) -> str:
        found = re.search(rf'<code id="{name}">(.*?)</code>', page, re.DOTALL)
        assert found, f"the home page has no example {name}"
        return html.unescape(found[1])

    return find


def test_the_pyvo_example_finds_the_crab(example: Example) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", example("pyvo-example")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert SCW[:12] in ran.stdout
    assert f"/products/scw/0665/{SCW}/isgri_events" in ran.stdout


def test_the_topcat_example_is_the_address_of_a_table(example: Example) -> None:
    (address,) = re.findall(r'topcat "([^"]+)"', example("topcat-example"))
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own address
        table = votable.parse_single_table(io.BytesIO(answer.read()), verify="exception")
    assert set(table.array["obs_id"]) == {SCW[:12], "job"}


@pytest.mark.skipif(shutil.which("stilts") is None, reason="stilts is not installed")
def test_the_stilts_example_runs(example: Example) -> None:
    ran = subprocess.run(
        ["sh", "-c", example("stilts-example")], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert SCW[:12] in ran.stdout


def test_the_lineage_example_leads_from_an_image_to_its_events(
    example: Example, mosaic: PublishedProduct
) -> None:
    service = pyvo.dal.TAPService(example("tap-url"))
    found = service.search(example("lineage-example"))
    assert [tuple(row.values()) for row in found] == [(mosaic.obs_publisher_did, EVENTS, 2)]


def test_the_page_links_how_the_newest_mosaic_was_made(
    demonstration: tuple[str, PublishedProduct],
) -> None:
    url, _ = demonstration
    link = f"{url}/"
    for pattern in ("/provenance\\?ID=", '/provsap\\?[^"]*RESPONSEFORMAT=PROV-JSON'):
        with urllib.request.urlopen(link) as answer:  # noqa: S310 - our own address
            found = re.findall(rf'href="([^"]+{pattern}[^"]*)"', answer.read().decode())
        link = html.unescape(found[0])
    with urllib.request.urlopen(link) as answer:  # noqa: S310 - our own address
        history = json.load(answer)
    assert {activity["prov:name"] for activity in history["activity"].values()} >= {
        "image",
        "mosaic",
    }
    assert f"archive:scw/0665/{SCW}/isgri_events" in history["datasetEntity"]


def test_what_is_private_is_in_no_answer(example: Example) -> None:
    service = pyvo.dal.TAPService(example("tap-url"))
    found = set(service.search("SELECT id FROM provenance.activity")["id"])
    assert "ivo://x/activity?2" in found
    assert "ivo://x/activity?secret" not in found


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
    assert '"time"' in tables["provenance.used"]
    for table, names in tables.items():
        found = service.search(f"SELECT {', '.join(names)} FROM {table}")
        assert len(found.fieldnames) == len(names)
