"""What other rooms may use of the language."""

import subprocess
import sys

import adql
from adql.words import ADQL_RESERVED, SQL_RESERVED


def test_the_public_names_are_these() -> None:
    assert sorted(adql.__all__) == [
        "AdqlError",
        "BUILT_IN",
        "CATALOGUE_FUNCTIONS",
        "Function",
        "OutputColumn",
        "Parameter",
        "Position",
        "ResolvedQuery",
        "Signature",
        "Translation",
        "UNDECLARED",
        "UPLOAD_SCHEMA",
        "language_features",
        "parse",
        "resolve",
        "simbad_point",
        "to_postgres",
        "translate",
        "write",
    ]
    assert all(getattr(adql, name) for name in adql.__all__)


def test_importing_the_language_loads_neither_astropy_nor_django() -> None:
    code = "import adql, sys; print({'astropy', 'numpy', 'django'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


def test_every_reserved_word_is_a_name_only_in_quotes() -> None:
    for word in SQL_RESERVED | ADQL_RESERVED:
        quoted = adql.parse(f'SELECT "{word}" FROM "{word}"')
        assert adql.write(quoted) == f'SELECT "{word}" FROM "{word}"'
        try:
            adql.parse(f"SELECT a FROM {word}")
        except adql.AdqlError as error:
            assert (error.line, error.column) == (1, 15)  # noqa: PT017 - each word in turn
        else:
            raise AssertionError(f"{word} was taken for a name")
