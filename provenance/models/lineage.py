"""Who descends from whom, at any depth: the closure of the graph of entities, written short.

Five hundred images that are cleaned with the same list of sources all come from the same fifteen
hundred files. Written out, that is a row for each pair; here they share one block of rows. The
ancestors of an entity are its own rows in `Lineage`, and those of other entities' rows (the
``blocks``) that `LineageSource` names, ``distance`` steps further away. Its own rows count more,
and what several of its blocks have is among its own rows. So the view ``provenance_whole_lineage``
has every pair once.

A pair tells how far the shortest paths are, and of which kinds of steps they consist, all of them
together. So a pair of two paths, one after the other, has the sum of their depths and the union of
their kinds, and a pair of two ways the nearer one's, or the union where they are as long.

The keys have no constraints in the database: checking them would take most of the time of writing
a lineage. `provenance.store` writes, and `provenance.retention` removes, both in transactions.
"""

from enum import IntFlag

from django.db import models
from django.db.models import F, Q

from provenance.models.core import Entity


class PathKind(IntFlag):
    """The kinds of steps of a path from an entity to what it comes from: the relations they follow.

    What is stored is a sum of them; published is their names in lower case, in this order.
    """

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
        """As the published table has it."""
        return " ".join(kind.name.lower() for kind in PathKind if kind in self and kind.name)


_EVERY_KIND = sum(PathKind)


class LineageSource(models.Model):
    """Whose rows of `Lineage` tell an entity's ancestors: its own (distance 0), and shared blocks.

    The owner of a block that others share has no other source itself. ``public`` as the
    descendant is; ``kinds``: the `PathKind` of the steps to the block.
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
                condition=Q(distance=0, kinds=0) | Q(distance__gt=0, kinds__range=(1, _EVERY_KIND)),
                name="provenance_lineage_source_kinds",
            ),
        )

    def __str__(self) -> str:
        return f"{self.descendant} has the ancestors of {self.block}"


class Lineage(models.Model):
    """A pair of entities with the least number of steps between them, where it is written out.

    One step leads from an entity to what the activity that made it used (depth 1), to an entity
    that it was derived from, or from a collection to its members. `provenance.store` keeps it.
    ``public`` as the ancestor is; ``kinds``: the `PathKind` of all paths of that length.
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
                condition=Q(kinds__range=(1, _EVERY_KIND)), name="provenance_lineage_kinds"
            ),
        )

    def __str__(self) -> str:
        return f"{self.descendant} comes from {self.ancestor}"
