"""Queries to begin with, shown at `/tap/examples` (DALI 1.1, section 2.3; TAP 1.1, section 2.4)."""

from collections.abc import Iterable
from dataclasses import dataclass

from tap import published


@dataclass(frozen=True, slots=True)
class Example:
    """A query that runs.

    identifier: of the example within the page. needs: published tables that it reads.
    """

    identifier: str
    name: str
    text: str
    query: str
    needs: tuple[str, ...]


# as ADQL 2.0 has them: clients that know no more check examples before they show them
_EXAMPLES = (
    Example(
        "tables",
        "What is published",
        "All tables of this service, with what they hold.",
        "SELECT table_name, description FROM tap_schema.tables ORDER BY table_index",
        ("tap_schema.tables",),
    ),
    Example(
        "columns",
        "Columns of a table",
        "The columns of the table of observations, with unit and meaning.",
        "SELECT column_name, unit, ucd, description FROM tap_schema.columns\n"
        "WHERE table_name = 'ivoa.obscore' ORDER BY column_index",
        ("tap_schema.columns",),
    ),
    Example(
        "cone",
        "Event lists around the Crab",
        "Event lists whose pointing is within 10 degrees of the Crab.",
        "SELECT TOP 100 obs_id, s_ra, s_dec, t_min, t_max, access_url FROM ivoa.obscore\n"
        "WHERE dataproduct_type = 'event'\n"
        "AND 1 = CONTAINS(POINT('ICRS', s_ra, s_dec), CIRCLE('ICRS', 83.6331, 22.0145, 10))\n"
        "ORDER BY t_min",
        ("ivoa.obscore",),
    ),
    Example(
        "field",
        "What saw a position",
        "Everything whose field of view holds Cygnus X-1.",
        "SELECT TOP 100 obs_id, dataproduct_type, instrument_name, t_exptime FROM ivoa.obscore\n"
        "WHERE 1 = CONTAINS(POINT('ICRS', 299.5903, 35.2016), s_region)",
        ("ivoa.obscore",),
    ),
    Example(
        "by-name",
        "Around a source, by its name",
        "Event lists whose pointing is within 12 degrees of a source of the reference catalogue,\n"
        "the nearest first.",
        "SELECT o.scw, o.t_min, o.t_exptime,\n"
        "DISTANCE(POINT('ICRS', o.s_ra, o.s_dec), POINT('ICRS', s.ra_obj, s.dec_obj)) AS off_axis\n"
        "FROM integral.source AS s JOIN ivoa.obscore AS o\n"
        "ON DISTANCE(POINT('ICRS', o.s_ra, o.s_dec), POINT('ICRS', s.ra_obj, s.dec_obj)) < 12\n"
        "WHERE s.name = 'Crab' AND o.dataproduct_type = 'event' ORDER BY off_axis",
        ("ivoa.obscore", "integral.source"),
    ),
    Example(
        "catalogue",
        "Sources in the fields of view",
        "How long each source of the reference catalogue was within 4 degrees of the axis, by a\n"
        "join on the sky.",
        "SELECT s.name, COUNT(*) AS pointings, SUM(o.t_exptime) AS exposure\n"
        "FROM integral.source AS s JOIN ivoa.obscore AS o\n"
        "ON DISTANCE(POINT('ICRS', o.s_ra, o.s_dec), POINT('ICRS', s.ra_obj, s.dec_obj)) < 4\n"
        "WHERE o.dataproduct_type = 'event' AND o.instrument_name = 'IBIS/ISGRI'\n"
        "GROUP BY s.name ORDER BY pointings DESC",
        ("ivoa.obscore", "integral.source"),
    ),
    Example(
        "time",
        "Observed in a span of time",
        "What was observed in March 2008: the table's times are modified Julian days in UTC. The\n"
        "function ivo_to_mjd makes them of dates.",
        "SELECT scw, target_name, instrument_name, t_min FROM ivoa.obscore\n"
        "WHERE t_min BETWEEN 54526 AND 54557 ORDER BY t_min",
        ("ivoa.obscore",),
    ),
    Example(
        "plan",
        "The observing plan",
        "What the instruments were to point at, and whether they did (ObsLocTAP).",
        "SELECT target_name, obs_id, t_min, t_max, s_ra, s_dec, execution_status\n"
        "FROM ivoa.obsplan ORDER BY t_min",
        ("ivoa.obsplan",),
    ),
    Example(
        "holdings",
        "How much there is",
        "Number and exposure of the products of each kind and instrument.",
        "SELECT instrument_name, dataproduct_type, COUNT(*) AS products,\n"
        "SUM(t_exptime) AS exposure\n"
        "FROM ivoa.obscore GROUP BY instrument_name, dataproduct_type",
        ("ivoa.obscore",),
    ),
)


_declared: list[Example] = []


def declare(examples: Iterable[Example]) -> None:
    """Show these after those of this room; called once, at start, with what other rooms offer."""
    _declared[:] = examples


def examples() -> list[Example]:
    """The examples that run on what is published."""
    catalogue = published.catalogue()
    offered = (*_EXAMPLES, *_declared)
    return [e for e in offered if all(catalogue.table(name) for name in e.needs)]
