"""
The pages of the reports, which only show what ``media_report`` has saved.

Listing a large bucket takes minutes, which no request should.
"""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from django_shift_media.contrib.reports.models import MediaReport


@admin.register(MediaReport)
class MediaReportAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    """Reports can be viewed, and deleted, by those who have the permission to do so."""

    change_form_template = "admin/shift_media_reports/mediareport/report.html"
    date_hierarchy = "made_at"
    list_display = ["made_at", "storage", "objects", "size", "orphans", "missing"]
    list_filter = ["storage"]
    fields = ["storage", "made_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("files"))
    def objects(self, report: MediaReport) -> int:
        return int(report.document["total"]["count"])

    @admin.display(description=_("size"))
    def size(self, report: MediaReport) -> str:
        return filesizeformat(report.document["total"]["bytes"])

    @admin.display(description=_("orphans"))
    def orphans(self, report: MediaReport) -> int:
        return int(report.document["orphans"]["originals"]["count"])

    @admin.display(description=_("missing"))
    def missing(self, report: MediaReport) -> int:
        return sum(each["missing"] for each in report.document["fields"])
