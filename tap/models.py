"""The stored rows of TAP_SCHEMA (TAP 1.1, section 4); `tap.publication` alone writes them."""

from django.db import models


class SchemaRow(models.Model):
    """A published schema."""

    schema_name = models.TextField(primary_key=True)
    utype = models.TextField(null=True)
    description = models.TextField(null=True)
    schema_index = models.IntegerField()

    class Meta:
        db_table = "tap_schemas"

    def __str__(self) -> str:
        return self.schema_name


class TableRow(models.Model):
    """A published table."""

    table_name = models.TextField(primary_key=True)
    schema_name = models.TextField()
    table_type = models.TextField()
    utype = models.TextField(null=True)
    description = models.TextField(null=True)
    table_index = models.IntegerField()

    class Meta:
        db_table = "tap_tables"

    def __str__(self) -> str:
        return self.table_name


class ColumnRow(models.Model):
    """A column of a published table."""

    table_name = models.TextField()
    column_name = models.TextField()
    datatype = models.TextField()
    arraysize = models.TextField(null=True)
    xtype = models.TextField(null=True)
    size = models.IntegerField(null=True)
    description = models.TextField(null=True)
    utype = models.TextField(null=True)
    unit = models.TextField(null=True)
    ucd = models.TextField(null=True)
    indexed = models.IntegerField()
    principal = models.IntegerField()
    std = models.IntegerField()
    column_index = models.IntegerField()

    class Meta:
        db_table = "tap_columns"
        constraints = [  # noqa: RUF012 - Django's declaration
            models.UniqueConstraint(fields=["table_name", "column_name"], name="tap_columns_name")
        ]

    def __str__(self) -> str:
        return f"{self.table_name}.{self.column_name}"


class KeyRow(models.Model):
    """A foreign key between published tables."""

    key_id = models.TextField(primary_key=True)
    from_table = models.TextField()
    target_table = models.TextField()
    description = models.TextField(null=True)
    utype = models.TextField(null=True)

    class Meta:
        db_table = "tap_keys"

    def __str__(self) -> str:
        return self.key_id


class KeyColumnRow(models.Model):
    """A pair of columns of a foreign key."""

    key_id = models.TextField()
    from_column = models.TextField()
    target_column = models.TextField()

    class Meta:
        db_table = "tap_key_columns"

    def __str__(self) -> str:
        return f"{self.key_id}: {self.from_column}"
