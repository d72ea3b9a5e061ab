"""Tables, examples and capabilities as pages for people."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client

from dali.formats import FORMATS
from tap import published
from tap.examples import examples

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def counted_anew() -> None:
    cache.clear()


@pytest.mark.parametrize("address", ["/tables", "/examples", "/capabilities"])
def test_each_page_is_html_without_scripts_and_links_the_others(
    client: Client, settings, address: str
) -> None:
    settings.SITE_URL = "https://vo.example/sub"
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    for other in ("/", "/tables", "/examples", "/capabilities", f"/tap{address}"):
        assert f'href="https://vo.example/sub{other}"' in answer.text
    assert "<script" not in answer.text
    assert client.post(address).status_code == 405


def test_the_home_page_links_them(client: Client) -> None:
    text = client.get("/").text
    for address in ("/tables", "/examples", "/capabilities"):
        assert re.search(rf'href="[^"]*[0-9a-z]{address}"', text.partition("<footer")[0])


def test_every_table_and_column_is_listed(client: Client) -> None:
    text = unescape(client.get("/tables").text)
    for table in published.catalogue():
        _, found, rest = text.partition(f"<summary><code>{table.qualified_name}</code>")
        assert found, table.qualified_name
        block = rest.partition("</details>")[0]
        assert table.description in block
        assert block.count('<th scope="row">') == len(table.columns)
        assert all(column.description in block for column in table.columns)
    assert '<code>"size"</code>' in text
    assert '<code>ivoa.obscore</code> <span class="count">0 rows</span>' in text


def test_links_to_queries_hold_the_query_whole(client: Client) -> None:
    pages = client.get("/tables").text + client.get("/examples").text
    urls = [unescape(url) for url in re.findall(r'href="([^"]+/tap/sync\?[^"]+)"', pages)]
    queries = {parse_qs(urlsplit(url).query)["QUERY"][0] for url in urls}
    assert "SELECT TOP 20 * FROM ivoa.obscore" in queries
    assert {example.query for example in examples()} <= queries


def test_the_capabilities_name_limits_formats_and_functions(client: Client, settings) -> None:
    settings.VO_TAP_MAXREC_HARD = 7654321
    text = unescape(client.get("/capabilities").text)
    assert "7654321" in text
    for each in FORMATS:
        assert f"<td>{each.media_type}</td>" in text
    for function in published.functions():
        assert all(form in text for form in function.forms())


def test_the_capabilities_page_tells_whether_the_service_is_available(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = unescape(client.get("/capabilities").text)
    assert "The service is available." in text
    assert re.search(r"up since <time datetime=\"20\d\d-\d\d-\d\dT[\d:]{8}Z\">", text)
    assert re.search(r'href="[^"]*/tap/availability"', text)
    assert "COALESCE" in text
    monkeypatch.setattr("tap.vosi.is_available", lambda: False)
    assert "not available at the moment" in unescape(client.get("/capabilities").text)
