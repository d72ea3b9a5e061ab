"""The functions of the IVOA's catalogue on PostgreSQL: its own examples, and astropy."""

import math
from typing import Any

import numpy as np
import psycopg2
import pytest
from astropy import units as u
from astropy.coordinates import (
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    Distance,
    FK4NoETerms,
    Galactic,
    SkyCoord,
    Supergalactic,
)
from astropy.time import Time

import adql
from adql.schema import Catalogue

FRAMES = {
    "ICRS": ICRS(),
    "FK5": FK5(),
    "FK4": FK4NoETerms(),
    "GALACTIC": Galactic(),
    "ECLIPTIC": BarycentricMeanEcliptic(),
    "SUPER_GALACTIC": Supergalactic(),
}

# star: ra, dec, parallax, pmra, pmdec and radial velocity at 2016.0
STAR = "7.606083572, 11.79044105, 125, 300, -428.8, 52.51, 2016.0"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("ivo_hasword('Miller and Urey have', 'miller')", 1),
        ("ivo_hasword('shown that a primordial', 'soup')", 0),
        ("ivo_hasword('shown that a primordial', 'shown primordial')", 1),
        ("ivo_hasword('shown that a primordial', 'shown soup')", 0),
        ("ivo_hasword('two galaxies', 'Galaxy')", 1),
        ("ivo_hashlist_has('red#green#blue', 'red')", 1),
        ("ivo_hashlist_has('Red#green#blue', 'rED')", 1),
        ("ivo_hashlist_has('red#green#blue', 're')", 0),
        ("ivo_hashlist_has('red#green#blue', 'red#green')", 0),
        ("ivo_hashlist_has('', '')", 0),
        ("ivo_nocasematch('ABcabc', 'ab__bc')", 1),
        ("ivo_nocasematch('abcabc', '%BC')", 1),
        ("ivo_nocasematch('abcabc', 'ABCABC')", 1),
        ("ivo_nocasematch('abcabc', 'abcab')", 0),
        ("ivo_nocasematch('a\\c', 'A\\_')", 1),
        ("ivo_nocasematch('Ärger', 'ärg%')", 1),
        ("ivo_nocasematch(NULL, 'a')", None),
        ("ivo_interval_overlaps(-3, -2, 2, 3)", 0),
        ("ivo_interval_overlaps(-2, 55.3, 2, 3)", 1),
        ("ivo_interval_overlaps(2, 3, -2, 55.3)", 1),
        ("ivo_interval_overlaps(-2, 55.3, 3, 2)", 0),
        ("ivo_interval_overlaps(-2, 2, 2, 3)", 1),
        ("ivo_healpix_index(0, 1, 1)", 4),
        ("ivo_healpix_index(17, 1, 1)", 81609757711),
        ("ivo_healpix_index(17, 359, -1)", 73009064944),
        ("ivo_healpix_index(0, POINT(1, 1))", 4),
        ("ivo_healpix_index(17, POINT('ICRS', 1, 1))", 81609757711),
        ("ivo_healpix_index(17, CENTROID(CIRCLE(359, -1, 3)))", 73009064944),
        ("ivo_to_jd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))", 2451546.0),
        ("ivo_to_jd('1910-12-31T06:00:00')", 2419036.75),
        ("ivo_to_jd(NULL)", None),
        ("ivo_to_mjd(CAST('2000-01-02T12:00:00' AS TIMESTAMP))", 51545.5),
        ("ivo_to_mjd('1910-12-31T06:00:00')", 19036.25),
        ("ivo_to_mjd('1910-12-31' || 'T06:00:00')", 19036.25),
        ("ivo_to_mjd(NULL)", None),
        ("ivo_hms_to_degrees('3:34:45.4')", 15 * (3 + 34 / 60 + 45.4 / 3600)),
        ("ivo_hms_to_degrees('3h34m45.4s')", 53.6891666666667),
        ("ivo_hms_to_degrees('3H34M45.4S')", 53.6891666666667),
        ("ivo_hms_to_degrees(' 033445.4')", 53.6891666666667),
        ("ivo_hms_to_degrees('24:00:00')", 360),
        ("ivo_hms_to_degrees('24:00:01')", None),
        ("ivo_hms_to_degrees('3:60:00')", None),
        ("ivo_hms_to_degrees('-3:34:45.4')", None),
        ("ivo_hms_to_degrees('3h34:45')", None),
        ("ivo_hms_to_degrees('Crab')", None),
        ("ivo_hms_to_degrees(NULL)", None),
        ("ivo_dms_to_degrees('42:9:6.768')", 42.15188),
        ("ivo_dms_to_degrees('42d9m6.768s')", 42.15188),
        ("ivo_dms_to_degrees('42D9M6.768S')", 42.15188),
        ("ivo_dms_to_degrees('420906.768')", 42.15188),
        ("ivo_dms_to_degrees('-00:15:00')", -0.25),
        ("ivo_dms_to_degrees('+00:15:00')", 0.25),
        ("ivo_dms_to_degrees('-0d15m0s')", -0.25),
        ("ivo_dms_to_degrees('+0d15m0s')", 0.25),
        ("ivo_dms_to_degrees('-001500')", -0.25),
        ("ivo_dms_to_degrees('1:2')", None),
    ],
)
def test_a_function_gives_what_the_catalogue_says(sky: Any, expression: str, expected: Any) -> None:
    value = sky.value(expression)
    assert value == (expected if expected is None else pytest.approx(expected, rel=1e-12))


