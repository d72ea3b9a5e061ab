"""Who descends from whom, at any depth: the closure of the graph of entities, written short.

All that is made from a mosaic of five hundred Science Windows comes from the same few thousand
files. Written out, that is a row for each pair; here they share one block of rows. The
ancestors of an entity are its own rows in `Lineage`, and those of other entities' rows (the
``blocks``) that `LineageSource` names, ``distance`` steps further away. Its own rows count more,
and what several of its blocks have is among its own rows. So the view ``provenance_whole_lineage``
has every pair once.

A pair tells how long the shortest paths are, which relations any of these follows, and which one
of these follows all along. Paths that are joined end to end follow what either does, and all along
what both do (``provenance_along``, a function of the database); of two ways of the same length, it
is what the one or the other does. So lineages grow without looking at paths again.

The keys have no constraints in the database: checking them would take most of the time of writing
a lineage. `provenance.store` writes, and `provenance.retention` removes, both in transactions.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Self

from django.db import models
from django.db.models import F, Q

from provenance.models.core import Entity


class PathKind(IntFlag):
    """The relations that a path from an entity to what it comes from may follow."""

    USED = 1
    """to what the activity that made an entity used"""
    WAS_CONFIGURED_BY = 2
    """to the entity that it took the value of a setting from"""
    WAS_DERIVED_FROM = 4
    """to an entity that it was derived from"""
    HAD_MEMBER = 8
    """from a collection to an entity in it"""

    @property
    def words(self) -> str:
        """Their names, as the published table has them."""
        return " ".join(str(kind.name).lower() for kind in PathKind if kind in self)


@dataclass(frozen=True, slots=True)
class PathKinds:
    """What the shortest paths of a pair are like.

    followed: the relations that any of them follows. alone: those that one of them follows all
    along.
    """

    followed: PathKind
    alone: PathKind

    @classmethod
    def from_stored(cls, kinds: int) -> Self:
        """Read a column ``kinds``: those that are followed, and sixteen times those alone."""
        return cls(PathKind(kinds & _ALL), PathKind(kinds >> 4))

    @classmethod
    def of_step(cls, relations: PathKind) -> Self:
        """Of one step, by one relation or by several that join the same entities."""
        return cls(relations, relations)

    @property
    def stored(self) -> int:
        """As the column has it."""
        return int(self.followed) | int(self.alone) << 4

    @property
    def word(self) -> str:
        """The published kind: the first relation that a path follows alone, else ``mixed``."""
        return next((str(kind.name).lower() for kind in PathKind if kind in self.alone), "mixed")


_ALL = PathKind(sum(PathKind))
#: Of no step, which changes nothing that it is joined to.
_NO_STEP = PathKinds(PathKind(0), _ALL).stored
_KINDS = (1, PathKinds(_ALL, _ALL).stored)


class LineageSource(models.Model):
    """Whose rows of `Lineage` tell an entity's ancestors: its own (distance 0), and shared blocks.

    The owner of a block that others share has no other source itself. ``public`` as the
    descendant is; ``kinds``: the `PathKinds` of the way to the block.
    """

    pk = models.CompositePrimaryKey("descendant", "block")
    descendant = models.ForeignKey(
        Entity, models.CASCADE, related_name="lineage_sources", db_index=False, db_constraint=False
    )
    block = models.ForeignKey(
        Entity, models.CASCADE, related_name="lineage_heirs", db_constraint=False
    )
    distance = models.IntegerField()
    public = models.BooleanField(default=False)
    kinds = models.SmallIntegerField()

    class Meta:
        db_table = "provenance_lineage_source"
        constraints = (
            models.CheckConstraint(
                condition=Q(distance__gte=0), name="provenance_lineage_source_distance"
            ),
            models.CheckConstraint(
                condition=Q(distance=0, kinds=_NO_STEP) | Q(distance__gt=0, kinds__range=_KINDS),
                name="provenance_lineage_source_kinds",
            ),
        )

    def __str__(self) -> str:
        return f"{self.descendant} has the ancestors of {self.block}"


class Lineage(models.Model):
    """A pair of entities with the least number of steps between them, where it is written out.

    One step leads from an entity to what the activity that made it used (depth 1), to an entity
    that it was derived from, or from a collection to its members. `provenance.store` keeps it.
    ``public`` as the ancestor is; ``kinds``: their `PathKinds`.
    """

    pk = models.CompositePrimaryKey("descendant", "ancestor")
    descendant = models.ForeignKey(
        Entity, models.CASCADE, related_name="ancestors", db_index=False, db_constraint=False
    )
    ancestor = models.ForeignKey(
        Entity, models.CASCADE, related_name="descendants", db_constraint=False
    )
    depth = models.IntegerField()
    public = models.BooleanField(default=False)
    kinds = models.SmallIntegerField()

    class Meta:
        db_table = "provenance_lineage"
        constraints = (
            models.CheckConstraint(condition=Q(depth__gte=1), name="provenance_lineage_depth"),
            models.CheckConstraint(
                condition=~Q(ancestor=F("descendant")), name="provenance_lineage_of_another"
            ),
            models.CheckConstraint(
                condition=Q(kinds__range=_KINDS), name="provenance_lineage_kinds"
            ),
        )

    def __str__(self) -> str:
        return f"{self.descendant} comes from {self.ancestor}"
