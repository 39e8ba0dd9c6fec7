from django.apps import AppConfig


class ShiftMediaConfig(AppConfig):
    name = "django_shift_media"
    verbose_name = "Shift media"

    def ready(self) -> None:
        from django_shift_media import checks  # noqa: F401  (registers the checks)