@pytest.mark.parametrize(
    ("expression", "expected", "tolerance"),
    [
        ("ivo_healpix_center(0, 6)", [180, 0], 1e-9),
        (
            "ivo_healpix_center(17, ivo_healpix_index(17, 23.4, 56.7))",
            [23.399843462947466, 56.70016214363192],
            1e-9,
        ),
        (
            f"ivo_epoch_prop_pos({STAR}, 1992.25)",
            [7.604061404627978, 11.7932703828279],
            1e-9,
        ),
        (
            f"ivo_epoch_prop_pos({STAR}, 1875.0)",
            [7.594068213694308, 11.807251375203935],
            1e-9,
        ),
        (
            "ivo_epoch_prop_pos(7.606083572, 11.79044105, 125, 300, -428.8, NULL, 2016.0, 1875.0)",
            [7.594079587029898, 11.807235464326332],
            1e-9,
        ),
        (
            "ivo_epoch_prop_pos(7.606083572, 11.79044105, 125, 300, NULL, NULL, 2016.0, 1875.0)",
            [7.594080321498365, 11.790440798509207],
            1e-9,
        ),
        (
            "ivo_epoch_prop_pos(7.606083572, 11.79044105, NULL, 300, -428.8, 52.51, 2016.0, 1875)",
            [7.594079587020846, 11.807235464339055],
            1e-8,
        ),
        (
            "ivo_geom_transform('ICRS', 'GALACTIC', POINT(120, -23))",
            [241.121831182, 3.62785788087],
            1e-7,
        ),
        (
            "ivo_geom_transform('FK4', 'GALACTIC', CIRCLE(189.70303055, 22.96240006, 3))",
            [275.00025405, 84.99996154, 3],
            1e-6,
        ),
        (
            "ivo_geom_transform('GALACTIC', 'FK5', POLYGON(5, 3, 4, 4, 4.5, 2))",
            [266.44721, -23.107310, 264.95088, -23.434037, 267.09936, -24.051919],
            1e-5,
        ),
    ],
)
def test_a_geometry_is_what_the_catalogue_says(
    sky: Any, expression: str, expected: list[float], tolerance: float
) -> None:
    assert sky.value(expression) == pytest.approx(expected, rel=0, abs=tolerance)


@pytest.mark.parametrize("origin", FRAMES)
@pytest.mark.parametrize("target", FRAMES)
def test_frames_are_turned_as_astropy_turns_them(sky: Any, origin: str, target: str) -> None:
    rows = sky.rows(
        f"SELECT s_ra, s_dec, ivo_geom_transform('{origin}', '{target}', pointing)"
        " FROM observation WHERE MOD(number, 40) = 0"
    )
    longitude, latitude = np.array([row[:2] for row in rows]).T
    found = SkyCoord(np.array([row[2] for row in rows]), unit="deg")
    points = SkyCoord(longitude, latitude, unit="deg", frame=FRAMES[origin])
    expected = points.transform_to(FRAMES[target]).spherical
    expected = SkyCoord(expected.lon, expected.lat)
    assert found.separation(expected).deg.max() < 1e-9


def test_a_turned_region_keeps_its_size_and_place(sky: Any) -> None:
    rows = sky.rows(
        "SELECT AREA(s_region), AREA(ivo_geom_transform('ICRS', 'GALACTIC', s_region)),"
        " CONTAINS(ivo_geom_transform('ICRS', 'GALACTIC', pointing),"
        " ivo_geom_transform('ICRS', 'GALACTIC', s_region))"
        " FROM observation WHERE MOD(number, 100) = 50"
    )
    before, after, inside = zip(*rows, strict=True)
    assert before == pytest.approx(after)
    assert set(inside) == {1}


