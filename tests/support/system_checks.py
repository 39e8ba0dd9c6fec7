"""The system checks of the package."""

from typing import Any

from django.core.checks import run_checks


def found() -> dict[str, Any]:
    return {
        str(message.id): message
        for message in run_checks(databases=[])
        if str(message.id).startswith("shift_media.")
    }
