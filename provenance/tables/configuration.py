"""What activities were set to."""

from provenance.tables.columns import key_column, reference_column, table, text_column

CONFIGURATION = (
    table(
        "was_configured_by",
        "ActivityConfiguration.WasConfiguredBy",
        "With which parameters and files of settings activities ran",
        (
            reference_column("activity_id", "Activity.wasConfiguredBy", "activity"),
            text_column(
                "artefact_type",
                "Parameter or Configfile",
                "ActivityConfiguration.WasConfiguredBy.artefactType",
                principal=True,
            ),
            key_column(
                "parameter_id",
                "The parameter, if it is one",
                "ActivityConfiguration.WasConfiguredBy.parameter",
                indexed=True,
            ),
            key_column(
                "config_file_id",
                "The file of settings, if it is one",
                "ActivityConfiguration.WasConfiguredBy.configFile",
                indexed=True,
            ),
        ),
        activity_id="activity",
        parameter_id="parameter",
        config_file_id="config_file",
    ),
    table(
        "parameter",
        "ActivityConfiguration.Parameter",
        "Values of parameters, each in one run",
        (
            key_column("id", "Key of the parameter", principal=True, indexed=True),
            text_column(
                "name", "Name", "ActivityConfiguration.Parameter.name", principal=True, indexed=True
            ),
            text_column(
                "value",
                "Value as text; its type and unit are in the description",
                "ActivityConfiguration.Parameter.value",
                principal=True,
            ),
            text_column(
                "value_entity_id",
                "Identifier of the entity that the value was taken from",
                "ActivityConfiguration.Parameter.valueEntity",
            ),
            key_column(
                "parameter_description_id",
                "Its kind",
                "ActivityConfiguration.Parameter.parameterDescription",
            ),
        ),
        value_entity_id="entity",
        parameter_description_id="parameter_description",
    ),
    table(
        "config_file",
        "ActivityConfiguration.ConfigFile",
        "Files of settings, each as one run read it",
        (
            key_column("id", "Key of the file", principal=True, indexed=True),
            text_column("name", "Name", "ActivityConfiguration.ConfigFile.name", principal=True),
            text_column("location", "Path or URL", "ActivityConfiguration.ConfigFile.location"),
            text_column("comment", "Remark", "ActivityConfiguration.ConfigFile.comment"),
            key_column(
                "config_file_description_id",
                "Its kind",
                "ActivityConfiguration.ConfigFile.configFileDescription",
            ),
        ),
        config_file_description_id="config_file_description",
    ),
)
