"""Positions of objects by their names, from the reference catalogue and from a Sesame."""

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.conf import LazySettings

import adql
from adql.schema import Catalogue, Column, Schema, Table
from archive import object_names
from archive.functions import published_functions
from archive.models import Source

pytestmark = pytest.mark.django_db

CATALOGUE = Catalogue((Schema("s", "", (Table("s", "t", (Column("a", "int"),), "", "t"),)),))

ANSWERS = {
    "/-oI/SNV?GJ%20699": (200, "# GJ 699\n%J 269.4520769 +04.6933649 = 17:57:48 +04:41:36\n"),
    "/-oI/SNV?a%3Fb": (200, "# a?b\n#!SIMBAD: Nothing found\n"),
}


@pytest.fixture(autouse=True)
def crab() -> None:
    """A catalogue of one source."""
    Source.objects.create(
        source_id="J053432.0+220052.0",
        name="Crab Nebula",
        ra=83.633,
        dec=22.0145,
        isgri_flag=1,
        catalogue="cat/any.fits",
    )


@pytest.fixture
def sesame(settings: LazySettings) -> Iterator[list[str]]:
    """A resolver; gives the list of what it is asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, text = ANSWERS.get(self.path, (500, "out of order"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.VO_SESAME_URL = f"http://127.0.0.1:{server.server_port}/"
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def translated(name: str) -> adql.Translation:
    quoted = name.replace("'", "''")
    query = f"SELECT ivo_simbadpoint('{quoted}') AS p FROM t"
    return adql.translate(query, CATALOGUE, published_functions())


def test_a_source_of_the_catalogue_is_found_whatever_its_case_and_blanks() -> None:
    for name in ("Crab Nebula", "crabnebula", " CRAB  nebula"):
        found = translated(name)
        assert "ARRAY[83.633::float8, 22.0145::float8]" in found.sql
        assert found.reads_data
    assert (found.columns[0].xtype, found.columns[0].unit) == ("point", "deg")


def test_an_unknown_name_is_an_error_at_its_place_and_nobody_else_is_asked() -> None:
    with pytest.raises(adql.AdqlError, match="no position of `GJ 699` is known") as caught:
        translated("GJ 699")
    assert caught.value.column == 24
    assert "Sesame" not in published_functions()[0].description


def test_a_name_has_to_be_written_out() -> None:
    with pytest.raises(adql.AdqlError, match="the name of an object is a text in quotes"):
        adql.translate(
            "SELECT ivo_simbadpoint('a' || 'b') FROM t", CATALOGUE, published_functions()
        )


def test_sesame_is_asked_where_it_is_set_and_the_catalogue_does_not_know(
    sesame: list[str],
) -> None:
    assert "269.4520769::float8, 4.6933649::float8" in translated("GJ  699").sql
    translated("Crab Nebula")
    with pytest.raises(adql.AdqlError, match="no position of"):
        translated("a?b")
    assert sesame == ["/-oI/SNV?GJ%20699", "/-oI/SNV?a%3Fb"]
    assert "Sesame" in published_functions()[0].description


def test_a_resolver_out_of_order_is_told(sesame: list[str]) -> None:
    with pytest.raises(adql.AdqlError, match="Sesame doesn't answer"):
        translated("Nowhere")
    with pytest.raises(adql.AdqlError, match="no position"):
        translated("x" * 300)
    assert len(sesame) == 1


def test_sesame_is_asked_once_for_what_is_looked_up_again(sesame: list[str]) -> None:
    for _ in range(3):
        assert object_names.position_of("GJ 699") == (269.4520769, 4.6933649)
        assert object_names.position_of("a?b") is None
        with pytest.raises(LookupError, match="doesn't answer"):
            object_names.position_of("Elsewhere")
    assert sesame == ["/-oI/SNV?GJ%20699", "/-oI/SNV?a%3Fb", "/-oI/SNV?Elsewhere"]


def test_answers_are_forgotten_in_time_failures_first() -> None:
    now = [0.0]
    asked: list[str] = []

    def ask(name: str) -> tuple[float, float] | None:
        asked.append(name)
        if name == "failure":
            raise LookupError("out of order")
        return (1.0, 2.0) if name == "known" else None

    answers = object_names.Answers(3, lambda: now[0])
    for now[0] in (0.0, 60.0, 600.0, 7200.0):
        answers.get("known", ask)
        answers.get("unknown", ask)
        with pytest.raises(LookupError, match="out of order"):
            answers.get("failure", ask)
    assert Counter(asked) == {"known": 2, "unknown": 3, "failure": 4}


def test_no_more_than_so_many_answers_are_kept() -> None:
    asked: list[str] = []

    def ask(name: str) -> None:
        asked.append(name)

    answers = object_names.Answers(2)
    for name in ("a", "b", "c", "c", "b", "a"):
        answers.get(name, ask)
    assert asked == ["a", "b", "c", "a"]
