"""``manage.py prov FILE``: the lineage of a file on disk."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from provenance import graph
from provenance.models import Entity


@pytest.fixture(scope="module")
def made(image_for_all: Callable[[int], Any]) -> Any:
    """An image of three Science Windows, made once."""
    return image_for_all(3)


@pytest.fixture
def done(made: Any, archive: Path) -> Any:
    """The same, where the archive is."""
    return made


def prov(*arguments: Any) -> str:
    """What the command prints."""
    said = io.StringIO()
    call_command("prov", *map(str, arguments), stdout=said)
    return said.getvalue()


def test_a_published_file_is_known_by_its_checksum_wherever_it_lies(
    done: Any, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "renamed.png"
    elsewhere.write_bytes(done.results["preview"].read_bytes())
    said = prov(elsewhere)
    assert said.startswith("from the provenance tables")
    assert "← isgri_image" in said
    assert "E1_keV = 20.0" in said
    assert "isgri_events.fits.gz" in said
    assert "and 2 more of role" in said, "what was made alike is told once"
    assert "more of role" not in prov(elsewhere, "--all")


@pytest.mark.parametrize("arguments", [("--offline",), ()])
def test_a_fits_product_tells_its_own_lineage_where_no_table_knows_it(
    done: Any, arguments: tuple[str, ...]
) -> None:
    Entity.objects.update(checksum=None)
    said = prov(done.results["mosaic"], *arguments)
    assert said.startswith("from the file itself")
    for step in ("isgri_image", "mosaic", "clean", "sky_image", "shadowgram"):
        assert f"← {step}" in said
    assert "isgri_events.fits.gz" in said


def test_both_tell_the_same(done: Any) -> None:
    path = done.results["mosaic"]
    online, offline = (
        graph.read(json.loads(prov(path, "--format", "json", *more)))
        for more in ((), ("--offline",))
    )
    # the tables know of the whole job, the file of what went into the file
    assert set(online.entities) >= set(offline.entities)
    assert set(online.activities) >= set(offline.activities)
    assert online.generated_by.items() >= offline.generated_by.items()
    assert len(offline.activities) > 3 * 3


def test_a_file_that_nobody_knows_is_said_to_be_so(db: None, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.txt"
    stranger.write_text("from elsewhere")
    with pytest.raises(CommandError, match=r"no entity.*its checksum; stranger\.txt"):
        prov(stranger)
    with pytest.raises(CommandError, match="is no file"):
        prov(tmp_path)
