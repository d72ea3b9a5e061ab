"""What of the language is offered, as a service declares it (TAPRegExt 1.0, section 2.3)."""

from __future__ import annotations

from collections.abc import Iterable

from adql.functions import Function

# ADQL 2.1 wants these in lower case. TOPCAT and STILTS find the functions of a service in this
# spelling only, TAPRegExt's own; IVOIDs are compared without regard to case.
_GEOMETRY = "ivo://ivoa.net/std/TAPRegExt#features-adqlgeo"
_USER_DEFINED = "ivo://ivoa.net/std/TAPRegExt#features-udf"
_OPTIONAL = "ivo://ivoa.net/std/TAPRegExt#features-adql-"

#: Optional features of ADQL 2.1, section 4, by their types; each with its description.
_FEATURES: dict[str, dict[str, str]] = {
    _GEOMETRY: {
        "AREA": "The area of a geometry, in square degrees",
        "BOX": "A box on the sky; deprecated by ADQL 2.1",
        "CENTROID": "The centre of a geometry",
        "CIRCLE": "A circle on the sky",
        "CONTAINS": "1 if the first geometry lies in the second, otherwise 0",
        "COORD1": "The longitude of a point, in degrees",
        "COORD2": "The latitude of a point, in degrees",
        "COORDSYS": "The coordinate system, always ICRS; deprecated by ADQL 2.1",
        "DISTANCE": "The angle between two points, in degrees. An index serves DISTANCE(...) < r"
        " where r is a number, also BETWEEN and of multiples; where r is a column, write"
        " 1 = CONTAINS(POINT(...), CIRCLE(..., r))",
        "INTERSECTS": "1 if the geometries have a place in common, otherwise 0",
        "POINT": "A position on the sky",
        "POLYGON": "A polygon on the sky, its sides great circles",
        "REGION": "A geometry from a text in STC-S, as in 'CIRCLE ICRS 10 20 0.5'",
    },
    _OPTIONAL + "string": {
        "LOWER": "A text in lower case",
        "UPPER": "A text in upper case",
        "ILIKE": "LIKE that ignores case",
    },
    _OPTIONAL + "sets": {
        "UNION": "Rows of either query",
        "EXCEPT": "Rows of the first query that aren't in the second",
        "INTERSECT": "Rows that both queries have",
    },
    _OPTIONAL + "common-table": {"WITH": "Named queries before the main one"},
    _OPTIONAL + "type": {"CAST": "A value made into another type, geometries included"},
    _OPTIONAL + "unit": {"IN_UNIT": "A value converted to another unit"},
    _OPTIONAL + "offset": {"OFFSET": "Rows left out at the beginning"},
}

#: What is offered too, said in words: validators take the key of its type (adql-conditional, which
#: came with the last draft of ADQL 2.1) for an error.
UNDECLARED = "COALESCE, the conditional function of ADQL 2.1, is offered as well."


def language_features(
    functions: Iterable[Function] = (),
) -> dict[str, tuple[tuple[str, str], ...]]:
    """Pairs of form and description by the type of the feature.

    functions: the user defined functions that are handed to `adql.resolve` as well.
    """
    features = {kind: tuple(forms.items()) for kind, forms in _FEATURES.items()}
    declared = tuple((form, f.description) for f in functions for form in f.forms())
    return {**features, _USER_DEFINED: declared} if declared else features
