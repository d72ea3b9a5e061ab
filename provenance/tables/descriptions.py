"""What kinds of activities, entities and parameters there are."""

from provenance.tables.columns import key_column, table, text_column

DESCRIPTIONS = (
    table(
        "activity_description",
        "ActivityDescription",
        "Kinds of activities, each at one version",
        (
            key_column("id", "Key of the description", principal=True, indexed=True),
            text_column("name", "Name", "ActivityDescription.name", principal=True, indexed=True),
            text_column("version", "Version", "ActivityDescription.version", principal=True),
            text_column(
                "description", "What it does", "ActivityDescription.description", principal=True
            ),
            text_column("docurl", "Link to more", "ActivityDescription.docurl"),
            text_column("type", "Type", "ActivityDescription.type"),
            text_column("subtype", "Finer type", "ActivityDescription.subtype"),
        ),
    ),
    *(
        table(
            f"{noun}_description",
            f"{utype}Description",
            f"Roles in which kinds of activities {verb} entities",
            (
                key_column("id", "Key of the description", principal=True, indexed=True),
                key_column(
                    "activity_description_id",
                    "The kind of activity",
                    f"ActivityDescription.{noun}Description",
                    indexed=True,
                ),
                text_column("role", "Role", f"{utype}Description.role", principal=True),
                text_column(
                    "description", "What for", f"{utype}Description.description", principal=True
                ),
                text_column("type", "Type", f"{utype}Description.type"),
                text_column(
                    "multiplicity",
                    "How many, as min..max",
                    f"{utype}Description.multiplicity",
                ),
            ),
            activity_description_id="activity_description",
        )
        for noun, utype, verb in (
            ("usage", "Usage", "take in"),
            ("generation", "Generation", "make"),
        )
    ),
    *(
        table(
            f"{noun}_description_entity",
            f"{utype}Description.entityDescription",
            f"Which kinds of entities go with which {noun} descriptions",
            (
                key_column(f"{noun}_description_id", "The role", principal=True, indexed=True),
                key_column(
                    "entity_description_id",
                    "The kind of entity",
                    f"{utype}Description.entityDescription",
                    principal=True,
                    indexed=True,
                ),
            ),
            **{
                f"{noun}_description_id": f"{noun}_description",
                "entity_description_id": "entity_description",
            },
        )
        for noun, utype in (("usage", "Usage"), ("generation", "Generation"))
    ),
    table(
        "entity_description",
        "EntityDescription",
        "Kinds of entities",
        (
            key_column("id", "Key of the description", principal=True, indexed=True),
            text_column("name", "Name", "EntityDescription.name", principal=True, indexed=True),
            text_column(
                "description", "What it is", "EntityDescription.description", principal=True
            ),
            text_column("docurl", "Link to more", "EntityDescription.docurl"),
            text_column("type", "Type", "EntityDescription.type"),
        ),
    ),
    table(
        "dataset_description",
        "DatasetDescription",
        "What kinds of datasets have beyond their entity description",
        (
            key_column("entity_description_id", "The kind of entity", principal=True, indexed=True),
            text_column(
                "content_type", "Media type", "DatasetDescription.contentType", principal=True
            ),
        ),
        entity_description_id="entity_description",
    ),
    table(
        "value_description",
        "ValueDescription",
        "What kinds of values have beyond their entity description",
        (
            key_column("entity_description_id", "The kind of entity", principal=True, indexed=True),
            text_column(
                "value_type", "VOTable's datatype", "ValueDescription.valueType", principal=True
            ),
            text_column("unit", "Unit", "ValueDescription.unit"),
            text_column("ucd", "UCD", "ValueDescription.ucd"),
            text_column("utype", "Utype", "ValueDescription.utype"),
        ),
        entity_description_id="entity_description",
    ),
    table(
        "parameter_description",
        "ActivityConfiguration.ParameterDescription",
        "Parameters that kinds of activities have",
        (
            key_column("id", "Key of the description", principal=True, indexed=True),
            key_column(
                "activity_description_id",
                "The kind of activity",
                "ActivityDescription.parameterDescription",
                indexed=True,
            ),
            *(
                text_column(
                    name,
                    description,
                    f"ActivityConfiguration.ParameterDescription.{attribute}",
                    principal=name in ("name", "unit", "description"),
                )
                for name, attribute, description in (
                    ("name", "name", "Name"),
                    ("value_type", "valueType", "VOTable's datatype of the value"),
                    ("unit", "unit", "Unit"),
                    ("ucd", "ucd", "UCD"),
                    ("utype", "utype", "Utype"),
                    ("min", "min", "Least value, as text"),
                    ("max", "max", "Greatest value, as text"),
                    ("default", "default", "Value where none is given, as text"),
                    ("options", "options", "Possible values, as a JSON array"),
                    ("description", "description", "What it is for"),
                )
            ),
        ),
        activity_description_id="activity_description",
    ),
    table(
        "config_file_description",
        "ActivityConfiguration.ConfigFileDescription",
        "Files of settings that kinds of activities read",
        (
            key_column("id", "Key of the description", principal=True, indexed=True),
            key_column(
                "activity_description_id",
                "The kind of activity",
                "ActivityDescription.configFileDescription",
                indexed=True,
            ),
            *(
                text_column(
                    name,
                    description,
                    f"ActivityConfiguration.ConfigFileDescription.{attribute}",
                    principal=True,
                )
                for name, attribute, description in (
                    ("name", "name", "Name"),
                    ("content_type", "contentType", "Media type"),
                    ("description", "description", "What it is for"),
                )
            ),
        ),
        activity_description_id="activity_description",
    ),
)