def test_a_motion_is_that_of_astropy(sky: Any) -> None:
    star = SkyCoord(
        ra=7.606083572 * u.deg,
        dec=11.79044105 * u.deg,
        distance=Distance(parallax=125 * u.mas),
        pm_ra_cosdec=300 * u.mas / u.yr,
        pm_dec=-428.8 * u.mas / u.yr,
        radial_velocity=52.51 * u.km / u.s,
        obstime=Time(2016.0, format="jyear", scale="tdb"),
    )
    moved = star.apply_space_motion(new_obstime=Time(1992.25, format="jyear", scale="tdb"))
    found = SkyCoord(*sky.value(f"ivo_epoch_prop_pos({STAR}, 1992.25)"), unit="deg")
    assert found.separation(moved).mas < 1


def test_a_motion_from_an_unknown_place_fails(sky: Any, catalogue: Catalogue) -> None:
    missing = "SELECT ivo_epoch_prop_pos(rate, dec, 1, 2, 3, 4, 2016.0, 2000.0) FROM source"
    with pytest.raises(psycopg2.DataError):
        sky.rows(missing)
    assert len(sky.rows(missing + " WHERE rate IS NOT NULL")) == 2
    written = "SELECT ivo_epoch_prop_pos(ra, dec, 1, 2, 3, 4, NULL, 2000.0) FROM source"
    with pytest.raises(adql.AdqlError, match="ref_epoch can't be NULL"):
        adql.translate(written, catalogue, adql.CATALOGUE_FUNCTIONS)


def test_every_position_lies_in_the_cell_whose_centre_is_nearest(
    sky: Any, positions: dict[str, tuple[float, float]]
) -> None:
    centres = np.array([sky.value(f"ivo_healpix_center(1, {index})") for index in range(12 * 2**2)])
    centres_on_sky = SkyCoord(centres, unit="deg")
    rows = sky.rows("SELECT obs_id, ivo_healpix_index(1, s_ra, s_dec) FROM observation")
    assert {index for _, index in rows} == set(range(48))
    for name, index in rows[::50]:
        point = SkyCoord(*positions[name], unit="deg")
        assert point.separation(centres_on_sky[index]).deg < 30


def test_cells_have_one_size(sky: Any) -> None:
    rows = sky.rows(
        "SELECT ivo_healpix_index(0, pointing) AS cell, COUNT(*) FROM observation GROUP BY cell"
    )
    counts = dict(rows)
    assert set(counts) == set(range(12))
    assert all(abs(n - 2000 / 12) < 12 for n in counts.values())


def test_texts_of_a_group_are_joined(sky: Any) -> None:
    (row,) = sky.rows("SELECT ivo_string_agg(name, ' | ') FROM (SELECT name FROM source) AS s")
    assert sorted(row[0].split(" | ")) == ["Crab", "Cyg X-1", "Sco X-1"]
    rows = sky.rows(
        "SELECT kind, ivo_string_agg(comment, '#') AS c FROM observation WHERE number < 12"
        " GROUP BY kind HAVING COUNT(*) > 3 ORDER BY ivo_string_agg(obs_id, '')"
    )
    parts = {kind: set(joined.split("#")) for kind, joined in rows}
    assert parts == {
        "event": {"a_b\\c", "ö4", "ö7"},
        "spectrum": {"ö2", "ö5", "ö8", "ö11"},
    }
    (none,) = sky.rows("SELECT ivo_string_agg(comment, '#') FROM observation WHERE number = 10")
    assert none == (None,)


def test_a_histogram_counts_as_numpy_does(sky: Any) -> None:
    rows = sky.rows(
        "SELECT kind, ivo_histogram(s_ra, 50, 250.5, 7), COUNT(*), ivo_histogram(rate, 0, 9, 1)"
        " FROM observation LEFT JOIN source ON rate = number GROUP BY kind ORDER BY kind"
    )
    values: dict[str, list[float]] = {}
    for kind, ra in sky.rows("SELECT kind, s_ra FROM observation"):
        values.setdefault(kind, []).append(ra)
    for kind, counts, total, of_rates in rows:
        ra = np.array(values[kind])
        inner, _ = np.histogram(ra, np.linspace(50, 250.5, 8))
        assert counts == [(ra < 50).sum(), *inner, (ra >= 250.5).sum()]
        assert sum(of_rates) == sum(counts) == total
        assert of_rates[0] + of_rates[2] == total


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT ivo_histogram(s_ra, 0, 1, 0) FROM observation", "from 1 to 100000"),
        ("SELECT ivo_histogram(s_ra, 0, 1, number) FROM observation", "from 1 to 100000"),
        ("SELECT ivo_histogram(s_ra, 1, 1, 5) FROM observation", "isn't below"),
        ("SELECT ivo_histogram(s_ra, s_dec, 1, 5) FROM observation", "the same for all rows"),
        ("SELECT ivo_histogram(2, 0, 1, 5) FROM observation", "values of a column"),
        ("SELECT ivo_histogram(MAX(s_ra), 0, 1, 5) FROM observation", "can't stand here"),
        ("SELECT name FROM source WHERE ivo_string_agg(name, '') = 'a'", "can't stand here"),
        ("SELECT obs_id, ivo_string_agg(kind, '') FROM observation", "many values in each group"),
        ("SELECT ivo_geom_transform('ICRS', 'Galactic', pointing) FROM observation", "isn't known"),
        ("SELECT ivo_geom_transform(kind, 'ICRS', pointing) FROM observation", "text in quotes"),
        ("SELECT ivo_geom_transform('ICRS', 'FK5', s_ra) FROM observation", "doesn't take"),
        ("SELECT ivo_healpix_index(1.5, 1, 1) FROM source", "doesn't take"),
        ("SELECT ivo_healpix_center(17, 23.2) FROM source", "doesn't take"),
        ("SELECT ivo_to_mjd('yesterday') FROM source", "isn't a timestamp"),
    ],
)
def test_a_wrong_call_is_refused(catalogue: Catalogue, query: str, message: str) -> None:
    with pytest.raises(adql.AdqlError, match=message):
        adql.translate(query, catalogue, adql.CATALOGUE_FUNCTIONS)


