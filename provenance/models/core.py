"""The core of the model: activities, entities, agents, and how they are related.

A relation that has anything but keys is marked ``public`` itself where both its ends are: a
condition of a query on its role or time must not be tried on a row that is hidden.
"""

from django.db import models
from django.db.models import Func, Q

from provenance.models.description import (
    ActivityDescription,
    EntityDescription,
    GenerationDescription,
    UsageDescription,
)
from provenance.records import AgentType, EntityClass, Status


class Activity(models.Model):
    """One run of something. ``status`` is NULL while others name it, but its record is missing.

    private_comment: for administrators only, such as the host's name.
    """

    identifier = models.TextField(unique=True)
    name = models.TextField(null=True)
    start_time = models.DateTimeField(null=True)
    end_time = models.DateTimeField(null=True)
    comment = models.TextField(null=True)
    status = models.TextField(null=True)
    public = models.BooleanField(default=False)
    activity_description = models.ForeignKey(ActivityDescription, models.PROTECT, null=True)
    private_comment = models.TextField(null=True)

    class Meta:
        db_table = "provenance_activity"
        indexes = (
            # As published: without a zone, in UTC.
            models.Index(
                Func("start_time", template="(%(expressions)s AT TIME ZONE 'UTC')"),
                name="provenance_activity_start",
            ),
            # What may be removed one day: little of a history that is mostly public.
            models.Index(
                fields=["end_time"],
                condition=Q(public=False, status__isnull=False),
                name="provenance_activity_hidden",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(status__isnull=True) | Q(status__in=list(Status)),
                name="provenance_activity_status_known",
            ),
        )

    def __str__(self) -> str:
        return self.identifier


class Entity(models.Model):
    """Something used or made; ``entity_class`` is one of `EntityClass`."""

    identifier = models.TextField(unique=True)
    entity_class = models.TextField(default=EntityClass.DATASET)
    name = models.TextField(null=True)
    location = models.TextField(null=True)
    generated_at_time = models.DateTimeField(null=True)
    invalidated_at_time = models.DateTimeField(null=True)
    comment = models.TextField(null=True)
    value = models.TextField(null=True)
    content_type = models.TextField(null=True)
    checksum = models.TextField(null=True)
    step_identity = models.TextField(null=True)
    public = models.BooleanField(default=False)
    entity_description = models.ForeignKey(EntityDescription, models.PROTECT, null=True)

    class Meta:
        db_table = "provenance_entity"
        indexes = (
            # Serves equality, and beginnings too: paths are asked for by LIKE.
            models.Index(
                fields=["location"],
                opclasses=["text_pattern_ops"],
                name="provenance_entity_location",
            ),
            models.Index(fields=["checksum"], name="provenance_entity_checksum"),
            models.Index(fields=["step_identity"], name="provenance_entity_step"),
            models.Index(
                Func("invalidated_at_time", template="(%(expressions)s AT TIME ZONE 'UTC')"),
                condition=Q(invalidated_at_time__isnull=False),
                name="provenance_entity_invalidated",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(entity_class__in=list(EntityClass)),
                name="provenance_entity_class_known",
            ),
        )

    def __str__(self) -> str:
        return self.identifier


class Agent(models.Model):
    """Who or what is responsible; ``public`` where it is so for anything public."""

    identifier = models.TextField(unique=True)
    name = models.TextField()
    type = models.TextField(null=True)
    comment = models.TextField(null=True)
    email = models.TextField(null=True)
    affiliation = models.TextField(null=True)
    phone = models.TextField(null=True)
    address = models.TextField(null=True)
    url = models.TextField(null=True)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "provenance_agent"
        constraints = (
            models.CheckConstraint(
                condition=Q(type__isnull=True) | Q(type__in=list(AgentType)),
                name="provenance_agent_type_known",
            ),
        )

    def __str__(self) -> str:
        return self.name


class Used(models.Model):
    """An activity took an entity in."""

    activity = models.ForeignKey(Activity, models.CASCADE, db_index=False)
    entity = models.ForeignKey(Entity, models.PROTECT)
    role = models.TextField(null=True)
    time = models.DateTimeField(null=True)
    usage_description = models.ForeignKey(UsageDescription, models.SET_NULL, null=True)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "provenance_used"
        constraints = (
            models.UniqueConstraint(
                fields=["activity", "entity", "role"],
                name="provenance_used_once",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity} used {self.entity}"


class WasGeneratedBy(models.Model):
    """An activity made an entity. The key says that an entity is made once at most."""

    entity = models.OneToOneField(Entity, models.PROTECT, primary_key=True)
    activity = models.ForeignKey(Activity, models.CASCADE)
    role = models.TextField(null=True)
    generation_description = models.ForeignKey(GenerationDescription, models.SET_NULL, null=True)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "provenance_was_generated_by"

    def __str__(self) -> str:
        return f"{self.entity} was generated by {self.activity}"


class WasDerivedFrom(models.Model):
    """An entity comes from another."""

    pk = models.CompositePrimaryKey("generated_entity", "used_entity")
    generated_entity = models.ForeignKey(
        Entity, models.CASCADE, related_name="derived_from", db_index=False
    )
    used_entity = models.ForeignKey(Entity, models.PROTECT, related_name="derivations")

    class Meta:
        db_table = "provenance_was_derived_from"

    def __str__(self) -> str:
        return f"{self.generated_entity} was derived from {self.used_entity}"


class WasInformedBy(models.Model):
    """An activity was told the outcome of another."""

    pk = models.CompositePrimaryKey("informed", "informant")
    informed = models.ForeignKey(
        Activity, models.CASCADE, related_name="informed_by", db_index=False
    )
    informant = models.ForeignKey(Activity, models.PROTECT, related_name="informs")

    class Meta:
        db_table = "provenance_was_informed_by"

    def __str__(self) -> str:
        return f"{self.informed} was informed by {self.informant}"


class WasAssociatedWith(models.Model):
    """An agent is responsible for an activity."""

    activity = models.ForeignKey(Activity, models.CASCADE, db_index=False)
    agent = models.ForeignKey(Agent, models.PROTECT)
    role = models.TextField(null=True)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "provenance_was_associated_with"
        constraints = (
            models.UniqueConstraint(
                fields=["activity", "agent", "role"],
                name="provenance_was_associated_with_once",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity} was associated with {self.agent}"


class WasAttributedTo(models.Model):
    """An agent is responsible for an entity."""

    entity = models.ForeignKey(Entity, models.CASCADE, db_index=False)
    agent = models.ForeignKey(Agent, models.PROTECT)
    role = models.TextField(null=True)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "provenance_was_attributed_to"
        constraints = (
            models.UniqueConstraint(
                fields=["entity", "agent", "role"],
                name="provenance_was_attributed_to_once",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.entity} was attributed to {self.agent}"


class HadMember(models.Model):
    """A collection holds an entity."""

    pk = models.CompositePrimaryKey("collection", "entity")
    collection = models.ForeignKey(Entity, models.CASCADE, related_name="members", db_index=False)
    entity = models.ForeignKey(Entity, models.PROTECT, related_name="collections")

    class Meta:
        db_table = "provenance_had_member"

    def __str__(self) -> str:
        return f"{self.collection} had member {self.entity}"
