from django.apps import AppConfig


class OpenTelemetryConfig(AppConfig):
    name = "django_shift_media.contrib.opentelemetry"
    label = "shift_media_opentelemetry"
    verbose_name = "Shift media: traces"

    def ready(self) -> None:
        from django_shift_media.contrib.opentelemetry import spans

        spans.connect()
