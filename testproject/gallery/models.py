import os

from django.db import models

from django_shift_media.fields import MediaField, validate_focal_point

DIRECT = bool(os.environ.get("GALLERY_DIRECT"))


class Photo(models.Model):
    title = models.CharField(max_length=100, blank=True)
    photo = MediaField(
        width_field="width",
        height_field="height",
        size_field="size",
        placeholder_field="placeholder",
        focal_point_field="focal_point",
        direct=DIRECT,
    )
    width = models.PositiveIntegerField(null=True, editable=False)
    height = models.PositiveIntegerField(null=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False)
    placeholder = models.CharField(max_length=44, blank=True, editable=False)
    focal_point = models.CharField(
        max_length=7,
        blank=True,
        validators=[validate_focal_point],
        help_text="Percentages from the left and from the top, such as “30,70”.",
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-uploaded_at", "-pk"]

    def __str__(self):
        return self.title or self.photo.name.rpartition("/")[2]


class Attachment(models.Model):
    """A file of any kind, to any photo; both of its fields may be empty."""

    photo = models.ForeignKey(Photo, models.CASCADE, null=True, blank=True)
    file = MediaField(
        kind="any",
        blank=True,
        max_bytes=None if DIRECT else 1_000_000,
        size_field="file_size",
        delete_orphans=True,
        direct=DIRECT,
    )
    file_size = models.PositiveBigIntegerField(null=True, editable=False)
    preview = MediaField(null=True, blank=True, focal_point_field="preview_focus")
    preview_focus = models.CharField(max_length=7, blank=True, validators=[validate_focal_point])

    def __str__(self):
        return self.file.name or "empty"
