"""Names as a query writes them: quoted where ADQL would read something else.

TAP 1.1, section 4: TAP_SCHEMA shows a name as it must be written, and so does VOSI.
"""

import re

from adql.schema import Table
from adql.words import RESERVED

_REGULAR = re.compile("[a-z][a-z0-9_]*")


def as_written(name: str) -> str:
    """The name of a column, table or schema as ADQL has it (ADQL 2.1, section 2.1.3)."""
    if _REGULAR.fullmatch(name) and name.upper() not in RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def qualified(table: Table) -> str:
    """``schema.table`` as ADQL has it."""
    return f"{as_written(table.schema)}.{as_written(table.name)}"
