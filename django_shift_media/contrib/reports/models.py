from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _


class MediaReport(models.Model):
    """
    What a storage had at a time.

    ``document`` is what ``media_report --json`` prints. ``storage`` is the alias in ``STORAGES``,
    and empty for local disk without one.
    """

    storage = models.CharField(_("storage"), max_length=100, blank=True)
    made_at = models.DateTimeField(_("date"), db_index=True)
    document = models.JSONField()

    class Meta:
        verbose_name = _("media report")
        verbose_name_plural = _("media reports")
        ordering = ["-made_at", "-pk"]

    def __str__(self) -> str:
        made_at = (
            timezone.localtime(self.made_at) if timezone.is_aware(self.made_at) else self.made_at
        )
        return " ".join(filter(None, [self.storage, date_format(made_at, "DATETIME_FORMAT")]))
