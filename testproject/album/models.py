"""An app on its way from Django's own fields to media fields: it has both."""

from django.db import models

from django_shift_media.fields import MediaField


class Picture(models.Model):
    image = models.ImageField(upload_to="pictures/%Y", blank=True)
    photo = MediaField(blank=True, width_field="width", height_field="height")
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    document = models.FileField(upload_to="documents", blank=True)
    file = MediaField(kind="any", null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.image.name or self.photo.name or "empty"
