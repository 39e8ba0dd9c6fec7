from django.contrib import admin

from gallery.models import Attachment, Photo


class AttachmentInline(admin.TabularInline):
    model = Attachment
    extra = 1


@admin.register(Photo)
class PhotoAdmin(admin.ModelAdmin):
    list_display = ["__str__", "width", "height", "uploaded_at"]
    inlines = [AttachmentInline]
