"""The published schema agrees with the model and with itself."""

from astropy.io.votable.ucd import check_ucd

from provenance.tables import published_schemas

(SCHEMA,) = published_schemas()
TABLES = {table.name: table for table in SCHEMA.tables}

# The vodml-ids of ProvenanceDM 1.0 (ivoa-std/ProvenanceDM, model/Provenance.vo-dml.xml).
ELEMENTS = """
Activity Activity.activityDescription Activity.comment Activity.endTime Activity.id
Activity.informant Activity.name Activity.startTime Activity.used Activity.wasAssociatedWith
Activity.wasConfiguredBy ActivityConfiguration.ConfigFile
ActivityConfiguration.ConfigFile.comment
ActivityConfiguration.ConfigFile.configFileDescription
ActivityConfiguration.ConfigFile.location ActivityConfiguration.ConfigFile.name
ActivityConfiguration.ConfigFileDescription
ActivityConfiguration.ConfigFileDescription.contentType
ActivityConfiguration.ConfigFileDescription.description
ActivityConfiguration.ConfigFileDescription.name ActivityConfiguration.Parameter
ActivityConfiguration.Parameter.name ActivityConfiguration.Parameter.parameterDescription
ActivityConfiguration.Parameter.value ActivityConfiguration.Parameter.valueEntity
ActivityConfiguration.ParameterDescription
ActivityConfiguration.ParameterDescription.default
ActivityConfiguration.ParameterDescription.description
ActivityConfiguration.ParameterDescription.max
ActivityConfiguration.ParameterDescription.min
ActivityConfiguration.ParameterDescription.name
ActivityConfiguration.ParameterDescription.options
ActivityConfiguration.ParameterDescription.ucd
ActivityConfiguration.ParameterDescription.unit
ActivityConfiguration.ParameterDescription.utype
ActivityConfiguration.ParameterDescription.valueType ActivityConfiguration.WasConfiguredBy
ActivityConfiguration.WasConfiguredBy.artefactType
ActivityConfiguration.WasConfiguredBy.configFile
ActivityConfiguration.WasConfiguredBy.parameter ActivityDescription
ActivityDescription.configFileDescription ActivityDescription.description
ActivityDescription.docurl ActivityDescription.generationDescription
ActivityDescription.name ActivityDescription.parameterDescription
ActivityDescription.subtype ActivityDescription.type ActivityDescription.usageDescription
ActivityDescription.version Agent Agent.affiliation Agent.comment Agent.id Agent.name
Agent.type Agent.url Collection Collection.entity DatasetDescription
DatasetDescription.contentType DatasetEntity Entity Entity.comment Entity.entityDescription
Entity.generatedAtTime Entity.id Entity.invalidatedAtTime Entity.location Entity.name
Entity.usedEntity Entity.wasAttributedTo Entity.wasGeneratedBy EntityDescription
EntityDescription.description EntityDescription.docurl EntityDescription.name
EntityDescription.type GenerationDescription GenerationDescription.description
GenerationDescription.entityDescription GenerationDescription.multiplicity
GenerationDescription.role GenerationDescription.type UsageDescription
UsageDescription.description UsageDescription.entityDescription
UsageDescription.multiplicity UsageDescription.role UsageDescription.type Used Used.entity
Used.role Used.time Used.usageDescription ValueDescription ValueDescription.ucd
ValueDescription.unit ValueDescription.utype ValueDescription.valueType ValueEntity
ValueEntity.value WasAssociatedWith WasAssociatedWith.agent WasAssociatedWith.role
WasAttributedTo WasAttributedTo.agent WasAttributedTo.role WasGeneratedBy
WasGeneratedBy.activity WasGeneratedBy.generationDescription WasGeneratedBy.role
"""

# ProvenanceDM 1.0: what outside scripts rely on.
CONTRACT = {
    "activity": "id name start_time end_time comment activity_description_id",
    "entity": "id class name location generated_at_time invalidated_at_time comment value",
    "agent": "id name type comment affiliation url",
    "used": "activity_id entity_id role time",
    "was_generated_by": "entity_id activity_id role",
    "was_derived_from": "generated_entity_id used_entity_id",
    "was_informed_by": "informed_id informant_id",
    "was_associated_with": "activity_id agent_id role",
    "was_attributed_to": "entity_id agent_id role",
    "had_member": "collection_id entity_id",
    "was_configured_by": "activity_id artefact_type parameter_id config_file_id",
    "parameter": "id name value",
    "config_file": "id name location comment",
    "activity_description": "id name version description docurl type subtype",
    "usage_description": "id role description type multiplicity",
    "generation_description": "id role description type multiplicity",
    "entity_description": "id name description docurl type",
    "dataset_description": "content_type",
    "value_description": "value_type unit ucd utype",
    "parameter_description": "id name value_type unit ucd utype min max default options",
    "config_file_description": "id name content_type description",
    "lineage": "ancestor descendant depth path_kind path_relations",
}


def test_every_class_and_relation_of_the_model_has_its_table_and_columns() -> None:
    for name, columns in CONTRACT.items():
        published = {column.name for column in TABLES[name].columns}
        assert set(columns.split()) <= published, name


def test_utypes_are_all_that_the_model_has_and_no_others() -> None:
    """The elements of its VO-DML, less data types, enumerations and what is private of agents."""
    published = {
        utype.removeprefix("voprov:")
        for table in SCHEMA.tables
        for utype in (table.utype, *(column.utype for column in table.columns))
        if utype
    }
    # a class of the model is a table, or, where it extends another one, a value of entity.class
    classes = {"Collection", "DatasetEntity", "ValueEntity"}
    assert published == set(ELEMENTS.split()) - classes


def test_ucds_are_of_the_ivoas_list() -> None:
    for table in SCHEMA.tables:
        for column in table.columns:
            if column.ucd:
                assert check_ucd(column.ucd, check_controlled_vocabulary=True), column.ucd


def test_foreign_keys_join_existing_columns_of_the_same_type() -> None:
    for table in SCHEMA.tables:
        for key in table.foreign_keys:
            target = TABLES[key.target.removeprefix("provenance.")]
            for here, there in key.columns:
                this, that = table.column(here), target.column(there)
                assert this is not None
                assert that is not None
                assert this.datatype == that.datatype, f"{table.name}.{here}"


def test_personal_data_of_agents_are_not_published() -> None:
    names = {column.name for table in SCHEMA.tables for column in table.columns}
    assert not names & {"email", "phone", "address"}


def test_every_column_says_what_it_is_and_utypes_are_the_models() -> None:
    for table in SCHEMA.tables:
        assert table.description
        for column in table.columns:
            assert column.description, f"{table.name}.{column.name}"
            assert column.utype is None or column.utype.startswith("voprov:")
