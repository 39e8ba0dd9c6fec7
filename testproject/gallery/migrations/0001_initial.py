import django.db.models.deletion
import django_shift_media.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Photo',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(blank=True, max_length=100)),
                ('photo', django_shift_media.fields.MediaField(focal_point_field='focal_point', height_field='height', width_field='width')),
                ('width', models.PositiveIntegerField(editable=False, null=True)),
                ('height', models.PositiveIntegerField(editable=False, null=True)),
                ('focal_point', models.CharField(blank=True, help_text='Percentages from the left and from the top, such as “30,70”.', max_length=7, validators=[django_shift_media.fields.validate_focal_point])),
                ('uploaded_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-uploaded_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='Attachment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', django_shift_media.fields.MediaField(blank=True, kind='any', max_bytes=1000000)),
                ('preview', django_shift_media.fields.MediaField(blank=True, null=True)),
                ('photo', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='gallery.photo')),
            ],
        ),
    ]
