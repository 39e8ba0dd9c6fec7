"""Steps to use in ``SHIFT_MEDIA_STEPS``. Nothing else imports this package."""

from django_shift_media.steps.overlay import Overlay

__all__ = ["Overlay"]
