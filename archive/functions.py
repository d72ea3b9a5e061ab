"""What this room adds to the query language: the positions of objects by their names."""

import adql
from archive import object_names


def published_functions() -> tuple[adql.Function, ...]:
    """The functions, as they stand with the settings of now."""
    return (
        adql.simbad_point(
            object_names.position_of,
            f"The ICRS position of an object by its name, a literal text, from "
            f"{object_names.places()}. An unknown name is an error",
        ),
    )
