"""The home page as the server gives it."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from provenance import ActivityRecord
from provenance.store import enter


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    """No counts of an earlier test."""
    cache.clear()
    yield
    cache.clear()


@pytest.mark.django_db
def test_the_home_page_answers_with_its_counts(client: Client) -> None:
    enter([ActivityRecord("a:1", "x", public=True), ActivityRecord("a:2", "y")])
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<dt>Recorded activities</dt><dd>1</dd>" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.django_db
def test_counting_is_not_repeated_for_every_visitor(client: Client) -> None:
    client.get("/")
    enter([ActivityRecord("a:1", "x", public=True)])
    assert "<dt>Recorded activities</dt><dd>0</dd>" in client.get("/").text


@pytest.mark.django_db
def test_the_page_takes_no_other_method(client: Client) -> None:
    assert client.head("/").status_code == 200
    assert client.post("/").status_code == 405


def test_style_and_icon_are_where_static_files_are_collected_from() -> None:
    from django.contrib.staticfiles import finders

    assert finders.find("portal/portal.css")
    assert finders.find("portal/icon.svg")
