"""The form of a photo in the admin."""

from typing import Any


def form_data(**fields: Any) -> dict[str, Any]:
    return {
        "title": "",
        "focal_point": "",
        "attachment_set-TOTAL_FORMS": 0,
        "attachment_set-INITIAL_FORMS": 0,
        **fields,
    }
