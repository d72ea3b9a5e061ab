"""Who descends from whom, at any depth: the closure of the graph of entities."""

from django.db import models
from django.db.models import F, Q

from provenance.models.core import Entity


class Lineage(models.Model):
    """A pair of entities with the least number of steps between them.

    One step leads from an entity to what the activity that made it used (depth 1), to an entity
    that it was derived from, or from a collection to its members. `provenance.store` keeps it.
    """

    pk = models.CompositePrimaryKey("descendant", "ancestor")
    descendant = models.ForeignKey(Entity, models.CASCADE, related_name="ancestors", db_index=False)
    ancestor = models.ForeignKey(Entity, models.CASCADE, related_name="descendants")
    depth = models.IntegerField()

    class Meta:
        db_table = "provenance_lineage"
        constraints = (
            models.CheckConstraint(condition=Q(depth__gte=1), name="provenance_lineage_depth"),
            models.CheckConstraint(
                condition=~Q(ancestor=F("descendant")), name="provenance_lineage_of_another"
            ),
        )

    def __str__(self) -> str:
        return f"{self.descendant} comes from {self.ancestor}"
