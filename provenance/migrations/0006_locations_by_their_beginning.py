"""The index on locations also finds paths by their beginning, whatever the collation."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provenance", "0005_views_of_marked_rows")]

    operations = [
        migrations.RemoveIndex(model_name="entity", name="provenance_entity_location"),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                fields=["location"],
                name="provenance_entity_location",
                opclasses=["text_pattern_ops"],
            ),
        ),
    ]
