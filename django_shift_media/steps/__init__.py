"""Steps for ``SHIFT_MEDIA_STEPS``."""

from django_shift_media.steps.overlay import Overlay

__all__ = ["Overlay"]
