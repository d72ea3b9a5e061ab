"""What activities were set to: parameters and files of settings."""

from django.db import models
from django.db.models import Q

from provenance.models.core import Activity, Entity
from provenance.models.description import ConfigFileDescription, ParameterDescription


class Parameter(models.Model):
    """A parameter's value in one run; ``public`` as its activity is."""

    name = models.TextField()
    value = models.TextField()
    public = models.BooleanField(default=False)
    value_entity = models.ForeignKey(Entity, models.PROTECT, null=True)
    parameter_description = models.ForeignKey(ParameterDescription, models.PROTECT, null=True)

    class Meta:
        db_table = "provenance_parameter"
        indexes = (models.Index(fields=["name"], name="provenance_parameter_name"),)

    def __str__(self) -> str:
        return f"{self.name}={self.value}"


class ConfigFile(models.Model):
    """A file of settings as one run read it; ``public`` as its activity is."""

    name = models.TextField()
    location = models.TextField(null=True)
    comment = models.TextField(null=True)
    public = models.BooleanField(default=False)
    config_file_description = models.ForeignKey(ConfigFileDescription, models.PROTECT, null=True)

    class Meta:
        db_table = "provenance_config_file"

    def __str__(self) -> str:
        return self.name


class WasConfiguredBy(models.Model):
    """An activity ran with a parameter or a file of settings; each belongs to one activity."""

    PARAMETER = "Parameter"
    CONFIG_FILE = "Configfile"  # as the model spells it

    activity = models.ForeignKey(Activity, models.CASCADE)
    artefact_type = models.TextField()
    parameter = models.OneToOneField(Parameter, models.CASCADE, null=True)
    config_file = models.OneToOneField(ConfigFile, models.CASCADE, null=True)
    public = models.BooleanField(default=False)

    class Meta:
        db_table = "provenance_was_configured_by"
        constraints = (
            models.CheckConstraint(
                condition=Q(
                    artefact_type="Parameter", parameter__isnull=False, config_file__isnull=True
                )
                | Q(artefact_type="Configfile", parameter__isnull=True, config_file__isnull=False),
                name="provenance_was_configured_by_one",
            ),
        )

    def __str__(self) -> str:
        return f"{self.activity} was configured by a {self.artefact_type}"
