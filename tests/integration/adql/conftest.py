"""A small sky in PostgreSQL with pgSphere, and the values that describe it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from django.db import connection as django_connection

import adql
from adql.schema import Catalogue, Column, Schema, Table

OBSERVATION = Table(
    "sky",
    "observation",
    (
        Column("obs_id", "char", "*"),
        Column("number", "int"),
        Column("kind", "char", "*"),
        Column("s_ra", "double", unit="deg", ucd="pos.eq.ra"),
        Column("s_dec", "double", unit="deg", ucd="pos.eq.dec"),
        Column("s_region", "double", "*", "polygon"),
        Column("pointing", "double", "2", "point"),
        Column("exposure", "float", unit="s"),
        Column("size", "short"),
        Column("is_public", "boolean"),
        Column("released", "char", "*", "timestamp"),
        Column("comment", "unicodeChar", "*"),
    ),
    "Pointings all over the sky",
    "stored_observation",
)

SOURCE = Table(
    "sky",
    "source",
    (
        Column("name", "char", "*"),
        Column("ra", "double", unit="deg"),
        Column("dec", "double", unit="deg"),
        Column("rate", "double", unit="count/s"),
        Column("error_circle", "double", "3", "circle"),
    ),
    "A few sources",
    "stored_source",
)

CATALOGUE = Catalogue((Schema("sky", "", (OBSERVATION, SOURCE)),))

_SETUP = """
SET LOCAL statement_timeout = '20s';
SET LOCAL jit = off; -- compiling takes longer than any query here
CREATE SCHEMA sky;
CREATE TABLE sky.stored_observation AS
SELECT 'obs' || to_char(n, 'FM0000') AS obs_id,
  n::integer AS number,
  CASE n % 3 WHEN 0 THEN 'image' WHEN 1 THEN 'event' ELSE 'spectrum' END AS kind,
  (n * 137.50776405 - 360 * floor(n * 137.50776405 / 360))::float8 AS s_ra,
  degrees(asin(2 * (n - 0.5) / 2000 - 1))::float8 AS s_dec,
  NULL::spoly AS s_region,
  NULL::spoint AS pointing,
  (n * 1.5)::real AS exposure,
  (n % 7)::smallint AS "size",
  n % 2 = 0 AS is_public,
  timestamp '2003-01-01' + (n - 1) * interval '1 day' AS released,
  CASE WHEN n % 10 = 0 THEN NULL WHEN n = 1 THEN 'a_b\\c' ELSE 'ö' || n END AS comment
FROM generate_series(1, 2000) AS n;
UPDATE sky.stored_observation SET
  pointing = spoint(radians(s_ra), radians(s_dec)),
  s_region = CASE WHEN abs(s_dec) < 80 THEN format('{(%sd,%sd),(%sd,%sd),(%sd,%sd),(%sd,%sd)}',
    s_ra - 2, s_dec - 2, s_ra + 2, s_dec - 2, s_ra + 2, s_dec + 2, s_ra - 2, s_dec + 2)::spoly END;
CREATE INDEX observation_position ON sky.stored_observation
  USING gist (spoint(radians(s_ra), radians(s_dec)));
CREATE INDEX observation_region ON sky.stored_observation USING gist (s_region);
CREATE INDEX observation_id ON sky.stored_observation (obs_id text_pattern_ops);
CREATE TABLE sky.stored_source AS SELECT * FROM (VALUES
  ('Crab', 83.6331::float8, 22.0145::float8, 200.0::float8, scircle '<(83.6331d,22.0145d),1d>'),
  ('Cyg X-1', 299.5903, 35.2016, 150.0, NULL),
  ('Sco X-1', 244.9794, -15.6403, NULL, scircle '<(244.9794d,-15.6403d),2d>')
) AS v(name, ra, "dec", rate, error_circle);
ANALYZE sky.stored_observation;
CREATE VIEW sky.observation AS SELECT * FROM sky.stored_observation;
CREATE VIEW sky.source AS SELECT * FROM sky.stored_source;
"""


@dataclass(frozen=True)
class Sky:
    """The database, asked in ADQL or SQL."""

    connection: Any

    def sql(self, text: str) -> list[tuple[Any, ...]]:
        """The rows of an SQL query; what it does is undone."""
        with self.connection.cursor() as cursor:
            cursor.execute("SAVEPOINT query")
            try:
                cursor.execute(text)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
            finally:
                cursor.execute("ROLLBACK TO query")
        return rows

    def types(self, text: str) -> list[str]:
        """The types of an SQL query's columns, without running it."""
        with self.connection.cursor() as cursor:
            cursor.execute("SAVEPOINT query")
            try:
                cursor.execute(f"SELECT * FROM ({text}) AS query LIMIT 0")
                codes = [column.type_code for column in cursor.description]
                names = "SELECT format_type(unnest(%s::oid[]), NULL)"
                cursor.execute(names, [codes])
                return [row[0] for row in cursor.fetchall()]
            finally:
                cursor.execute("ROLLBACK TO query")

    def rows(self, query: str, limit: int | None = None) -> list[tuple[Any, ...]]:
        """The rows of an ADQL query."""
        return self.sql(adql.translate(query, CATALOGUE, adql.CATALOGUE_FUNCTIONS, limit).sql)

    def value(self, expression: str) -> Any:
        """What an ADQL expression over one source, the Crab, comes to."""
        ((value,),) = self.rows(f"SELECT {expression} FROM source WHERE name = 'Crab'")
        return value

    def plan(self, query: str) -> str:
        """PostgreSQL's plan of an ADQL query."""
        sql = adql.translate(query, CATALOGUE, adql.CATALOGUE_FUNCTIONS).sql
        return "\n".join(row[0] for row in self.sql(f"EXPLAIN {sql}"))


@pytest.fixture(scope="session")
def sky(django_db_setup: None, django_db_blocker: Any) -> Iterator[Sky]:
    """The sky in a transaction that is never committed."""
    with django_db_blocker.unblock():
        parameters = django_connection.get_connection_params()
    parameters = {
        k: v for k, v in parameters.items() if k in {"dbname", "user", "password", "host", "port"}
    }
    connection = psycopg2.connect(**parameters)
    with connection.cursor() as cursor:
        cursor.execute(_SETUP)
    yield Sky(connection)
    connection.rollback()
    connection.close()


@pytest.fixture(scope="session")
def positions(sky: Sky) -> dict[str, tuple[float, float]]:
    """Right ascension and declination of every observation, in degrees."""
    return {row[0]: row[1:] for row in sky.sql("SELECT obs_id, s_ra, s_dec FROM sky.observation")}


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """What the sky publishes."""
    return CATALOGUE
