from django.contrib import admin

from django_shift_media.admin import thumbnail
from gallery.models import Attachment, Photo


class AttachmentInline(admin.StackedInline):
    model = Attachment
    extra = 1


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin):
    list_display = [thumbnail("photo", how="fill"), "__str__", "width", "height", "uploaded_at"]
    list_display_links = ["__str__"]
    inlines = [AttachmentInline]
