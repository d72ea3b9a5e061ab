"""What a published table is, said once.

One `Table` value gives the view in PostgreSQL, the rows of TAP_SCHEMA, the VOSI tables document,
the FIELDs of a VOTable and the documentation. Terms follow TAP 1.1, section 4 (TAP_SCHEMA) and
VOTable 1.4, section 4.1 (datatype, arraysize, xtype).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SpaceSystem:
    """Where positions are counted from (VOTable 1.4, section 3.1).

    frame: a word of the IVOA's vocabulary ``refframe``, such as ``ICRS``, or what a client's table
        has there. equinox, epoch: as in ``J2000``; ``None`` where they aren't said.
    """

    frame: str
    equinox: str | None = None
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class TimeSystem:
    """What times are counted from (VOTable 1.4, section 3.2).

    scale: a word of the vocabulary ``timescale``, such as ``UTC``. origin: ``MJD-origin``,
    ``JD-origin``, or a Julian date in the same scale; ``None`` for times in ISO 8601. place: where
    the clock stands, a word of ``refposition``.
    """

    scale: str
    origin: str | None
    place: str


@dataclass(frozen=True, slots=True)
class Column:
    """A published column.

    name: as ADQL sees it, without quotes; lower case unless queries have to quote it. The names
        that are reserved words are shown quoted by TAP_SCHEMA and VOSI.
    datatype, arraysize, xtype: VOTable's. Geometries have datatype ``double`` and xtype
        ``point``, ``circle`` or ``polygon`` (DALI 1.1, section 3.3); in PostgreSQL they are
        pgSphere's ``spoint``, ``scircle`` and ``spoly``. A polygon may instead have datatype
        ``char`` and xtype ``adql:REGION``, and then leaves as STC-S (ObsCore 1.1 has s_region so;
        TAP 1.0, section 2.5). A `boolean` is PostgreSQL's.
    unit: VOUnits. ucd, utype: as the standards have them.
    principal, indexed, std: TAP_SCHEMA's flags.
    source: SQL expression over the stored relation, where it isn't the column of that name.
    system: what a position or a time is counted from.
    """

    name: str
    datatype: str
    arraysize: str | None = None
    xtype: str | None = None
    unit: str | None = None
    ucd: str | None = None
    utype: str | None = None
    description: str = ""
    principal: bool = False
    indexed: bool = False
    std: bool = False
    source: str | None = None
    system: SpaceSystem | TimeSystem | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns that point at another published table.

    target: ``schema.table``. columns: pairs (column here, column there).
    """

    target: str
    columns: tuple[tuple[str, str], ...]
    description: str = ""
    utype: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A published table: a view named ``schema.name`` over ``source``, a stored relation."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    description: str
    source: str
    utype: str | None = None
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def qualified_name(self) -> str:
        """``schema.name``, as ADQL writes it."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """The column of that name (case as ADQL compares regular identifiers), if there is one."""
        folded = name.lower()
        return next((c for c in self.columns if c.name.lower() == folded), None)


@dataclass(frozen=True, slots=True)
class Schema:
    """Published tables that belong together."""

    name: str
    description: str
    tables: tuple[Table, ...]
    utype: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """All that a service publishes: what ADQL resolves names against."""

    schemas: tuple[Schema, ...]
    _by_name: dict[str, Table] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the tables by their qualified names."""
        tables = {t.qualified_name.lower(): t for s in self.schemas for t in s.tables}
        object.__setattr__(self, "_by_name", tables)

    def __iter__(self) -> Iterator[Table]:
        """Every table, schema by schema."""
        return iter(self._by_name.values())

    def table(self, qualified_name: str) -> Table | None:
        """The table of that name, if there is one."""
        return self._by_name.get(qualified_name.lower())
