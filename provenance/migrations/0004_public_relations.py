"""Relations say themselves whether they are public; lineages share blocks; an outbox."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("provenance", "0003_public_belongings"),
    ]

    operations = [
        migrations.CreateModel(
            name="LineageSource",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "descendant",
                        "block",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "block",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lineage_heirs",
                        to="provenance.entity",
                    ),
                ),
                (
                    "descendant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lineage_sources",
                        to="provenance.entity",
                    ),
                ),
                ("distance", models.IntegerField()),
                ("public", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "provenance_lineage_source",
            },
        ),
        migrations.CreateModel(
            name="Outgoing",
            fields=[
                (
                    "activity",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="provenance.activity",
                    ),
                ),
                (
                    "entered",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("attempts", models.IntegerField(default=0)),
                (
                    "next_try",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), db_index=True
                    ),
                ),
                ("problem", models.TextField(null=True)),
            ],
            options={
                "verbose_name_plural": "outgoing",
                "db_table": "provenance_outgoing",
            },
        ),
        migrations.AddField(
            model_name="activity",
            name="private_comment",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="lineage",
            name="public",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="used",
            name="public",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="wasassociatedwith",
            name="public",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="wasattributedto",
            name="public",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="wasconfiguredby",
            name="public",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="wasgeneratedby",
            name="public",
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name="lineage",
            name="ancestor",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="descendants",
                to="provenance.entity",
            ),
        ),
        migrations.AlterField(
            model_name="lineage",
            name="descendant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="ancestors",
                to="provenance.entity",
            ),
        ),
        migrations.AddIndex(
            model_name="entity",
            index=models.Index(
                models.Func("invalidated_at_time", template="(%(expressions)s AT TIME ZONE 'UTC')"),
                condition=models.Q(("invalidated_at_time__isnull", False)),
                name="provenance_entity_invalidated",
            ),
        ),
        migrations.AddConstraint(
            model_name="lineagesource",
            constraint=models.CheckConstraint(
                condition=models.Q(("distance__gte", 0)), name="provenance_lineage_source_distance"
            ),
        ),
    ]
