from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="MediaReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("storage", models.CharField(blank=True, max_length=100, verbose_name="storage")),
                ("made_at", models.DateTimeField(db_index=True, verbose_name="date")),
                ("document", models.JSONField()),
            ],
            options={
                "verbose_name": "media report",
                "verbose_name_plural": "media reports",
                "ordering": ["-made_at", "-pk"],
            },
        ),
    ]
