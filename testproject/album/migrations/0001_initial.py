from django.db import migrations, models

import django_shift_media.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Picture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("image", models.ImageField(blank=True, upload_to="pictures/%Y")),
                (
                    "photo",
                    django_shift_media.fields.MediaField(
                        blank=True, height_field="height", width_field="width"
                    ),
                ),
                ("width", models.PositiveIntegerField(editable=False, null=True)),
                ("height", models.PositiveIntegerField(editable=False, null=True)),
                ("document", models.FileField(blank=True, upload_to="documents")),
                ("file", django_shift_media.fields.MediaField(blank=True, kind="any", null=True)),
                ("changed_at", models.DateTimeField(auto_now=True)),
            ],
        ),
    ]
