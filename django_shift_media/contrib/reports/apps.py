from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "django_shift_media.contrib.reports"
    label = "shift_media_reports"
    verbose_name = _("Media")
    default_auto_field = "django.db.models.BigAutoField"