def test_random_numbers_are_normally_distributed(sky: Any) -> None:
    rows = sky.rows("SELECT ivo_normal_random(10, 5), s_ra FROM observation")
    values = np.array([row[0] for row in rows])
    assert abs(values.mean() - 10) < 5 * 5 / math.sqrt(2000)
    assert abs(values.std() - 5) < 5 * 5 / math.sqrt(4000)
    assert len(set(values)) == 2000


def test_dates_are_those_of_astropy(sky: Any) -> None:
    rows = sky.rows(
        "SELECT released, ivo_to_jd(released), ivo_to_mjd(released) FROM observation"
        " WHERE MOD(number, 200) = 1"
    )
    times = Time([row[0] for row in rows], scale="tai")
    assert np.allclose([row[1] for row in rows], times.jd, rtol=0, atol=1e-8)
    assert np.allclose([row[2] for row in rows], times.mjd, rtol=0, atol=1e-9)


def test_a_test_for_1_is_a_bare_condition_that_an_index_can_serve(
    sky: Any, catalogue: Catalogue
) -> None:
    query = "SELECT number FROM observation WHERE {} ivo_interval_overlaps(number, number, 3, 4)"
    assert sorted(sky.rows(query.format("1 ="))) == [(3,), (4,)]
    assert len(sky.rows(query.format("0 ="))) == 1998
    assert len(sky.rows(query.format("1 <>"))) == 1998
    assert len(sky.rows(query.format("0 <"))) == 2
    sql = adql.translate(query.format("1 ="), catalogue, adql.CATALOGUE_FUNCTIONS).sql
    assert "::integer" not in sql.split("WHERE")[1].replace("number", "")


def test_what_functions_give_is_typed_and_described(catalogue: Catalogue) -> None:
    found = adql.translate(
        "SELECT ivo_healpix_index(3, s_ra, s_dec), ivo_to_mjd(MAX(released)),"
        " ivo_histogram(s_ra, 0, 360, 4), ivo_string_agg(kind, ','),"
        " ivo_geom_transform('ICRS', 'GALACTIC', CIRCLE(s_ra, s_dec, 1))"
        " FROM observation GROUP BY s_ra, s_dec",
        catalogue,
        adql.CATALOGUE_FUNCTIONS,
    )
    assert [(c.datatype, c.arraysize, c.xtype, c.unit, c.ucd) for c in found.columns] == [
        ("long", None, None, None, "pos.healpix"),
        ("double", None, None, "d", "time.epoch"),
        ("int", "*", None, None, "meta.number"),
        ("char", "*", None, None, None),
        ("double", "3", "circle", "deg", "pos.outline"),
    ]
    assert not found.reads_data


def test_every_function_of_the_catalogue_is_offered_with_its_signatures() -> None:
    features = adql.language_features(adql.CATALOGUE_FUNCTIONS)
    declared = features["ivo://ivoa.net/std/TAPRegExt#features-udf"]
    forms = [form for form, _ in declared]
    assert "ivo_healpix_index(hpxOrder INTEGER, point POINT) -> BIGINT" in forms
    assert (
        "ivo_histogram(val DOUBLE, lower DOUBLE, upper DOUBLE, nbins INTEGER) -> INTEGER[]" in forms
    )
    assert len({form.split("(")[0] for form in forms}) == 15
    assert all(description for _, description in declared)
