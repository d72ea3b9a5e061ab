"""Addresses where nothing is."""

import pytest
from django.test import Client


@pytest.mark.parametrize(
    "address",
    [
        "/tap/",
        "/tap/nothing",
        "/tap/async/x/nothing",
        "/uws/a/b/c/d",
        "/products/a/b",
        "/datalink/x",
    ],
)
def test_programs_get_a_votable_that_says_so(client: Client, address: str) -> None:
    answer = client.get(address, headers={"Accept": "text/html,*/*"})
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/x-votable+xml"
    assert 'value="ERROR">' in answer.text


@pytest.mark.parametrize("address", ["/nothing", "/tapestry/"])
def test_people_get_a_page_that_names_no_other_address(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "admin" not in answer.text
