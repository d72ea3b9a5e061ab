"""The questions of the CTA's provenance use cases, asked of a server by pyvo and answered right."""

import shutil
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pyvo
import requests
from django.core.management import call_command
from readable_picture import check_readable

from provenance.tables.questions import questions
from vo_server import __version__
from vo_server.tour import Tour

_QUERIES = {question.identifier: question.query for question in questions(__version__)}


def check_questions(url: str, tour: Tour) -> None:
    """Ask all questions after a tour, of what the tour made; mark a Science Window as bad for one.

    Raises ``AssertionError`` where an answer is wrong.
    """
    service = pyvo.dal.TAPService(f"{url}/tap")

    def ask(name: str, *replaced: tuple[str, str]) -> list[Any]:
        query = _QUERIES[name]
        for old, new in replaced:
            assert old in query
            query = query.replace(old, new)
        return list(service.search(query))

    mosaic = tour.mosaic_id

    made = {row["obs_publisher_did"]: row["version"] for row in ask("provenance-version-target")}
    assert made[mosaic] == __version__
    assert not ask("provenance-version-target", ("83.6331, 22.0145, 10", "266.4, -29, 1"))
    assert not ask("provenance-version-target", (f"= '{__version__}'", "= '0.0.1'"))

    options = ask("provenance-option")
    assert (mosaic, "keV") in {(row["obs_publisher_did"], row["unit"]) for row in options}
    assert not ask("provenance-option", ("IN ('20', '20.0')", "= '17.3'"))

    assert mosaic in {row["obs_publisher_did"] for row in ask("provenance-calibration")}
    assert not ask("provenance-calibration", ("refr_cat_0043", "refr_cat_0042"))

    today = datetime.now(UTC).date()
    around = (
        ("2026-11-21T", f"{today - timedelta(days=1)}T"),
        ("2026-11-22T", f"{today + timedelta(days=1)}T"),
    )
    ran = ask("provenance-day", *around)
    assert "isgri_image" in {row["name"] for row in ran}
    assert {row["software"] for row in ran} == {f"vo_server {__version__}"}
    assert not ask("provenance-day", *around, (f"vo_server {__version__}", "vo_server 0.0.1"))
    assert not ask("provenance-day", *around, ("'coded_mask'", "'osa'"))
    assert not ask("provenance-day", ("2026-11-21T", "1999-11-21T"), ("2026-11-22T", "1999-11-22T"))

    windows = {
        row["location"]
        for row in ask("provenance-lineage")
        if row["obs_publisher_did"] == mosaic and "isgri_events" in row["location"]
    }
    assert {location.split("/")[2] for location in windows} == set(tour.scws)
    for column, told in (
        ("path_kind", "used"),
        # the mosaic's activity used the step's result that it is also said to be derived from
        ("path_relations", "used was_derived_from"),
    ):
        rows = ask("provenance-lineage", ("l.path_kind", f"l.{column}"))
        assert {row[column] for row in rows if row["obs_publisher_did"] == mosaic} == {told}
    held = service.search(
        "SELECT e.class, l.path_kind FROM provenance.lineage AS l"
        " JOIN provenance.entity AS e ON e.id = l.descendant"
        f" WHERE l.ancestor = '{mosaic}' AND l.path_kind = 'had_member'"
    )
    assert {row["class"] for row in held} == {"Collection"}

    together = service.search(
        "SELECT m.entity_id FROM provenance.had_member AS m JOIN provenance.had_member AS n"
        f" ON n.collection_id = m.collection_id WHERE n.entity_id = '{mosaic}'"
    )
    assert len(together) > 2  # the results of one job

    _poison(url, tour, ask)


def check_picture(url: str, tour: Tour) -> None:
    """The picture of what the tour's job recorded can be read."""
    whole = {"ID": tour.mosaic_id, "DEPTH": "ALL"}
    answer = requests.get(f"{url}/provsap", whole, timeout=60)
    assert answer.headers["Content-Type"] == "image/svg+xml"
    picture = check_readable(answer.content, len(tour.scws))
    assert f"ingest × {len(tour.scws)}" in picture.words


def _poison(url: str, tour: Tour, ask: Any) -> None:
    """A Science Window that is marked as bad finds all that was made from it, and nothing else."""
    assert not ask("provenance-bad")
    bad = tour.scws[0]
    told = StringIO()
    call_command("mark_bad", bad, "solar flare", stdout=told)
    assert tour.mosaic_id in told.getvalue()
    found = ask("provenance-bad")
    assert tour.mosaic_id in {row["obs_publisher_did"] for row in found}
    assert all(row["comment"].startswith("Marked as bad: solar flare") for row in found)
    assert all(bad in row["location"] for row in found)
    # the same by one URL
    files = {row["location"] for row in found}
    assert files
    service = pyvo.dal.TAPService(f"{url}/tap")
    (row,) = service.search(f"SELECT id FROM provenance.entity WHERE location = '{min(files)}'")
    asked = {"ID": row["id"], "DIRECTION": "FORWARD", "DEPTH": "ALL", "RESPONSEFORMAT": "PROV-N"}
    with urlopen(f"{url}/provsap?{urlencode(asked)}", timeout=60) as answer:  # noqa: S310
        text = answer.read().decode()
    assert tour.mosaic_id.partition("?")[2] in text
    call_command("mark_bad", bad, "a mistake", undo=True, stdout=told)
    assert not ask("provenance-bad")


def check_survival(url: str, folder: Path, tour: Tour) -> None:
    """The history of a published product stays when its job is deleted and the cache is emptied."""
    asked = {"ID": tour.mosaic_id, "DEPTH": "ALL", "RESPONSEFORMAT": "PROV-JSON"}
    before = requests.get(f"{url}/provsap", asked, timeout=60)
    jobs = [f.name for f in (folder / "jobs").iterdir() if len(f.name) == 32]
    deleted = [
        requests.delete(f"{url}/uws/isgri_image/{job}", allow_redirects=False, timeout=60)
        for job in jobs
    ]
    assert 303 in {answer.status_code for answer in deleted}
    assert all(requests.get(a.url, timeout=60).status_code == 404 for a in deleted)
    shutil.rmtree(folder / "cache")
    with urlopen(f"{url}/provsap?{urlencode(asked)}", timeout=60) as answer:  # noqa: S310
        assert answer.read() == before.content
    assert len(before.json()["activity"]) > len(tour.scws)
    page = requests.get(f"{url}/provenance", {"ID": tour.mosaic_id}, timeout=60)
    assert "Made by" in page.text
