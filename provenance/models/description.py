"""The description side: what a kind of activity does, takes in, makes and can be set to."""

from django.db import models


class ActivityDescription(models.Model):
    """A kind of activity at one version."""

    name = models.TextField()
    version = models.TextField(null=True)
    description = models.TextField(null=True)
    docurl = models.TextField(null=True)
    type = models.TextField(null=True)
    subtype = models.TextField(null=True)

    class Meta:
        db_table = "provenance_activity_description"
        constraints = (
            models.UniqueConstraint(
                fields=["name", "version"],
                name="provenance_activity_description_once",
                nulls_distinct=False,
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.version or ''}".strip()


class EntityDescription(models.Model):
    """A kind of entity."""

    name = models.TextField(unique=True)
    description = models.TextField(null=True)
    docurl = models.TextField(null=True)
    type = models.TextField(null=True)

    class Meta:
        db_table = "provenance_entity_description"

    def __str__(self) -> str:
        return self.name


class DatasetDescription(models.Model):
    """What a kind of entity has beyond `EntityDescription` where it is a dataset."""

    entity_description = models.OneToOneField(
        EntityDescription, models.CASCADE, primary_key=True, related_name="dataset"
    )
    content_type = models.TextField()

    class Meta:
        db_table = "provenance_dataset_description"

    def __str__(self) -> str:
        return f"{self.entity_description}: {self.content_type}"


class ValueDescription(models.Model):
    """What a kind of entity has beyond `EntityDescription` where it is a value."""

    entity_description = models.OneToOneField(
        EntityDescription, models.CASCADE, primary_key=True, related_name="value"
    )
    value_type = models.TextField()
    unit = models.TextField(null=True)
    ucd = models.TextField(null=True)
    utype = models.TextField(null=True)

    class Meta:
        db_table = "provenance_value_description"

    def __str__(self) -> str:
        return f"{self.entity_description}: {self.value_type}"


class UsageDescription(models.Model):
    """A role in which a kind of activity takes entities in."""

    activity_description = models.ForeignKey(ActivityDescription, models.CASCADE)
    role = models.TextField()
    description = models.TextField(null=True)
    type = models.TextField(null=True)
    multiplicity = models.TextField(null=True)

    class Meta:
        db_table = "provenance_usage_description"
        constraints = (
            models.UniqueConstraint(
                fields=["activity_description", "role"], name="provenance_usage_description_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity_description} uses {self.role}"


class GenerationDescription(models.Model):
    """A role in which a kind of activity makes entities."""

    activity_description = models.ForeignKey(ActivityDescription, models.CASCADE)
    role = models.TextField()
    description = models.TextField(null=True)
    type = models.TextField(null=True)
    multiplicity = models.TextField(null=True)

    class Meta:
        db_table = "provenance_generation_description"
        constraints = (
            models.UniqueConstraint(
                fields=["activity_description", "role"],
                name="provenance_generation_description_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity_description} generates {self.role}"


class UsageDescriptionEntity(models.Model):
    """The kinds of entities that a usage takes (the reference ``entityDescription``)."""

    pk = models.CompositePrimaryKey("usage_description", "entity_description")
    usage_description = models.ForeignKey(UsageDescription, models.CASCADE)
    entity_description = models.ForeignKey(EntityDescription, models.CASCADE)

    class Meta:
        db_table = "provenance_usage_description_entity"

    def __str__(self) -> str:
        return f"{self.usage_description}: {self.entity_description}"


class GenerationDescriptionEntity(models.Model):
    """The kinds of entities that a generation makes (the reference ``entityDescription``)."""

    pk = models.CompositePrimaryKey("generation_description", "entity_description")
    generation_description = models.ForeignKey(GenerationDescription, models.CASCADE)
    entity_description = models.ForeignKey(EntityDescription, models.CASCADE)

    class Meta:
        db_table = "provenance_generation_description_entity"

    def __str__(self) -> str:
        return f"{self.generation_description}: {self.entity_description}"


class ParameterDescription(models.Model):
    """A parameter of a kind of activity. ``value_type`` is VOTable's datatype."""

    activity_description = models.ForeignKey(ActivityDescription, models.CASCADE)
    name = models.TextField()
    value_type = models.TextField()
    unit = models.TextField(null=True)
    ucd = models.TextField(null=True)
    utype = models.TextField(null=True)
    min = models.TextField(null=True)
    max = models.TextField(null=True)
    default = models.TextField(null=True)
    options = models.TextField(null=True)
    description = models.TextField(null=True)

    class Meta:
        db_table = "provenance_parameter_description"
        constraints = (
            models.UniqueConstraint(
                fields=["activity_description", "name"],
                name="provenance_parameter_description_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity_description}: {self.name}"


class ConfigFileDescription(models.Model):
    """A file of settings that a kind of activity reads."""

    activity_description = models.ForeignKey(ActivityDescription, models.CASCADE)
    name = models.TextField()
    content_type = models.TextField()
    description = models.TextField(null=True)

    class Meta:
        db_table = "provenance_config_file_description"
        constraints = (
            models.UniqueConstraint(
                fields=["activity_description", "name"],
                name="provenance_config_file_description_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity_description}: {self.name}"
