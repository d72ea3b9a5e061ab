"""The tour of the demonstration, on the server as it runs in production."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from provenance_questions import check_picture, check_questions, check_survival

from vo_server.tour import Tour

Serving = Callable[[Path], AbstractContextManager[Any]]


@pytest.fixture
def told() -> list[str]:
    """What the tour says."""
    return []


def test_every_step_of_the_tour_gives_what_it_should(
    serving: Serving, simulated_archive: Path, tmp_path: Path, told: list[str]
) -> None:
    with serving(simulated_archive) as server:
        tour = Tour(url=server.url, folder=tmp_path / "tour", say=told.append)
        assert tour.run(), "\n".join(told)
        tour.reproduce(use_cache="0")  # raises where anything differs
        check_picture(server.url, tour)
        check_questions(server.url, tour)
        check_survival(server.url, server.folder, tour)
    assert len(tour.scws) == 6
    assert {"mosaic", "sources", "sources_fits", "preview"} <= set(tour.results)
    assert all(path.stat().st_size for path in tour.results.values())
    assert tour.mosaic_id.startswith("ivo://")
    story = "\n".join(told)
    assert "6 Science Windows found" in story
    assert "most significant is Crab" in story
    assert "and so to 6 event files" in story
    for product in ("mosaic", "sources", "sources_fits", "sources_scw", "preview"):
        assert story.count(f"{product}: identical, but for dates and ids") == 2
    assert "FAILED" not in story


def test_the_tour_fails_honestly_where_the_archive_is_empty(
    live_server_url: str, tmp_path: Path, told: list[str]
) -> None:
    assert not Tour(url=live_server_url, folder=tmp_path, say=told.append).run()
    assert "FAILED" in told[-1]
    assert "no Science Window found" in told[-1]


def test_the_tour_fails_honestly_where_no_server_is(tmp_path: Path, told: list[str]) -> None:
    # port 9 (discard) of this machine: nobody listens
    assert not Tour(url="http://127.0.0.1:9", folder=tmp_path, say=told.append).run()
    assert "FAILED" in told[-1]
