"""The functions of the IVOA's Catalogue of ADQL User Defined Functions, version 1.2.

Each is said once: signatures, SQL, what the result means, description. They are values for
whoever resolves queries to offer. Arguments stand more than once in some of the SQL; where that
would be dear, a subquery names them; its ``OFFSET 0`` keeps PostgreSQL from writing them out
again in every place, which in nested calls would grow without end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adql import frames, pgsphere, typed
from adql.conversions import constant_number
from adql.errors import AdqlError, Position, nearest
from adql.functions import Function, MeaningRule, Parameter, Signature
from adql.grouping import columns_in
from adql.types import (
    CIRCLE,
    DOUBLE,
    INT,
    INT_ARRAY,
    LONG,
    POINT,
    POLYGON,
    TEXT,
    TIMESTAMP,
    DataType,
    Meaning,
)

Arguments = Sequence[typed.Value]


def _parameters(declared: str) -> tuple[Parameter, ...]:
    """Parameters from pairs of name and type, as in ``haystack TEXT, needle TEXT``."""
    pairs = (pair.split() for pair in declared.split(", ")) if declared else ()
    return tuple(Parameter(name, _TYPES[type_name]) for name, type_name in pairs)


_TYPES: dict[str, DataType] = {
    "TEXT": TEXT,
    "INTEGER": INT,
    "BIGINT": LONG,
    "DOUBLE": DOUBLE,
    "TIMESTAMP": TIMESTAMP,
    "POINT": POINT,
    "CIRCLE": CIRCLE,
    "POLYGON": POLYGON,
}


def _signature(parameters: str, result: DataType, sql: str = "") -> Signature:
    return Signature(_parameters(parameters), result, sql)


def _means(unit: str | None = None, ucd: str | None = None) -> MeaningRule:
    return lambda arguments: Meaning(unit, ucd)


def _condition(name: str, parameters: str, sql: str, description: str) -> Function:
    signature = _signature(parameters, INT, sql)
    return Function(name, description, (signature,), is_condition=True)


def _text(value: typed.Value, what: str) -> str:
    if isinstance(value, typed.Constant) and isinstance(value.value, str):
        return value.value
    raise AdqlError(f"{what} is a text in quotes", value.position)


# --- geometry -------------------------------------------------------------------------------


def _frame(value: typed.Value) -> str:
    name = _text(value, "the name of a reference frame")
    if name not in frames.FRAMES:
        known = ", ".join(frames.FRAMES)
        hint = nearest(name, frames.FRAMES) or f"there are {known}"
        raise AdqlError(f"reference frame `{name}` isn't known", value.position, hint)
    return name


def _transformed(arguments: Arguments, position: Position) -> typed.Value:
    origin, target = _frame(arguments[0]), _frame(arguments[1])
    geometry = arguments[2]
    angles = ", ".join(f"{angle!r}::float8" for angle in frames.rotation(origin, target))
    meaning = Meaning("deg", geometry.meaning.ucd)
    return typed.Call(
        geometry.type,
        f"({{0}} + strans({angles}))",
        (geometry,),
        meaning=meaning,
        position=position,
    )


#: Radians in a milliarcsecond; kilometres per second in an astronomical unit per Julian year.
_MAS = "4.84813681109536e-9::float8"
_AU_PER_YEAR = "4.740470463533349::float8"

# Lindegren's rigorous treatment (The Hipparcos Catalogue, volume 1, section 1.5.5): the star
# moves on a straight line. {0} to {7} are the arguments as declared. A NULL where none may be has
# to fail: the text that is no number depends on the values, so that it is never computed ahead.
_EPOCH_PROPAGATION = f"""(
SELECT CASE WHEN a + d + years IS NULL THEN spoint(concat('NULL', a + d + years)::float8, 0)
    ELSE spoint(atan2(y, x), atan2(z, sqrt(x * x + y * y))) END
FROM (SELECT radians({{0}}), radians({{1}}), coalesce({{3}}, 0) * {_MAS},
    coalesce({{4}}, 0) * {_MAS},
    coalesce({{2}} * {{5}}, 0) * {_MAS} / {_AU_PER_YEAR},
    {{7}} - {{6}} OFFSET 0) AS given(a, d, east, north, away, years),
  LATERAL (SELECT 1 + away * years, east * years, north * years) AS moved(r, p, q),
  LATERAL (SELECT r * cos(d) * cos(a) - p * sin(a) - q * sin(d) * cos(a),
    r * cos(d) * sin(a) + p * cos(a) - q * sin(d) * sin(a),
    r * sin(d) + q * cos(d)) AS u(x, y, z))"""  # noqa: S608 - of our own words


def _propagated(arguments: Arguments, position: Position) -> typed.Value:
    for number, name in ((0, "ra"), (1, "dec"), (6, "ref_epoch"), (7, "out_epoch")):
        argument = arguments[number]
        if isinstance(argument, typed.Constant) and argument.value is None:
            raise AdqlError(f"{name} can't be NULL", argument.position)
    return typed.Call(
        POINT,
        _EPOCH_PROPAGATION,
        tuple(arguments),
        meaning=Meaning("deg", "pos"),
        position=position,
    )


def simbad_point(find: Callable[[str], tuple[float, float] | None], description: str) -> Function:
    """``ivo_simbadpoint``, for whoever can find the position of an object by its name.

    find: gives ICRS degrees, or ``None`` for an unknown name; may raise LookupError with a message
    for people. It is asked when a query is resolved.
    """

    def build(arguments: Arguments, position: Position) -> typed.Value:
        name = _text(arguments[0], "the name of an object")
        try:
            found = find(name)
        except LookupError as error:
            raise AdqlError(str(error), arguments[0].position) from error
        if found is None:
            raise AdqlError(f"no position of `{name}` is known", arguments[0].position)
        longitude, latitude = (typed.Constant(DOUBLE, number) for number in found)
        return typed.Point(
            POINT, longitude, latitude, meaning=Meaning("deg", "pos"), position=position
        )

    signature = _signature("identifier TEXT", POINT)
    return Function("ivo_simbadpoint", description, (signature,), build=build, reads_data=True)


# --- texts ----------------------------------------------------------------------------------


def _sexagesimal(opening: str, sign: str, limit: int, factor: int) -> str:
    """SQL from degrees or hours, minutes and seconds to degrees; NULL for anything else."""
    digits = r"(\d{{1,3}})"
    last = r"(\d{{1,2}}(?:\.\d*)?)"
    forms = (
        rf"^({sign}){digits}:(\d{{{{1,2}}}}):{last}$",
        rf"^({sign}){digits}{opening}(\d{{{{1,2}}}})m{last}s$",
        rf"^({sign})(\d{{{{2,3}}}})(\d{{{{2}}}})(\d{{{{2}}}}(?:\.\d*)?)$",
    )
    matches = ", ".join(f"regexp_match(t, '{form}')" for form in forms)
    return (
        f"(SELECT CASE WHEN first + minutes / 60 + seconds / 3600 <= {limit}"  # noqa: S608
        " AND minutes < 60 AND seconds < 60"
        " THEN (CASE m[1] WHEN '-' THEN -1 ELSE 1 END)"
        f" * {factor} * (first + minutes / 60 + seconds / 3600) END"
        " FROM (SELECT lower(btrim({0})) OFFSET 0) AS given(t),"
        f" LATERAL (SELECT coalesce({matches}) OFFSET 0) AS found(m),"
        " LATERAL (SELECT m[2]::float8, m[3]::float8, m[4]::float8)"
        " AS parts(first, minutes, seconds))"
    )


# --- statistics -----------------------------------------------------------------------------

_MOST_BINS = 100_000

# A value that is NULL counts as too small; NaN, which no bin holds, as too large.
_HISTOGRAM = """(
SELECT array_agg(n ORDER BY bin) FROM (
  SELECT bin, count(found)::integer
  FROM generate_series(0, {3} + 1) AS b(bin)
  LEFT JOIN unnest(array_agg(coalesce(
    CASE WHEN {0} = 'NaN' THEN {3} + 1 ELSE width_bucket({0}, {1}, {2}, {3}) END, 0)))
    AS f(found) ON found = bin
  GROUP BY bin) AS h(bin, n))"""


def _histogram(arguments: Arguments, position: Position) -> typed.Value:
    value, lower, upper, bins = arguments
    low, high, count = map(constant_number, (lower, upper, bins))
    for number, argument, name in ((low, lower, "lower"), (high, upper, "upper")):
        if number is None:
            raise AdqlError(f"{name} is a number that is the same for all rows", argument.position)
    if count is None or not 1 <= count <= _MOST_BINS:
        raise AdqlError(f"nbins is a whole number from 1 to {_MOST_BINS}", bins.position)
    if low is not None and high is not None and not low < high:
        raise AdqlError("the histogram's lower limit isn't below its upper one", lower.position)
    if not columns_in(value):
        raise AdqlError("a histogram is made of the values of a column", value.position)
    meaning = Meaning(ucd="meta.number")
    return typed.AggregateCall(
        INT_ARRAY, _HISTOGRAM, tuple(arguments), meaning=meaning, position=position
    )


# --- the catalogue --------------------------------------------------------------------------

CATALOGUE_FUNCTIONS: tuple[Function, ...] = (
    Function(
        "ivo_healpix_index",
        "The index of the HEALPix cell that holds a position, in NESTED numbering; degrees, order"
        " 0 to 29",
        (
            _signature(
                "hpxOrder INTEGER, long DOUBLE, lat DOUBLE",
                LONG,
                "healpix_nest({0}, " + pgsphere.point("{1}", "{2}") + ")",
            ),
            _signature("hpxOrder INTEGER, point POINT", LONG, "healpix_nest({0}, {1})"),
        ),
        _means(ucd="pos.healpix"),
    ),
    Function(
        "ivo_healpix_center",
        "The centre of a HEALPix cell, from its index in NESTED numbering",
        (
            _signature(
                "hpxOrder INTEGER, hpxIndex BIGINT", POINT, "centre_of_healpix_nest({0}, {1})"
            ),
        ),
        _means("deg", "pos"),
    ),
    Function(
        "ivo_epoch_prop_pos",
        "The position at out_epoch of an object that moves on a straight line; degrees, mas,"
        " mas/yr (pmra with the factor cos(dec)), km/s and Julian years. A NULL parallax means"
        " infinitely remote, a NULL motion 0; other NULLs are errors",
        (
            _signature(
                "ra DOUBLE, dec DOUBLE, parallax DOUBLE, pmra DOUBLE, pmdec DOUBLE,"
                " radial_velocity DOUBLE, ref_epoch DOUBLE, out_epoch DOUBLE",
                POINT,
            ),
        ),
        build=_propagated,
    ),
    Function(
        "ivo_geom_transform",
        "A geometry in another reference frame, by a plain rotation. The frames, literal texts,"
        f" are {', '.join(frames.FRAMES)}; equinoxes are J2000 and, for FK4, B1950",
        tuple(
            _signature(f"from_sys TEXT, to_sys TEXT, geo {geometry}", _TYPES[geometry])
            for geometry in ("POINT", "CIRCLE", "POLYGON")
        ),
        build=_transformed,
    ),
    Function(
        "ivo_to_jd",
        "A timestamp, or a text in DALI's form of one, as Julian date; no time scale is changed",
        (
            _signature(
                "d TIMESTAMP",
                DOUBLE,
                "(extract(epoch FROM {0}) / 86400 + 2440587.5)::double precision",
            ),
        ),
        _means("d", "time.epoch"),
    ),
    Function(
        "ivo_to_mjd",
        "A timestamp, or a text in DALI's form of one, as modified Julian date; no time scale is"
        " changed",
        (
            _signature(
                "d TIMESTAMP",
                DOUBLE,
                "(extract(epoch FROM {0}) / 86400 + 40587)::double precision",
            ),
        ),
        _means("d", "time.epoch"),
    ),
    Function(
        "ivo_string_agg",
        "All values of the expression that aren't NULL, joined, with the delimiter between them",
        (_signature("expression TEXT, delimiter TEXT", TEXT, "string_agg({0}, {1})"),),
        is_aggregate=True,
    ),
    _condition(
        "ivo_nocasematch",
        "value TEXT, pattern TEXT",
        "{0} ILIKE {1} ESCAPE ''",
        "1 if the value matches the pattern of LIKE whatever its case, otherwise 0",
    ),
    _condition(
        "ivo_hasword",
        "haystack TEXT, needle TEXT",
        "to_tsvector('pg_catalog.english', {0}) @@ plainto_tsquery('pg_catalog.english', {1})",
        "1 if all words of needle are in haystack, whatever their case and English endings,"
        " otherwise 0",
    ),
    _condition(
        "ivo_hashlist_has",
        "hashlist TEXT, item TEXT",
        "lower({1}) = ANY (string_to_array(lower({0}), '#'))",
        "1 if the item is one of the words that hash signs separate, whatever its case,"
        " otherwise 0",
    ),
    Function(
        "ivo_histogram",
        "How many values lie below lower, in each of nbins bins of one width, and above upper;"
        " NULL counts as below. The limits and nbins are numbers",
        (
            _signature(
                "val DOUBLE, lower DOUBLE, upper DOUBLE, nbins INTEGER",
                INT_ARRAY,
            ),
        ),
        is_aggregate=True,
        build=_histogram,
    ),
    Function(
        "ivo_normal_random",
        "A random number of the normal distribution with mean mu and standard deviation sigma",
        (
            _signature(
                "mu DOUBLE, sigma DOUBLE",
                DOUBLE,
                "({0} + {1} * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))",
            ),
        ),
        lambda arguments: Meaning(arguments[0].meaning.unit),
    ),
    _condition(
        "ivo_interval_overlaps",
        "a1 DOUBLE, b1 DOUBLE, a2 DOUBLE, b2 DOUBLE",
        "({0} <= {3} AND {2} <= {1} AND {0} <= {1} AND {2} <= {3})",
        "1 if the intervals from a1 to b1 and from a2 to b2 have a place in common, their ends"
        " included, otherwise 0",
    ),
    Function(
        "ivo_hms_to_degrees",
        "Hours, minutes and seconds, as in 3:34:45.4, 3h34m45.4s or 033445.4, in degrees; NULL"
        " for any other text",
        (_signature("hms TEXT", DOUBLE, _sexagesimal("h", "", 24, 15)),),
        _means("deg"),
    ),
    Function(
        "ivo_dms_to_degrees",
        "Degrees, minutes and seconds, as in -42:9:6.768, 42d9m6.768s or 420906.768, in degrees;"
        " NULL for any other text",
        (_signature("dms TEXT", DOUBLE, _sexagesimal("d", "[+-]?", 360, 1)),),
        _means("deg"),
    ),
)
