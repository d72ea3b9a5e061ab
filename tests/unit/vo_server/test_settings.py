"""Settings: safe by default, each documented."""

import os
import subprocess
import sys

import pytest
from pydantic import ValidationError

from vo_server.configuration import PROJECT_ROOT, Configuration
from vo_server.settings_page import PAGE, page


def told(expression: str, **environment: str) -> str:
    """What a process of its own says of the settings."""
    kept = {name: value for name, value in os.environ.items() if name != "VO_DEBUG"}
    return subprocess.run(
        [sys.executable, "-c", f"from vo_server import settings; print({expression})"],
        cwd=PROJECT_ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.parametrize(
    "address",
    ["fuseki:3030/data", "fuseki", "http://", "ftp://fuseki/data", "http://fuseki:port/x"],
)
def test_a_mistyped_address_of_the_graph_store_is_told_at_the_start(address: str) -> None:
    with pytest.raises(ValidationError, match="vo_sparql_graph_store"):
        Configuration(vo_sparql_graph_store=address)
    assert Configuration(vo_sparql_graph_store="http://fuseki:3030/provenance/data")


def test_debug_is_off_by_default() -> None:
    assert Configuration.model_fields["vo_debug"].default is False
    assert told("settings.DEBUG") == "False"


@pytest.mark.parametrize(
    ("site", "is_secure"), [("http://127.0.0.1:8000", False), ("https://vo.example/base/", True)]
)
def test_sessions_travel_by_tls_where_the_site_does(site: str, is_secure: bool) -> None:
    cookies = "settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE"
    assert told(cookies, SITE_URL=site) == f"{is_secure} {is_secure}"
    origin = site.removesuffix("/base/")
    assert told("*settings.CSRF_TRUSTED_ORIGINS", SITE_URL=site) == origin


def test_every_setting_says_what_it_means() -> None:
    silent = [name for name, field in Configuration.model_fields.items() if not field.description]
    assert silent == []


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: manage.py document_settings"
