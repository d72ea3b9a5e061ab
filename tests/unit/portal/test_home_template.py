"""The home page's template, with what it may be given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.template.loader import render_to_string

from archive.statistics import ArchiveStatistics, Mosaic
from portal.home import Counts, HomePage, Workflow
from provenance.statistics import Statistics
from uws.phases import Phase
from uws.statistics import RecentJob

VOID = {"meta", "link", "img", "br", "hr", "input"}

EMPTY = HomePage(
    site_url="https://vo.example.org",
    tap_url="https://vo.example.org/tap",
    counts=Counts(ArchiveStatistics(0, 0, 0, 0), Statistics(0, 0)),
    workflows=(),
    jobs=(),
    mosaic=None,
)
NOW = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
FULL = replace(
    EMPTY,
    counts=Counts(ArchiveStatistics(72, 72, 145, 3), Statistics(412, 1001)),
    workflows=(
        Workflow(
            "ISGRI image",
            "Sky images & mosaics <of> photons",
            "https://vo.example.org/uws/x",
            "https://vo.example.org/analyses/x",
        ),
    ),
    jobs=(
        RecentJob("isgri_image", Phase.COMPLETED, NOW - timedelta(minutes=3)),
        RecentJob("tap", Phase.ERROR, NOW - timedelta(days=2)),
    ),
    mosaic=Mosaic(
        "Crab, 20–40 keV",
        "ivo://example/product?1",
        "https://vo.example.org/products/1",
        "https://vo.example.org/products/2",
        datetime(2026, 11, 20, 12, 30, tzinfo=UTC),
    ),
)


class Outline(HTMLParser):
    """Checks that every element is closed where it should be, and keeps what a test asks for."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.references: list[str] = []
        self.fetched: list[str] = []
        self.headings: list[int] = []
        self.pictures_without_text = 0
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        attributes = {name: value or "" for name, value in attrs}
        assert len(attributes) == len(attrs), f"an attribute of {tag} is given twice"
        if tag not in VOID:
            self.open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.references.extend(attributes.get("aria-labelledby", "").split())
        if tag in ("link", "img", "script", "iframe"):
            self.fetched.append(attributes.get("href") or attributes.get("src", ""))
        if tag == "img" and not attributes.get("alt"):
            self.pictures_without_text += 1
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last."""
        assert self.open.pop() == tag


def render(page: HomePage) -> str:
    """The page's HTML, its jobs as old now as they were at `NOW`."""
    since = datetime.now(UTC) - NOW
    jobs = tuple(replace(job, creation_time=job.creation_time + since) for job in page.jobs)
    return render_to_string("portal/home.html", {"page": replace(page, jobs=jobs)})


@pytest.mark.parametrize("page", [EMPTY, FULL], ids=["empty", "full"])
def test_the_html_is_well_formed_and_accessible(page: HomePage) -> None:
    outline = Outline(render(page))
    assert len(set(outline.ids)) == len(outline.ids)
    assert set(outline.references) <= set(outline.ids)
    assert outline.pictures_without_text == 0
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))


def test_nothing_is_fetched_from_elsewhere() -> None:
    for address in Outline(render(FULL)).fetched:
        assert address.startswith(("/static/", "https://vo.example.org/")), address


def test_the_notice_says_whether_all_or_some_of_the_data_are_simulated() -> None:
    def notice(simulated: int) -> str:
        archive = ArchiveStatistics(72, simulated, 145, 3)
        return render(replace(FULL, counts=Counts(archive, Statistics(0, 0))))

    assert "These data are simulated" in notice(72)
    assert "Some of these data are simulated" in notice(10)
    assert "simulated" not in notice(0)
    assert "simulated" not in render(EMPTY)


def test_counts_jobs_workflows_and_the_newest_mosaic_are_shown() -> None:
    text = render(FULL)
    for count in ("72", "145", "3", "412"):
        assert f"<dd>{count}</dd>" in text
    assert "isgri_image" in text
    assert "COMPLETED" in text
    assert "3\N{NO-BREAK SPACE}minutes" in text
    assert "2\N{NO-BREAK SPACE}days" in text
    assert "Sky images &amp; mosaics &lt;of&gt; photons" in text
    assert 'src="https://vo.example.org/products/2"' in text
    assert "20 November 2026, 12:30 UTC" in text
    assert '/provenance?ID=ivo%3A%2F%2Fexample%2Fproduct%3F1"' in text


def test_an_empty_server_says_so_and_shows_no_empty_sections() -> None:
    text = render(EMPTY)
    assert "No job has run yet." in text
    assert 'id="workflows"' not in text
    assert 'id="mosaic"' not in text


def test_a_mosaic_without_picture_is_linked_all_the_same() -> None:
    assert FULL.mosaic is not None
    text = render(replace(FULL, mosaic=replace(FULL.mosaic, preview_url=None)))
    assert "https://vo.example.org/products/1" in text
    assert "<img" not in text


def test_every_address_starts_with_the_site_url() -> None:
    assert "127.0.0.1" not in render(FULL)
    assert 'TAPService("https://vo.example.org/tap")' in render(FULL)
