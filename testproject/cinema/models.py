"""Videos that users upload."""

from django.db import models

from django_shift_media.fields import MediaField


class Clip(models.Model):
    title = models.CharField(max_length=100, blank=True)
    clip = MediaField(
        kind="video",
        video_field="clip_state",
        width_field="width",
        height_field="height",
        duration_field="duration",
        size_field="size",
        poster_field="cover",
        delete_orphans=True,
    )
    clip_state = models.JSONField(default=dict, editable=False)
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    duration = models.FloatField(null=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False)
    cover = MediaField(blank=True, delete_orphans=True)
    captions = MediaField(kind="captions", blank=True, delete_orphans=True)

    def __str__(self):
        return self.title or self.clip.name.rpartition("/")[2]
