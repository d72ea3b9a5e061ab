"""Every literal means in PostgreSQL what it means in ADQL."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
NASTY = st.text("'\\\"%$;-*/\n{}()é☉\U0001f52d", max_size=12)


@settings(max_examples=200, deadline=None)
@given(TEXTS | NASTY)
def test_a_text_comes_back_unchanged(sky: Any, text: str) -> None:
    literal = "'" + text.replace("'", "''") + "'"
    assert sky.rows(f"SELECT {literal} FROM source WHERE {literal} = {literal}") == [(text,)] * 3


@settings(max_examples=200, deadline=None)
@given(st.floats(min_value=0, allow_infinity=False) | st.integers(0, 2**63 - 1))
def test_a_number_comes_back_unchanged(sky: Any, number: float | int) -> None:
    assert sky.value(repr(number)) == number
    assert sky.value(f"-{number!r}") == -number


@settings(max_examples=50, deadline=None)
@given(TEXTS.filter(bool) | NASTY.filter(bool))
def test_a_delimited_name_can_be_anything(sky: Any, name: str) -> None:
    written = '"' + name.replace('"', '""') + '"'
    query = f"SELECT {written} FROM (SELECT name AS {written} FROM source) AS {written}"
    assert len(sky.rows(query)) == 3
