from django.contrib import admin

from cinema.models import Clip
from django_shift_media.admin import thumbnail


@admin.register(Clip)
class ClipAdmin(admin.ModelAdmin):
    list_display = [thumbnail("clip", how="fill"), "__str__", "duration"]
    list_display_links = ["__str__"]
