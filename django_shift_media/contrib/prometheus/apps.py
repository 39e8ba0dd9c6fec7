import os
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage, register


class PrometheusConfig(AppConfig):
    name = "django_shift_media.contrib.prometheus"
    label = "shift_media_prometheus"
    verbose_name = "Shift media: metrics"

    def ready(self) -> None:
        register(check_folder)
        if is_usable():
            from django_shift_media.contrib.prometheus import metrics

            metrics.connect()


def check_folder(**kwargs: Any) -> list[CheckMessage]:
    if is_usable():
        return []
    return [
        checks.Warning(
            f"PROMETHEUS_MULTIPROC_DIR is {_folder()!r}, which is not a directory that this process"
            " can write to, so resizes are not counted.",
            hint="Create the directory before the server starts, and empty it then.",
            id="shift_media.W112",
        )
    ]


def is_usable() -> bool:
    """Return whether prometheus_client can store values: for several processes, in files."""
    folder = _folder()
    return folder is None or (Path(folder).is_dir() and os.access(folder, os.W_OK))


def _folder() -> str | None:
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")
