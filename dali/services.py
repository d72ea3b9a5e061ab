"""Services that take the values of a table's column: DataLink's service descriptors as values.

DataLink 1.1, section 4. A room declares a `Service`; the writers describe it beside every VOTable
that has a column for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dali.fields import Field


@dataclass(frozen=True, slots=True)
class Service:
    """A service to be called with a value of a column.

    name, description: for people. access_url: absolute. standard_id: IVOID of the standard that it
    follows. content_type: media type of its answers. parameter: what takes the value.
    utype: of the columns that hold such values. Columns keep their utype in a query's result only
    where they stand as they were published.
    """

    name: str
    description: str
    access_url: str
    standard_id: str
    content_type: str
    parameter: str
    utype: str

    def column(self, fields: Iterable[Field]) -> Field | None:
        """The column whose values it takes, the first of several."""
        wanted = self.utype.lower()
        return next((f for f in fields if (f.utype or "").lower() == wanted), None)
